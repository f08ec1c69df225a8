"""What data may reach: the files, hosts, environment variables and functions that a card, task or table may name.

What the user names on the command line is the user's word and is not asked about here. What *data* names is: the files
of a card's loader, an ``include`` of a task, a URL in a row, the variable that holds a token. Whoever is about to reach
for such a thing asks the :class:`Access` it was given; there is no global one.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from regrade.errors import UnavailableError

TOKENS: Final = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
"""Variables that data may name unasked: what they hold is meant for the hub, and is sent nowhere else."""

_WEB: Final = ("http", "https")


class AccessDenied(UnavailableError):
    """Data names what it may not reach; the hint names the option that would allow it."""

    code = "access-denied"
    mend = "Allow it by the option that the hint names, if you trust the data that asks for it."


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What data may reach. The default is nothing at all; :meth:`of_user` is what a command line allows.

    Attributes:
        folders: Data may name files below these folders; links are followed before that is decided.
        working_folder: So it may below this one, but not by a name that leads out of the folder it starts from.
        hosts: Data may name these hosts (``HOST`` or ``HOST:PORT``; ``s3://BUCKET`` for a store), public or not.
        public_hosts: Data may name any host of the public internet.
        variables: Environment variables that data may name.
        trust_code: Python files that belong to no installed package may run.
    """

    folders: tuple[Path, ...] = ()
    working_folder: Path | None = None
    hosts: frozenset[str] = frozenset()
    public_hosts: bool = False
    variables: frozenset[str] = frozenset()
    trust_code: bool = False

    @classmethod
    def of_user(
        cls,
        *folders: str | Path | None,
        env: Iterable[str] = (),
        hosts: Iterable[str] = (),
        trust_code: bool = False,
    ) -> Access:
        """What is allowed on a command line: the working folder, public hosts and the hub's token; and what is added.

        Args:
            folders: More folders: that of the card's file, that of ``--data``, those of ``--allow-path``.
            env: More environment variables.
            hosts: More hosts.
            trust_code: Whether loose Python files may run.
        """
        usual = cls(
            working_folder=Path.cwd().resolve(),
            hosts=frozenset(host.lower() for host in hosts),
            public_hosts=True,
            variables=frozenset((*TOKENS, *env)),
            trust_code=trust_code,
        )
        return usual.below(*folders)

    def below(self, *folders: str | Path | None) -> Access:
        """The same, and files below more folders. None stands for no folder; of a file, it is that file alone."""
        more: dict[Path, None] = dict.fromkeys(self.folders)
        for given in folders:
            if given is None:
                continue
            folder = Path(given).expanduser().resolve()
            more[folder] = None
            if folder.parent.name == "snapshots":  # the hub's cache: its files are links to blobs beside the snapshots
                more[folder.parent.parent / "blobs"] = None
        return msgspec.structs.replace(self, folders=tuple(more))

    def allows(self, path: Path, start: Path | None = None) -> bool:
        """Whether data may name a file or folder, wherever links lead.

        Args:
            path: The file or folder.
            start: The folder that a relative name starts from; None for a name that stands by itself.
        """
        try:
            real = path.resolve()
            starts_here = start is None or start.resolve() == self.working_folder
        except (OSError, RuntimeError, ValueError):  # a circle of links, or no name that a file can have
            return False
        if any(real.is_relative_to(folder) for folder in self.folders):
            return True
        return starts_here and self.working_folder is not None and real.is_relative_to(self.working_folder)

    def path(self, path: Path, start: Path | None = None) -> Path:
        """A file or folder that data names; see :meth:`allows`.

        Raises:
            AccessDenied: it lies outside of all folders that data may name.
        """
        if self.allows(path, start):
            return path
        shown = os.path.normpath(path)
        climbs = start is not None and self.allows(path)
        raise AccessDenied(
            "data may not name a file by a path that leads out of its own folder"
            if climbs
            else "data may not name a file outside of its own folder, --data and the working folder",
            where=shown,
            hint=f"if it is meant: --allow-path {Path(shown).parent} (in Python allow_paths=[...])",
        )

    def url(self, url: str) -> str:
        """A URL that data names.

        Raises:
            AccessDenied: its host may not be reached, or its scheme is none that data may name.
        """
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError as error:
            raise AccessDenied(f"is no URL: {error}", where=url) from None
        scheme = parts.scheme.lower()
        if scheme not in _WEB:
            name = f"{scheme}://{host}"
            if "::" in url or name not in self.hosts:
                raise AccessDenied(
                    f"data may not name {scheme}:// URLs, which are read with your own credentials",
                    where=url,
                    hint=f"if it is meant: --allow-host {name}",
                )
            return url
        if host in self.hosts or f"{host}:{port}" in self.hosts:
            return url
        if not self.public_hosts or not _may_be_public(host):
            raise _denied_host(host, url)
        return url

    def address(self, host: str, address: str) -> None:
        """Check the address that a host's name turned out to stand for, before it is connected to.

        Raises:
            AccessDenied: it is a private one, and the host is not allowed by name.
        """
        if not (host.lower() in self.hosts or any(one.rpartition(":")[0] == host.lower() for one in self.hosts)) and (
            not self.public_hosts or not _is_public(address)
        ):
            raise _denied_host(host, f"{host} ({address})")

    def env(self, name: str) -> str | None:
        """The value of an environment variable that data names; None where it is not set.

        Raises:
            AccessDenied: data may not name it.
        """
        if name not in self.variables:
            raise AccessDenied(
                f"data may not name the environment variable {name}",
                where=name,
                hint=f"if it is meant: --allow-env {name} (in Python allow_env=[{name!r}])",
            )
        return os.environ.get(name)

    def function(self, file: Path, *, packaged: bool, name: str = "") -> Path:
        """A Python file of which data names a function.

        Args:
            file: The file.
            packaged: Whether it belongs to an installed package.
            name: The function's name, for the message.

        Raises:
            AccessDenied: it is a loose file, and loose files are not trusted.
        """
        if packaged or self.trust_code:
            return file
        raise AccessDenied(
            f"function {name!r} is in a loose file, which does not run unasked",
            where=str(file),
            hint="read the file, then pass --trust-code",
        )


def _denied_host(host: str, where: str) -> AccessDenied:
    return AccessDenied(
        f"data may not name the host {host or '(none)'}: it is not one of the public internet",
        where=where,
        hint=f"if it is meant: --allow-host {host} (in Python allow_hosts=[{host!r}])",
    )


def _may_be_public(host: str) -> bool:
    """Whether a host's name may stand for a public address; what it stands for is checked when it is connected to."""
    bare = host.rstrip(".")
    if not bare or bare == "localhost" or bare.endswith((".localhost", ".local", ".internal")):
        return False
    try:
        return ipaddress.ip_address(bare).is_global
    except ValueError:
        # Old forms of addresses (2130706433, 0x7f.1, 127.1) are resolved by the system: no public name looks like them.
        last = bare.rpartition(".")[2]
        return "." in bare and not (last.isdecimal() or last.startswith("0x"))


def _is_public(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_global)
