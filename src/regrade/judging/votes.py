"""Verdicts in files: who preferred what, by item, from judges' logs, people's votes and plain tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from regrade.errors import InputError
from regrade.files.columns import ID_NAMES, MISSING, list_names, names_of, require, value_at
from regrade.files.location import is_folder, locate
from regrade.files.tables import Row, all_rows, first_rows, open_table
from regrade.judging.orders import OPPOSITE, Verdict, settle
from regrade.schema import Malformed
from regrade.store.judge_run import JudgeRun, judge_run_at

Key: TypeAlias = tuple[str, ...]
"""What tells an item from the others. Of a pair: question, turn and both models, in alphabetical order. Of a rating:
question, turn and model. Otherwise one id."""

Kind: TypeAlias = Literal["pairs", "ratings", "labels"]

VERDICT_NAMES = (
    "verdict",
    "winner",
    "judgement",
    "judgment",
    "preference",
    "vote",
    "choice",
    "label",
    "rating",
    "score",
)
_UNREAD = frozenset({"", "error", "none", "null", "nan", "n/a"})


class Vote(NamedTuple):
    """One verdict on one item.

    Attributes:
        label: ``first``, ``second`` or ``tie`` for pairs, a number for ratings, else whatever the table says; None
            where there is none that can be read.
        orders: For a pair judged twice the verdicts with the first and with the second answer shown first.
        row: The row it stands in.
    """

    label: Hashable | None
    orders: tuple[Verdict | None, Verdict | None] | None
    row: Row


class Votes(msgspec.Struct, kw_only=True):
    """The verdicts of one rater (or of several, told apart by nothing).

    Attributes:
        path: The file.
        kind: What is judged.
        shape: Which kind of file it is, for people.
        items: The votes by item, in the file's order.
        malformed: Rows that are no verdict.
    """

    path: str
    kind: Kind
    shape: str
    items: dict[Key, list[Vote]] = msgspec.field(default_factory=dict)
    malformed: list[Malformed] = msgspec.field(default_factory=list)

    @property
    def unread(self) -> int:
        """How many votes have no verdict that can be read."""
        return sum(vote.label is None for votes in self.items.values() for vote in votes)

    @property
    def count(self) -> int:
        """How many votes there are."""
        return sum(len(votes) for votes in self.items.values())

    def __iter__(self) -> Iterator[Vote]:
        for votes in self.items.values():
            yield from votes


_Taken: TypeAlias = tuple[Key, Vote]


class _Shape(NamedTuple):
    kind: Kind
    title: str
    take: Callable[[Row], _Taken]


def read_votes(path: str | Path, *, id: str | None = None, verdict: str | None = None) -> Votes:
    """Read the verdicts in a file: its shape is told by its columns.

    A folder is a judge's run, whose verdicts are read out of its words.

    FastChat's comparisons (``g1_winner``) and ratings (``model``, ``score``); votes on pairs (``model_a``, ``model_b``,
    ``winner``, as MT-Bench's people and Chatbot Arena have them); LLMBar's results and data sets (``output_1``,
    ``output_2``, ``label``); else any table with a column of ids and one of verdicts.

    Args:
        path: JSON lines, a JSON array, CSV, TSV or Parquet.
        id: Column of ids; found by its name where not given.
        verdict: Column of verdicts; found by its name where not given.

    Raises:
        InputError: the file is no table, or which columns hold ids and verdicts cannot be told.
    """
    run = judge_run_at(path) if is_folder(locate(path)) else None
    if run is not None:
        return _judged(run)
    table = open_table(path)
    first = first_rows(table)
    if not first:
        raise InputError("the table has no rows", where=str(path))
    shape = _shape(first, id, verdict, str(path))
    votes = Votes(path=str(path), kind=shape.kind, shape=shape.title)
    for item in all_rows(table):
        if isinstance(item, Malformed):
            votes.malformed.append(item)
            continue
        line, row = item
        try:
            key, vote = shape.take(row)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            reason = f"has no {error}" if isinstance(error, KeyError) else f"is no verdict: {error}"
            votes.malformed.append(Malformed(str(path), line, reason))
            continue
        votes.items.setdefault(key, []).append(vote)
    if not votes.items:
        bad = votes.malformed[0]
        raise InputError(f"holds no verdict that can be read: {bad.reason}", where=f"{bad.file}:{bad.line}")
    return votes


def _shape(rows: list[Row], id: str | None, verdict: str | None, path: str) -> _Shape:
    names = set(names_of(rows))
    if id is None and verdict is None:
        if {"g1_winner", "g2_winner", "model_1", "model_2"} <= names:
            return _Shape("pairs", "comparisons by a judge (FastChat)", _fastchat_pair)
        if {"question_id", "model", "judge", "score"} <= names:
            return _Shape("ratings", "ratings by a judge (FastChat)", _fastchat_rating)
        if {"question_id", "model_a", "model_b", "winner"} <= names:
            return _Shape("pairs", "votes on pairs", _arena_vote)
        if {"input", "output_1", "output_2", "results"} <= names:
            return _Shape("pairs", "verdicts of an evaluator (LLMBar)", _llmbar_result)
        if {"input", "output_1", "output_2", "label"} <= names:
            return _Shape("pairs", "people's preferences (LLMBar)", _llmbar_label)
    id_column = require(id, rows, flag="--id", where=path) if id else _named(ID_NAMES, rows, "ids", "--id", path)
    label_column = (
        require(verdict, rows, flag="--verdict", where=path)
        if verdict
        else _named(VERDICT_NAMES, rows, "verdicts", "--verdict", path)
    )
    return _Shape(
        "labels", f"a table: {label_column} by {id_column}", lambda row: _labelled(row, id_column, label_column)
    )


def _named(known: tuple[str, ...], rows: list[Row], what: str, flag: str, path: str) -> str:
    names = names_of(rows)
    for name in known:
        for own in names:
            if own.strip().lower() == name:
                return own
    raise InputError(
        f"which column holds {what} cannot be told", where=path, hint=f"{flag} names one of: {list_names(names)}"
    )


# -- a judge's run --------------------------------------------------------------------------------------------------


def _judged(run: JudgeRun) -> Votes:
    """The verdicts of a judge's run; a call that failed is a vote without verdict."""
    from regrade.judging.rulings import rulings_of
    from regrade.judging.standings import duels_of

    kinds: dict[str, Kind] = {"pairwise": "pairs", "rating": "ratings", "choice": "labels"}
    mode, judge = run.mode, run.judge
    votes = Votes(path=str(run.folder), kind=kinds[mode], shape=f"a judge's run ({run.manifest.recipe_name}, {judge})")
    rulings = rulings_of(run)
    if mode == "pairwise":
        for duel in duels_of(rulings):
            item, turn, _ = duel.item
            row = {"question_id": item, "turn": turn, "model_a": duel.first, "model_b": duel.second}
            key, turned = pair_key(row, "model_a", "model_b")
            orders = None
            if len(duel.by_order) == 2:
                forward, backward = duel.by_order[False], duel.by_order[True]
                orders = (_turned(backward), _turned(forward)) if turned else (forward, backward)
            verdict = _turned(duel.verdict) if turned else duel.verdict
            votes.items.setdefault(key, []).append(Vote(verdict, orders, {**row, "category": duel.category}))
        return votes
    for ruling in rulings:
        row = {"question_id": ruling.item, "turn": ruling.turn, "model": ruling.models[0]}
        row |= {"category": ruling.category, "criterion": ruling.criterion}
        key = (ruling.item, str(ruling.turn), _name(ruling.models[0]))
        if ruling.criterion:
            key = (*key, ruling.criterion)
        votes.items.setdefault(key, []).append(Vote(label_of(ruling.verdict), None, row))
    return votes


# -- the shapes ----------------------------------------------------------------------------------------------------


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a model's name is wanted, not {value!r:.40}")
    return value.lower()  # the same model's case differs between the published files


def pair_key(row: Row, one: str, other: str) -> tuple[Key, bool]:
    """The key of a pair, and whether its models stand in it the other way round than in the row."""
    a, b = _name(row[one]), _name(row[other])
    return (str(row["question_id"]), str(row.get("turn", 1)), min(a, b), max(a, b)), a > b


def _fastchat_pair(row: Row) -> _Taken:
    key, turned = pair_key(row, "model_1", "model_2")
    winners: dict[Any, Verdict] = {"model_1": "first", "model_2": "second", "tie": "tie"}
    forward, backward = winners.get(row["g1_winner"]), winners.get(row["g2_winner"])
    if turned:
        forward, backward = _turned(backward), _turned(forward)
    return key, Vote(settle(forward, backward), (forward, backward), row)


def _fastchat_rating(row: Row) -> _Taken:
    key = (str(row["question_id"]), str(row.get("turn", 1)), _name(row["model"]))
    score = label_of(row["score"])
    return key, Vote(score if isinstance(score, int | float) and score != -1 else None, None, row)


def _arena_vote(row: Row) -> _Taken:
    key, turned = pair_key(row, "model_a", "model_b")
    winners: dict[Any, Verdict] = {"model_a": "first", "model_b": "second"}
    winner = row["winner"]
    verdict: Verdict | None = "tie" if isinstance(winner, str) and winner.startswith("tie") else winners.get(winner)
    return key, Vote(_turned(verdict) if turned else verdict, None, row)


def _llmbar_key(row: Row) -> Key:
    return str(row["input"]), str(row["output_1"]), str(row["output_2"])


def _llmbar_result(row: Row) -> _Taken:
    verdicts: dict[str, Verdict] = {"1": "first", "2": "second"}
    last = row["results"][-1]
    forward, backward = (verdicts.get(str(last[f"swap = {swap}"]["winner"])) for swap in (False, True))
    return _llmbar_key(row), Vote(settle(forward, backward), (forward, backward), row)


def _llmbar_label(row: Row) -> _Taken:
    verdicts: dict[str, Verdict] = {"1": "first", "2": "second"}
    return _llmbar_key(row), Vote(verdicts.get(str(row["label"])), None, row)


def _labelled(row: Row, id: str, verdict: str) -> _Taken:
    key, value = value_at(row, id), value_at(row, verdict)
    for name, found in ((id, key), (verdict, value)):
        if found is MISSING:
            raise KeyError(name)
    if key is None or isinstance(key, dict | list):
        raise TypeError(f"{id!r} holds no id")
    return (str(key),), Vote(label_of(value), None, row)


def label_of(value: Any) -> Hashable | None:
    """A verdict as it is compared: a number as a number, a text without case and outer blanks, None for none.

    Example:
        >>> label_of(" Tie "), label_of("7"), label_of(8.0), label_of(""), label_of(True)
        ('tie', 7, 8, None, 'true')
    """
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return _whole(float(value))
    text = str(value).strip().lower()
    if text in _UNREAD:
        return None
    try:
        return _whole(float(text))
    except ValueError:
        return text


def _whole(number: float) -> float | None:
    if number != number:  # noqa: PLR0124 - nan
        return None
    return int(number) if number.is_integer() else number


def _turned(verdict: Verdict | None) -> Verdict | None:
    return None if verdict is None else OPPOSITE[verdict]


def preferences(ratings: Votes, keys: dict[Key, list[Vote]]) -> Votes:
    """The preferences that ratings come to, for pairs of which both answers were rated: the higher rating wins.

    As "GPT-4 single" in Zheng et al. 2023: equal ratings are a tie.
    """
    found = Votes(path=ratings.path, kind="pairs", shape=f"{ratings.shape}, compared", malformed=ratings.malformed)
    for key in keys:
        question, turn, one, other = key
        for a in ratings.items.get((question, turn, one), ()):
            for b in ratings.items.get((question, turn, other), ()):
                label: Verdict | None = None
                if isinstance(a.label, int | float) and isinstance(b.label, int | float):
                    label = "tie" if a.label == b.label else "first" if a.label > b.label else "second"
                found.items.setdefault(key, []).append(Vote(label, None, a.row))
    return found
