"""Data sets of the Hugging Face hub, and files of web servers, as files to read.

``hf://datasets/ORG/NAME[@REVISION][/CONFIG][:SPLIT]`` names a data set. Its files come through ``huggingface_hub`` and
stay in that package's cache, so the next time they are there, offline too. Which files a configuration and a split have
is read in the data set's card; where that says nothing, the names of the files do, as on the hub itself.
"""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from regrade import extras
from regrade.access import Access
from regrade.errors import InputError, UsageError

_PREFIX: Final = "hf://datasets/"
_SPEC: Final = re.compile(
    r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>refs/[^/:]+/[^/:]+|[^/:]+))?(?:/(?P<config>[^:@]+))?(?::(?P<split>[\w.-]+))?"
)
_DATA: Final = re.compile(r"\.(jsonl?|ndjson|csv|tsv|parquet|arrow)(\.(gz|zst|bz2|xz))?$", re.IGNORECASE)
_NO_DATA: Final = frozenset(("dataset_infos.json", "dataset_dict.json", "dataset_info.json", "state.json"))
_SPLITS: Final = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_NOUNS: Final = {"dataset": "the data set", "space": "the space"}
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_BLOCK: Final = 1024 * 1024
_TIMEOUT_S: Final = 60


class DatasetName(NamedTuple):
    """What ``hf://datasets/...`` says.

    Attributes:
        repo: ``ORG/NAME``.
        revision: A branch, tag or commit; None for the newest.
        config: The configuration.
        split: The split.
    """

    repo: str
    revision: str | None
    config: str | None
    split: str | None


def parse_name(text: str) -> DatasetName:
    """Read ``hf://datasets/ORG/NAME[@REVISION][/CONFIG][:SPLIT]``.

    Raises:
        UsageError: it is none.
    """
    found = _SPEC.fullmatch(text.removeprefix(_PREFIX).rstrip("/"))
    if not text.startswith(_PREFIX) or found is None:
        raise UsageError("names no data set", where=text, hint="for example: hf://datasets/org/name@main/config:train")
    return DatasetName(found["repo"], found["revision"], found["config"], found["split"])


def dataset_files(text: str) -> list[tuple[str, str]]:
    """The files of a data set on this machine, each with what to call it; they are fetched where they are missing.

    Raises:
        InputError: there is no such data set, configuration or split, or neither the hub nor the cache has it.
        UnavailableError: ``huggingface_hub`` is not installed.
    """
    name = parse_name(text)
    with explain_errors(text):
        repo = Repository(name.repo, name.revision)
        splits = splits_of(repo, name.config, text)
        chosen = splits[_wanted_split(name.split, splits, text)]
        return [(repo.fetch(file), f"{_PREFIX}{name.repo}/{file}") for file in chosen]


class Files(Protocol):
    """Named files, in a repository of the hub or in a folder.

    Attributes:
        files: Their names, with slashes, in order.
    """

    files: list[str]

    def fetch(self, file: str) -> str:
        """The path of a file on this machine."""
        ...


class Folder:
    """The files below a folder of this machine.

    Args:
        path: The folder.
        access: Asked about each file that is fetched: a link may lead out of the folder.
    """

    def __init__(self, path: Path, access: Access) -> None:
        self.path = path
        self.access = access
        self.files = sorted(
            found.relative_to(path).as_posix()
            for found in path.rglob("*")
            if found.is_file() and not any(part.startswith(".") for part in found.relative_to(path).parts)
        )

    def fetch(self, file: str) -> str:
        return str(self.access.path(self.path / file, self.path))


class Repository:
    """A repository's files, on the hub, or in the cache where the hub cannot be reached.

    Args:
        repo: ``ORG/NAME``.
        revision: A branch, tag or commit; None for the newest.
        kind: ``dataset`` or ``space``.
        token: For private ones: a token, True for the one that was signed in with, False for none; None as the hub's
            package decides.

    Attributes:
        commit: The commit that the revision stands for, as far as known.

    Raises:
        InputError: neither the hub nor the cache has it.
        UnavailableError: ``huggingface_hub`` is not installed.
    """

    def __init__(
        self,
        repo: str,
        revision: str | None = None,
        *,
        kind: Literal["dataset", "space"] = "dataset",
        token: str | bool | None = None,
    ) -> None:
        self._package = _package(kind, repo)
        self.where: dict[str, Any] = {"repo_id": repo, "repo_type": kind, "revision": revision, "token": token}
        self.cache = {"cache_dir": os.environ.get("HF_HUB_CACHE")} if os.environ.get("HF_HUB_CACHE") else {}
        self.endpoint = os.environ.get("HF_ENDPOINT")
        self.folder: Path | None = None
        self.commit: str | None = None
        try:
            if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
                raise ConnectionError("HF_HUB_OFFLINE is set")
            api = self._package.HfApi(endpoint=self.endpoint)
            info = api.repo_info(**self.where)
            self.commit = info.sha or revision
            self.files = sorted(api.list_repo_files(**{**self.where, "revision": self.commit}))
        except Exception as error:
            if not _is_unreachable(error):
                raise
            try:
                self.folder = Path(self._package.snapshot_download(**self.where, **self.cache, local_files_only=True))
            except Exception:
                raise InputError(
                    f"the hub cannot be reached ({_first_line(error)}), and the cache does not have {_NOUNS[kind]}",
                    where=f"hf://{kind}s/{repo}",
                    hint=f"fetch it where there is a network: hf download --repo-type {kind} {repo}",
                ) from None
            self.commit = self.folder.name if _COMMIT.fullmatch(self.folder.name) else revision
            self.files = sorted(
                path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file()
            )

    def fetch(self, file: str) -> str:
        """The path of a file on this machine."""
        if self.folder is not None:
            return str(self.folder / file)
        path = self._package.hf_hub_download(**self.where, **self.cache, filename=file, endpoint=self.endpoint)
        # The first by the name that was given, which the cache remembers; the rest of the same state, come what may.
        self.where["revision"] = self.commit
        return str(path)


def splits_of(repo: Files, config: str | None, where: str) -> dict[str, list[str]]:
    """The files of a data set by split: as its card says, else as the names of the files do.

    Args:
        repo: Its files.
        config: The configuration; None for the one that is the default.
        where: What to call it in messages.

    Raises:
        InputError: there is no such configuration, or no file of rows.
    """
    names = [file for file in repo.files if _DATA.search(file) and PurePosixPath(file).name not in _NO_DATA]
    return _splits(config, names, _card(repo), where)


def _card(repo: Files) -> dict[str, Any]:
    """The YAML at the beginning of a data set's README."""
    if "README.md" not in repo.files:
        return {}
    import yaml

    text = Path(repo.fetch("README.md")).read_text("utf-8", "replace")
    found = re.match(r"---\s*\n(.*?)\n---\s*(\n|$)", text, re.DOTALL)
    try:
        card = yaml.safe_load(found[1]) if found else {}
    except yaml.YAMLError:
        card = {}
    return card if isinstance(card, dict) else {}


def _splits(config: str | None, files: Sequence[str], card: dict[str, Any], where: str) -> dict[str, list[str]]:
    configs = [one for one in card.get("configs") or [] if isinstance(one, dict) and one.get("data_files")]
    if configs:
        return splits_of_patterns(_config(config, configs, where), files)
    below = [file for file in files if config is None or file.startswith(f"{config}/")]
    if not below:
        folders = sorted({file.partition("/")[0] for file in files if "/" in file})
        raise InputError(
            f"no configuration {config!r}" if config else "the data set has no file of rows",
            where=where,
            hint=f"folders: {', '.join(folders)}" if folders else None,
        )
    return _splits_by_name(below, config)


def _wanted_split(split: str | None, splits: dict[str, list[str]], where: str) -> str:
    wanted = split or ("train" if "train" in splits else next(iter(splits)) if len(splits) == 1 else None)
    if wanted is None or not splits.get(wanted):
        raise InputError(
            f"no split {wanted!r}" if wanted else "it has several splits",
            where=where,
            hint=f"name one of {', '.join(splits)}: {where.rpartition(':')[0] if split else where}:SPLIT",
        )
    return wanted


def _config(config: str | None, configs: list[dict[str, Any]], where: str) -> dict[str, Any]:
    names = [str(one.get("config_name")) for one in configs]
    if config is not None:
        found = next((one for one in configs if one.get("config_name") == config), None)
        if found is None:
            raise InputError(f"no configuration {config!r}", where=where, hint=f"one of {', '.join(names)}")
        return found
    default = next((one for one in configs if one.get("default") or one.get("config_name") == "default"), None)
    if default is None and len(configs) > 1:
        raise InputError("it has several configurations", where=where, hint=f"name one: /{' or /'.join(names)}")
    return default or configs[0]


def splits_of_patterns(config: dict[str, Any], files: Sequence[str]) -> dict[str, list[str]]:
    """The files that a configuration's ``data_files`` (names or globs, below its ``data_dir``) mean, by split."""
    given = config["data_files"]
    entries = given if isinstance(given, list) else [given]
    splits: dict[str, list[str]] = {}
    folder = str(config.get("data_dir") or "")
    for entry in entries:
        split, paths = (entry.get("split", "train"), entry.get("path")) if isinstance(entry, dict) else ("train", entry)
        for pattern in paths if isinstance(paths, list) else [paths]:
            full = str(PurePosixPath(folder, str(pattern)))
            matching = [file for file in files if _matches(file, full)]
            known = splits.setdefault(str(split), [])
            known += [file for file in matching if file not in known]
    return splits


def _matches(file: str, pattern: str) -> bool:
    if not any(mark in pattern for mark in "*?["):
        return file == pattern
    parts = pattern.split("**/")
    return fnmatchcase(file, pattern) or (len(parts) > 1 and fnmatchcase(file, "".join(parts)))


def _splits_by_name(files: Sequence[str], config: str | None) -> dict[str, list[str]]:
    splits: dict[str, list[str]] = {}
    for file in files:
        words = re.split(r"[^A-Za-z]+", file.removeprefix(f"{config}/").lower())
        split = next((name for name, known in _SPLITS.items() if any(word in known for word in words)), "train")
        splits.setdefault(split, []).append(file)
    return splits


def _package(kind: str, where: str, module: str = "huggingface_hub") -> Any:
    what = f"{_NOUNS[kind].removeprefix('the ')} of the hub"
    return extras.require(module, to=f"a {what}", where=where, hint="name a folder with its files by --data")


def _is_unreachable(error: BaseException) -> bool:
    """Whether an error says that there is no way to the hub."""
    names = {cls.__name__ for cls in type(error).__mro__}
    wanted = {"ConnectionError", "OfflineModeIsEnabled", "Timeout", "TimeoutException", "TransportError", "URLError"}
    return bool(names & wanted)


@contextmanager
def explain_errors(where: str, kind: Literal["dataset", "space"] = "dataset") -> Iterator[None]:
    """What the hub says against it, as errors for people."""
    noun = _NOUNS[kind]
    errors = _package(kind, where, "huggingface_hub.errors")
    try:
        yield
    except errors.GatedRepoError:
        raise InputError(
            f"{noun} is given to those who have agreed to its terms",
            where=where,
            hint="agree on its page, then sign in: hf auth login",
        ) from None
    except errors.RepositoryNotFoundError:
        raise InputError(
            f"there is no such {noun.removeprefix('the ')}, or it is private",
            where=where,
            hint="sign in for private ones: hf auth login",
        ) from None
    except errors.RevisionNotFoundError:
        raise InputError(f"{noun} has no such revision", where=where) from None
    except errors.EntryNotFoundError as error:
        raise InputError(f"{noun} has no such file: {_first_line(error)}", where=where) from None
    except errors.HfHubHTTPError as error:
        raise InputError(f"the hub answers: {_first_line(error)}", where=where) from None


def reachable(url: str, folder: Path) -> str:
    """Where a web server's file can be read: its URL if the server gives parts of files, else a copy in ``folder``.

    Raises:
        InputError: the server cannot be reached or has no such file.
    """
    request = urllib.request.Request(url, headers={"Range": "bytes=0-0"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            parts = answer.status == 206
            if parts and all(map(extras.is_installed, ("upath", "aiohttp"))):
                return url
            if not parts:
                return _copied(answer, url, folder)
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:
            return _copied(answer, url, folder)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # an empty file has no first byte
            (target := _target(url, folder)).write_bytes(b"")
            return str(target)
        what = "no such file" if error.code in (404, 410) else f"the server answers {error.code} {error.reason}"
        raise InputError(what, where=url) from None
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise InputError(f"the server cannot be reached: {_first_line(reason)}", where=url) from None


def _copied(answer: Any, url: str, folder: Path) -> str:
    target = _target(url, folder)
    with target.open("wb") as file:
        while data := answer.read(_BLOCK):
            file.write(data)
    return str(target)


def _target(url: str, folder: Path) -> Path:
    name = re.sub(r"[^\w.-]", "_", PurePosixPath(unquote(urlsplit(url).path)).name) or "file"
    return folder / f"{len(list(folder.iterdir()))}-{name}"


def _first_line(error: object) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
