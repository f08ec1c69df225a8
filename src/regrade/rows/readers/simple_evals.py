"""Reader of simple-evals' results."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

from regrade.files import reading as files
from regrade.registry import register
from regrade.rows.readers.scored_log import About, Entry, ScoredLog, last_words, numbers_of, read_object, stem
from regrade.schema import Malformed

_START: Final = "<h3>Prompt conversation</h3>"
_FIELD: Final = re.compile(r"<p>(Correct Answer|Extracted Answer|Score):(.*?)</p>", re.DOTALL)
_TEXT: Final = re.compile(r"<pre>(.*?)</pre>", re.DOTALL)


@register("reader", "simple-evals")
class SimpleEvalsReader(ScoredLog):
    """simple-evals' ``EVAL_MODEL_allresults.json`` and its HTML reports: what stands in them of each sample.

    The recorded value is ``score``. Both hold a page per sample, from which score, reference (``Correct Answer``) and
    ``doc.extracted`` are read; answer and question are the conversation's. The plain ``EVAL_MODEL.json`` holds averages
    only.
    """

    title: ClassVar[str] = "simple-evals results"
    marks: ClassVar[tuple[tuple[bytes, ...], ...]] = ((b'"metrics"', b'"htmls"'), (b"<h3>Prompt conversation</h3>",))
    registered: ClassVar[str] = "simple-evals"

    def matches(self, path: Path, head: bytes) -> str | None:
        start = head.lstrip()
        if start[:1] == b"{" and b'"metrics"' in head and re.search(rb'"htmls"\s*:\s*\[', head):
            return "an object with score, metrics and htmls"
        if start[:1] == b"<" and _START.encode() in head:
            return "a report in HTML with a conversation per sample"
        return None

    def rows(self, path: Path) -> Iterator[tuple[int, Any] | Malformed]:
        if _is_page(path):
            pages = files.read_all(path).decode("utf-8", "replace").split(_START)[1:]
            conversations: list[Any] = []
        else:
            content = read_object(path)
            pages, conversations = content["htmls"], content.get("convos") or []
        for number, page in enumerate(pages, 1):
            if _FIELD.search(str(page)):
                talk = conversations[number - 1] if number <= len(conversations) else None
                yield number, (number, page, talk)
            else:
                yield Malformed(str(path), number, "the page of the sample names no score")

    def about(self, path: Path) -> About:
        name = stem(path).removesuffix("_allresults")
        task, _, model = name.partition("_")
        if _is_page(path):
            return About(task, model=model or None)
        content = read_object(path)
        return About(task, model=model or None, recorded=numbers_of({"score": content.get("score")}))

    def entry(self, row: Any) -> Entry | None:
        number, page, talk = row
        found = {name: html.unescape(text).strip() for name, text in _FIELD.findall(page)}
        texts = [html.unescape(text) for text in _TEXT.findall(page)]
        return Entry(
            number,
            {"score": found.get("Score")},
            {"extracted": found.get("Extracted Answer")},
            [last_words(talk) if talk else texts[-1] if texts else ""],
            target=found.get("Correct Answer"),
            prompt=[one for one in talk if one.get("role") != "assistant"] if talk else "\n".join(texts[:-1]),
        )


def _is_page(path: Path) -> bool:
    return files.read_head(path, 64).lstrip()[:1] == b"<"
