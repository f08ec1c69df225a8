"""The step ``strip_html`` of cards: the text of an HTML field."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from regrade.plugins import FieldOperator, artifact


@artifact("strip_html")
class StripHtml(FieldOperator):
    """The text of a value that is HTML: without tags, scripts and styles, entities written out.

    Args:
        between: What stands for a tag.
    """

    between: str = " "

    def process_value(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError(f"expected HTML as text, found {type(value).__name__}")
        parser = _Text()
        parser.feed(value)
        parser.close()
        return self.between.join(" ".join(part.split()) for part in parser.parts if part.strip())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style") and self.hidden > 0

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(data)
