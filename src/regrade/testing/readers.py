"""``check_reader``: the contract of readers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from regrade.errors import InputError
from regrade.files import reading as files
from regrade.rows.discover import detect
from regrade.rows.guard import open_sources, read_records
from regrade.rows.source import Reader
from regrade.schema import Blank, Record
from regrade.testing.contract import (
    TOLERANCE,
    ContractError,
    Words,
    check_pickles,
    check_same,
    find_class,
    outcome,
)
from regrade.testing.other_formats import FILES

_JUNK = b'{"cut off": [1, 2\n'


def check_reader(
    name: str,
    file: Path | str,
    *,
    samples: int,
    answers: Sequence[Any] | None = None,
    scores: dict[str, float] | None = None,
    options: dict[str, Any] | None = None,
) -> None:
    """Check that a reader keeps to its contract on a file.

    The file is told by its content, under any name, and files of other formats are not claimed; reading it twice, and
    in other chunks, gives the same samples; sources pickle, and name the reader; a line that is no row is counted as
    malformed while all others are read; a file that is cut off is never read in silence as if it were whole;
    ``regrade.score`` finds the same whatever the number of workers.

    Args:
        name: Its registered name.
        file: A file of its format with three samples or more, which is only read.
        samples: How many samples the file holds.
        answers: The answers of all samples, in order; several repeats as a list.
        scores: Scores that ``regrade.score`` gives, by metric, or some of them.
        options: What the user says about columns and the like.

    Raises:
        ContractError: it does not.
    """
    subject, _ = find_class("reader", name, Reader)
    path = Path(file)
    _check_claims(subject, name, path)
    sources = open_sources(name, path, options or {})
    check_pickles(subject, sources, "a source")
    for source in sources:
        check_same(subject, "a source names the reader that opens it", name, source.reader)
    here = read_all(name, path, options)
    broken = [one for one in here if isinstance(one, str)]
    if broken:
        raise ContractError(subject, "reads every row of a file of its own", Words("no malformed row"), broken)
    check_same(subject, "finds the samples of the file", samples, len(here))
    check_same(subject, "reads the same each time", here, read_all(name, path, options))
    small = {**(options or {}), "chunk_bytes": 64}
    check_same(subject, "reads the same in small chunks", here, read_all(name, path, small))
    if answers is not None:
        found = [_one_or_all(one[1]) for one in here]
        check_same(subject, "finds the answers that its author says", list(answers), found)
    _check_damage(subject, name, path, here, options)
    _check_scored(subject, name, path, scores, options)


def read_all(name: str, path: Path, options: dict[str, Any] | None) -> list[Any]:
    """Id, answers and reference of each record of a file; of what is malformed the reason, as text."""
    found: list[Any] = []
    for source in open_sources(name, path, options or {}):
        for chunk in source.chunks:
            for record in read_records(source, chunk):
                if isinstance(record, Record):
                    found.append([record.sample_id, record.answers, record.target])
                elif not isinstance(record, Blank):
                    found.append(record.reason)
    return found


def _check_claims(subject: str, name: str, path: Path) -> None:
    match = detect(path)
    found = match.reader if match else None
    check_same(subject, "a file is told by its content", name, found)
    with tempfile.TemporaryDirectory(prefix="regrade-check-") as folder:
        other = Path(folder) / f"of-another-name{''.join(path.suffixes)}"
        other.write_bytes(path.read_bytes())
        match = detect(other)
        check_same(subject, "a file is told by its content, whatever its name", name, match.reader if match else None)
        for what, head in FILES.items():
            other.write_bytes(head)
            match = outcome(lambda: detect(other))
            if getattr(match, "reader", None) == name:
                raise ContractError(subject, "claims no file of another format", Words("None"), Words(what))


def _check_damage(subject: str, name: str, path: Path, whole: list[Any], options: dict[str, Any] | None) -> None:
    data = files.read_all(path)
    with tempfile.TemporaryDirectory(prefix="regrade-check-") as folder:
        damaged = Path(folder) / path.name
        lines = data.splitlines(keepends=True)
        if len(lines) > 2 and all(line.lstrip()[:1] == b"{" and line.rstrip()[-1:] == b"}" for line in lines):
            damaged.write_bytes(b"".join([*lines[:-1], _JUNK, lines[-1]]))
            found = outcome(lambda: read_all(name, damaged, options))
            kept = [one for one in found if not isinstance(one, str)] if isinstance(found, list) else found
            check_same(subject, "a line that is no row costs no other row", whole, kept)
            if len(found) == len(kept):
                raise ContractError(subject, "a line that is no row is counted as malformed", Words("1"), Words("none"))
        damaged.write_bytes(data[: len(data) - max(len(lines[-1]) // 2, 1)])
        try:
            found = read_all(name, damaged, options)
        except InputError:
            return
        if whole[: len(found)] == found and len(found) < len(whole):
            raise ContractError(
                subject,
                "a file that is cut off is not read in silence",
                Words("an InputError, or a malformed row"),
                Words(f"{len(found)} of {len(whole)} samples and nothing else"),
            )


def _check_scored(
    subject: str, name: str, path: Path, scores: dict[str, float] | None, options: dict[str, Any] | None
) -> None:
    import regrade

    given = {"reader": name, **(options or {})}
    found = []
    for workers, chunk_bytes in ((1, None), (2, 64)):
        read = {**given, "chunk_bytes": chunk_bytes} if chunk_bytes else given
        made = regrade.score(path, bootstrap_iterations=0, read=read, workers=workers)
        found.append({one.metric: one.value for one in made.results})
    check_same(subject, "scores do not depend on chunks and workers", found[0], found[1])
    if scores is not None:
        some = {metric: found[0].get(metric) for metric in scores}
        check_same(subject, "regrade.score gives what its author says", scores, some, TOLERANCE)


def _one_or_all(answers: list[list[Any]]) -> Any:
    repeats = answers[0] if len(answers) == 1 else answers
    return repeats[0] if len(repeats) == 1 else repeats
