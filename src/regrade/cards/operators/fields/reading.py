"""Operators that read what rows refer to: files, web pages, articles of Wikipedia."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import unquote, urlencode

from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import FieldOperator
from regrade.artifacts.reaching import Reaching
from regrade.files.downloads import fetch_url

_WIKIPEDIA: Final = "https://en.wikipedia.org/w/api.php"


@artifact("read_file")
class ReadFile(Reaching, FieldOperator, kw_only=True):
    """Reads the text of the file that a field names: a path, or a URL, which is fetched once and kept.

    Which files and hosts rows may name is what the card was given access to.

    Args:
        encoding: The file's encoding. In what comes from the web, bytes that do not fit it are replaced.

    >>> ReadFile(field="path", to_field="text").encoding
    'utf-8'
    """

    encoding: str = "utf-8"

    def process_value(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} names no file")
        if value.startswith(("http://", "https://")):
            return fetch_url(value, self.access).read_text(encoding=self.encoding, errors="replace")
        try:
            return self.access.path(Path(value)).read_text(encoding=self.encoding)
        except OSError as error:
            raise ValueError(f"{value} cannot be read: {error.strerror}") from None


@artifact("wikipedia_fetcher")
class WikipediaFetcher(Reaching, FieldOperator, kw_only=True):
    """Fetches the article of the English Wikipedia that a field names, as ``{"title": ..., "body": ...}``.

    It comes from Wikipedia's own interface (``action=query&prop=extracts``), as plain text, is fetched once and kept.

    Args:
        mode: ``text`` for the whole article, ``summary`` for what stands before its first heading.

    >>> WikipediaFetcher(field="title", mode="summary").url("https://en.wikipedia.org/wiki/Ada_Lovelace").split("&")[-2:]
    ['exintro=1', 'titles=Ada_Lovelace']
    """

    mode: Literal["summary", "text"] = "text"

    def url(self, value: str) -> str:
        """Where the article comes from; ``value`` is its title, or its address."""
        asked = {"action": "query", "format": "json", "redirects": "1", "prop": "extracts", "explaintext": "1"}
        if self.mode == "summary":
            asked["exintro"] = "1"
        return f"{_WIKIPEDIA}?{urlencode({**asked, 'titles': unquote(value.rsplit('/', 1)[-1])})}"

    def process_value(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} names no article")
        answer = json.loads(fetch_url(self.url(value), self.access).read_bytes())
        page = next(iter(answer["query"]["pages"].values()))
        if "extract" not in page:
            raise ValueError(f"Wikipedia has no article {page.get('title', value)!r}")
        return {"title": page["title"], "body": page["extract"]}
