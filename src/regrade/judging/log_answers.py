"""Answers in logs of other tools (lm-eval, Inspect, AlpacaEval, ...), found as ``score`` finds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from regrade.errors import InputError
from regrade.files.columns import guess_question
from regrade.files.guard import malformed_row
from regrade.judging.conversation import Conversation
from regrade.rows.discover import detect, discover
from regrade.rows.guard import read_records
from regrade.schema import Malformed, Record

_TABLES = ("table", "mt-bench")


def holds_logs(path: Path) -> bool:
    """Whether a folder or file is read as a tool's log, and not as a table of answers or FastChat's."""
    if path.is_dir():
        return True
    match = detect(path)
    return match is not None and match.reader not in _TABLES


def conversations_of_logs(
    path: Path, *, system: str | None = None, asked_elsewhere: bool = False
) -> Iterator[Conversation | Malformed]:
    """The questions and answers of every log at a path; with several tasks, an item is ``TASK/ID``.

    A row that cannot be read, or holds no question or no answer in words, comes as Malformed.

    A sample's repeats are answers of their own. Several filters of the harness are one answer.

    Args:
        path: A log, or a folder of logs.
        system: Who answered, instead of what the log says.
        asked_elsewhere: Whether it is said where the question stands, so that none need be found here.

    Raises:
        InputError: there is no log.
    """
    sources = discover([path], {})
    tasks = {source.task for source in sources}
    seen: set[tuple[str, str]] = set()
    for source in sources:
        name = system or source.run.model or source.run.name
        for chunk in source.chunks:
            for record in read_records(source, chunk):
                if isinstance(record, Malformed):
                    yield record
                    continue
                item = str(record.sample_id) if len(tasks) == 1 else f"{source.task}/{record.sample_id}"
                if record.filter is not None and (name, item) in seen:
                    continue
                seen.add((name, item))
                if source.reader == "alpaca-eval":
                    record.target = None  # the baseline's output, which is not a correct answer
                try:
                    found = list(_conversations(record, item, name, source.task, asked_elsewhere))
                except Exception as error:  # parts of a row are decoded when they are asked for
                    yield malformed_row(source.path, record.line, error)
                    continue
                yield from found


def _conversations(record: Record, item: str, system: str, task: str, asked_elsewhere: bool) -> Iterator[Conversation]:
    if len(record.answers) != 1 or not all(isinstance(answer, str) for answer in record.answers[0]):
        raise InputError("holds no answer in words: it may be likelihoods of choices")
    question = _question(record)
    if not question and not asked_elsewhere:
        raise InputError("holds no question: say where it stands: --field 'question={{doc.NAME}}'")
    doc = record.doc if isinstance(record.doc, dict) else {"doc": record.doc}
    target = record.target[0] if isinstance(record.target, list) and record.target else record.target
    for repeat, answer in enumerate(record.answers[0]):
        yield Conversation(
            item=item,
            system=system,
            questions=[question],
            answers=[answer],
            references=[] if target in (None, "", []) else [str(target)],
            repeat=repeat,
            category=task,
            doc=doc,
        )


def _question(record: Record) -> str:
    """The document's own question, else the prompt: of a conversation what the user said last."""
    doc = record.doc
    if isinstance(doc, dict) and (name := guess_question(list(doc))) is not None and isinstance(doc[name], str):
        return str(doc[name])
    prompts = record.arguments
    prompt: Any = prompts[0][0] if prompts and prompts[0] else None
    if isinstance(prompt, list):
        said = [one.get("content") for one in prompt if isinstance(one, dict) and one.get("role") == "user"]
        prompt = said[-1] if said else None
    return prompt if isinstance(prompt, str) else ""
