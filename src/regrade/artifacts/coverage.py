"""How many cards of a catalog can be parsed, processed and scored, and what is missing for the others.

- *Parsed*: the file is JSON or YAML and every reference leads somewhere.
- *Processable*: the loader, every step, the task and at least one of the templates are built of data alone, and none of
  them says that it needs code, a network service, a model or a package that is not here.
- *Scorable*: processable, and the same holds for the task's metrics and the template's postprocessors; and a row of the
  task, made up of its types, was put into words by one of the templates and scored.

A family is what stands first in a card's name after ``cards.``: the cards of one family (``cards.mmlu.anatomy``,
``cards.mmlu.virology``) differ by configuration. A family counts where every card of it does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from regrade.addition import add_up
from regrade.artifacts import files
from regrade.artifacts.artifact import Artifact, ArtifactError, is_artifact, type_name
from regrade.artifacts.build import Builder
from regrade.artifacts.catalogs import LINK, Catalogs
from regrade.artifacts.check import Checker
from regrade.artifacts.resolve import content_hash
from regrade.artifacts.walk import Catalog, arguments
from regrade.errors import RegradeError


class Shares(msgspec.Struct, kw_only=True):
    """How many there are, and which shares of them, from 0 to 1."""

    total: int
    parsed_share: float
    processable_share: float
    scorable_share: float


class CardCoverage(msgspec.Struct, kw_only=True):
    """What can be done with one card.

    Attributes:
        name: Its name.
        parsed: Whether it can be parsed.
        processable: Whether it can be processed.
        scorable: Whether answers to it can be scored.
        reasons: Why not.
        missing: Types that are not there, or that cannot run here.
    """

    name: str
    parsed: bool = False
    processable: bool = False
    scorable: bool = False
    reasons: list[str] = []
    missing: list[str] = []

    @property
    def family(self) -> str:
        """The family it belongs to."""
        return self.name.removeprefix("cards.").partition(".")[0]


class Coverage(msgspec.Struct, kw_only=True):
    """What can be done with the cards of a catalog.

    Attributes:
        cards: Shares of the cards.
        families: Shares of the families.
        missing: Types that are not there or cannot run here, with how many cards want them, the most wanted first.
        each: Every card, in order of name.
    """

    cards: Shares
    families: Shares
    missing: dict[str, int]
    each: list[CardCoverage]


WhyNot = Callable[[Any, Any, Catalog], str | None]
"""Why no row of a task (first) can be put into words by a template (second) and scored; None if one can."""


def coverage(folder: Catalogs, catalog: Catalog | None = None, *, tried: WhyNot | None = None) -> Coverage:
    """Find what can be done with the cards of some catalogs.

    Args:
        folder: The catalogs whose cards are looked at.
        catalog: Where their references lead; to the same catalogs if not given.
        tried: Scores a row that is made up; without it, what has all its parts counts as scorable.
    """
    parts = _Parts(catalog or folder, tried)
    each = [parts.card(name, data) for name, data in _cards(folder)]
    families: dict[str, list[CardCoverage]] = {}
    for card in each:
        families.setdefault(card.family, []).append(card)
    whole = [
        CardCoverage(
            name=family,
            parsed=all(card.parsed for card in cards),
            processable=all(card.processable for card in cards),
            scorable=all(card.scorable for card in cards),
        )
        for family, cards in families.items()
    ]
    missing = Counter(name for card in each for name in card.missing)
    ranked = dict(sorted(missing.items(), key=lambda item: (-item[1], item[0])))
    return Coverage(cards=_shares(each), families=_shares(whole), missing=ranked, each=each)


def _shares(each: list[CardCoverage]) -> Shares:
    total = len(each)
    count = max(total, 1)
    return Shares(
        total=total,
        parsed_share=add_up(card.parsed for card in each) / count,
        processable_share=add_up(card.processable for card in each) / count,
        scorable_share=add_up(card.scorable for card in each) / count,
    )


def _cards(folder: Catalogs) -> Iterator[tuple[str, Any]]:
    """(name, data) of every card; None for the data of a file under ``cards`` that cannot be parsed."""
    for name, path in folder.names().items():
        try:
            data = files.read(path)
        except ArtifactError:
            data = None
        kind = data.get("__type__") if isinstance(data, dict) else None
        if name.startswith("cards.") if kind in (None, LINK) else kind == "task_card":
            yield name, data


class _Parts:
    """The parts of cards, each looked at once."""

    def __init__(self, catalog: Catalog, tried: WhyNot | None) -> None:
        self.catalog = catalog
        self.tried = tried
        self.outcomes: dict[str, str | None] = {}
        self.checker = Checker(catalog)
        self.builder = Builder(catalog)
        self.failed: dict[str, ArtifactError] = {}

    def card(self, name: str, data: Any) -> CardCoverage:
        card = CardCoverage(name=name)
        if isinstance(data, dict) and data.get("__type__") == LINK:
            try:
                data = self.catalog.fetch(name)
            except ArtifactError as error:
                card.reasons = [error.what]
                return card
        if not is_artifact(data):
            card.reasons = ["the file cannot be parsed"]
            return card
        checked = self.checker.check(data)
        card.parsed = checked.resolved
        missing = set(checked.unknown_types)
        reasons: list[str] = []
        for key in ("loader", "task"):
            reasons += self.why_not(data.get(key), missing)
        steps = data.get("preprocess_steps") or []
        for step in steps if isinstance(steps, list) else [steps]:
            reasons += self.why_not(step, missing)
        task = self.build(data.get("task"))
        templates = list(self.templates(data.get("templates")))
        if not templates and isinstance(task, Artifact) and getattr(task, "default_template", None) is not None:
            templates = [task.default_template]  # type: ignore[attr-defined]
        usable = [template for template in templates if not self.why_not(template, set())]
        if templates and not usable:
            reasons += self.why_not(templates[0], missing)
        if not reasons and isinstance(whole := self.build(data), ArtifactError):
            reasons.append(whole.what)
        card.processable = card.parsed and not reasons
        needed = [*_names(task, "metrics"), *(_names(self.build(usable[0]), "postprocessors") if usable else [])]
        later = [reason for item in needed for reason in self.why_not(item, missing)]
        if card.processable and not later and isinstance(task, Artifact):
            later = self.not_scored(task, [self.build(template) for template in usable])
        card.scorable = card.processable and not later
        card.reasons = list(dict.fromkeys([*reasons, *later]))
        card.missing = sorted(missing)
        return card

    def not_scored(self, task: Artifact, templates: list[Artifact | ArtifactError]) -> list[str]:
        """Why no row was scored with any of the templates; each task is tried once with each template."""
        if self.tried is None:
            return []
        reason: str | None = "it has no template"
        for template in templates:
            key = content_hash([task, template])
            if key not in self.outcomes:
                self.outcomes[key] = self.tried(task, template, self.catalog)
            if (reason := self.outcomes[key]) is None:
                return []
        return [f"no row that was made up could be scored: {reason}"]

    def templates(self, given: Any, within: tuple[str, ...] = ()) -> Iterator[Any]:
        """Each template of a card by itself, so that one may be missing."""
        if isinstance(given, str):
            if given in within:  # a circle
                return
            try:
                data = self.catalog.fetch(given)
            except ArtifactError:
                return
            if data["__type__"] in ("templates_list", "templates_dict"):
                yield from self.templates(data.get("items"), (*within, given))
            else:
                yield given
        elif isinstance(given, dict):
            if not is_artifact(given):
                yield from (each for value in given.values() for each in self.templates(value, within))
            elif given["__type__"] in ("templates_list", "templates_dict"):
                yield from self.templates(given.get("items"), within)
            else:
                yield given
        elif isinstance(given, list):
            yield from (each for value in given for each in self.templates(value, within))

    def build(self, data: Any) -> Artifact | ArtifactError:
        if isinstance(data, str) and data in self.failed:
            return self.failed[data]
        try:
            return self.builder.build(data)
        except ArtifactError as error:
            failed = error
        except RegradeError as error:
            failed = ArtifactError(error.what, hint=error.hint)
        if isinstance(data, str):
            self.failed[data] = failed
        return failed

    def why_not(self, data: Any, missing: set[str]) -> list[str]:
        """Why a part cannot be used; the types that keep it from that are added to ``missing``."""
        part = self.build(data)
        if isinstance(part, ArtifactError):
            if isinstance(data, str | dict):
                missing |= self.checker.check(data).unknown_types
            return [part.what]
        reasons = []
        for inner in _within(part):
            reason = inner.needs()
            if reason is not None:
                missing.add(type_name(type(inner)))
                reasons.append(f"{type_name(type(inner))}: {reason}")
        return reasons


def _names(part: Artifact | ArtifactError, key: str) -> list[Any]:
    value = getattr(part, key, None)
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []


def _within(value: Any) -> Iterator[Artifact]:
    """An artifact and all those inside it."""
    if isinstance(value, Artifact):
        yield value
        for field in arguments(type(value)).values():
            yield from _within(getattr(value, field.name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _within(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _within(item)
