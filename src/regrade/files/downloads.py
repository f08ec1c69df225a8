"""Files of web servers, fetched once and kept: the next time they are there, offline too."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import shutil
import socket
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from regrade.access import Access
from regrade.errors import InputError

_TIMEOUT_S = 60


def cache_folder() -> Path:
    """Where fetched files are kept: ``REGRADE_CACHE``, else the user's cache folder."""
    if chosen := os.environ.get("REGRADE_CACHE"):
        return Path(chosen) / "files"
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("regrade", appauthor=False)) / "files"


def fetch_url(url: str, access: Access) -> Path:
    """The copy of a web server's file on this machine; it is fetched if it is not there yet.

    The copy's name is a hash of the URL and the file's own name. It is never fetched again: a URL that names a commit
    has one content, and an evaluation should not change under its user. Delete the copy to have it fetched anew.

    Args:
        url: The file, as data names it.
        access: Asked about the host, about each host that the server sends us on to, and about their addresses.

    Raises:
        AccessDenied: data may not name that host.
        InputError: the server cannot be reached, or has no such file.
    """
    access.url(url)
    name = re.sub(r"[^\w.-]", "_", PurePosixPath(unquote(urlsplit(url).path)).name) or "file"
    target = cache_folder() / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}-{name[-100:]}"
    if target.is_file():
        return target

    from regrade.atomic import replacing

    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            opener(access).open(url, timeout=_TIMEOUT_S) as answer,
            replacing(target) as temporary,
            temporary.open("wb") as file,
        ):
            shutil.copyfileobj(answer, file)
    except urllib.error.HTTPError as error:
        what = "no such file" if error.code in (404, 410) else f"the server answers {error.code} {error.reason}"
        raise InputError(what, where=url) from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        reason = str(getattr(error, "reason", error)).splitlines()[:1] or [type(error).__name__]
        raise InputError(
            f"the server cannot be reached ({reason[0]}), and the file was not fetched before",
            where=url,
            hint=f"fetch it elsewhere and name its folder by --data, or put it at {target}",
        ) from None
    return target


def opener(access: Access) -> urllib.request.OpenerDirector:
    """What opens URLs that data names: it asks about each host it is sent on to, and about the address of each.

    Behind a proxy (the user's, from the environment) names are looked up by the proxy, so only they are checked.
    """
    return urllib.request.build_opener(_Redirects(access), _HTTP(access), _HTTPS(access))


class _Redirects(urllib.request.HTTPRedirectHandler):
    def __init__(self, access: Access) -> None:
        self.access = access

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        self.access.url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _HTTP(urllib.request.HTTPHandler):
    def __init__(self, access: Access) -> None:
        super().__init__()
        self.access = access

    def http_open(self, req: Any) -> Any:
        return self.do_open(partial(_connection, http.client.HTTPConnection, self.access, req), req)


class _HTTPS(urllib.request.HTTPSHandler):
    def __init__(self, access: Access) -> None:
        super().__init__()
        self.access = access

    def https_open(self, req: Any) -> Any:
        make = partial(_connection, http.client.HTTPSConnection, self.access, req)
        return self.do_open(make, req, context=getattr(self, "_context", None))


def _connection(kind: Any, access: Access, request: Any, host: str, **options: Any) -> Any:
    connection = kind(host, **options)
    if not request.has_proxy() and not getattr(request, "_tunnel_host", None):
        connection._create_connection = partial(_connected, access)
    return connection


def _connected(access: Access, address: tuple[str, int], timeout: Any = None, source: Any = None) -> socket.socket:
    """A socket to a host, at an address that was checked: who answers twice for a name cannot give another one."""
    host, port = address
    first: OSError | None = None
    for *_, found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        place = str(found[0])
        access.address(host, place)
        try:
            return socket.create_connection((place, port), timeout, source)
        except OSError as error:
            first = first or error
    raise first or OSError("its name stands for no address")
