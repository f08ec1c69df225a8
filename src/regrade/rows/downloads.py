"""Files of web servers, fetched once and kept: the next time they are there, offline too."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from regrade.errors import InputError

_TIMEOUT_S = 60


def cache_folder() -> Path:
    """Where fetched files are kept: ``REGRADE_CACHE``, else the user's cache folder."""
    if chosen := os.environ.get("REGRADE_CACHE"):
        return Path(chosen) / "files"
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("regrade", appauthor=False)) / "files"


def fetched(url: str) -> Path:
    """The copy of a web server's file on this machine; it is fetched if it is not there yet.

    The copy's name is a hash of the URL and the file's own name. It is never fetched again: a URL that names a commit
    has one content, and an evaluation should not change under its user. Delete the copy to have it fetched anew.

    Raises:
        InputError: the server cannot be reached, or has no such file.
    """
    name = re.sub(r"[^\w.-]", "_", PurePosixPath(unquote(urlsplit(url).path)).name) or "file"
    target = cache_folder() / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}-{name[-100:]}"
    if target.is_file():
        return target
    import urllib.error
    import urllib.request

    from regrade.atomic import replacing

    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer,
            replacing(target) as temporary,
            temporary.open("wb") as file,
        ):
            shutil.copyfileobj(answer, file)
    except urllib.error.HTTPError as error:
        what = "no such file" if error.code in (404, 410) else f"the server answers {error.code} {error.reason}"
        raise InputError(what, where=url) from None
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = str(getattr(error, "reason", error)).splitlines()[:1] or [type(error).__name__]
        raise InputError(
            f"the server cannot be reached ({reason[0]}), and the file was not fetched before",
            where=url,
            hint=f"fetch it elsewhere and name its folder by --data, or put it at {target}",
        ) from None
    return target
