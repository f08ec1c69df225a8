"""A judge by name, file or data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from regrade.artifacts import Artifact, ArtifactError, build, open_catalogs
from regrade.artifacts.data import to_data
from regrade.artifacts.files import SUFFIXES, read
from regrade.errors import UsageError
from regrade.judging.autoevals import AutoevalsJudge, scorer_named, snake_case
from regrade.judging.fastchat import published_judge
from regrade.judging.judge import Judge

_PUBLISHED = {"mt_bench.rating": "rating", "mt_bench.pairwise": "pairwise", "rating": "rating", "pairwise": "pairwise"}


class FoundJudge(NamedTuple):
    """A judge, and what it is called.

    Attributes:
        name: What it is called.
        judge: The judge.
        data: The same as data, without references.
    """

    name: str
    judge: Judge | AutoevalsJudge
    data: dict[str, Any]


def find_judge(given: str, *, prompts: Path | None = None, catalogs: Sequence[str | Path] = ()) -> FoundJudge:
    """The judge that is meant.

    Args:
        given: The name of a judge in a catalog (``judges.`` may be left out), a file (YAML or JSON), or the name of a
            scorer of the autoevals package, such as ``answer_correctness``.
        prompts: FastChat's ``judge_prompts.jsonl``: its prompts instead of ours, for MT-Bench's judges.
        catalogs: Folders to look for names in, before the usual ones.

    Raises:
        ArtifactError: there is none, or it is wrong.
        UsageError: there are prompts for a judge that has no published ones.
    """
    bare = given.removeprefix("judges.")
    if prompts is not None:
        if bare not in _PUBLISHED:
            raise UsageError(
                f"{given} has no published prompts",
                where="--judge-prompts",
                hint=f"they are for {', '.join(_PUBLISHED)}",
            )
        judge = published_judge(prompts, cast("Literal['rating', 'pairwise']", _PUBLISHED[bare]))
        return FoundJudge(bare, judge, to_data(judge))
    path = Path(given)
    known = open_catalogs(catalogs)
    data: Any
    if path.suffix in SUFFIXES:
        if not path.is_file():
            raise ArtifactError("no such file", where=given)
        data, name = read(path), path.stem
    else:
        data = known.full_name(given, "judge")
        name = bare
        if data not in known and (scorer := scorer_named(given)) is not None:
            return FoundJudge(snake_case(scorer.scorer), scorer, to_data(scorer))
    found = build(data, Artifact, catalog=known)
    if not isinstance(found, Judge | AutoevalsJudge):
        raise ArtifactError(f"this is a {found.kind or 'thing'}, no judge", where=given)
    return FoundJudge(name, found, to_data(found))
