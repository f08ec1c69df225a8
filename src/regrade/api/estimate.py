"""What asking would take, with nobody asked: the first prompts, requests, tokens and price."""

from __future__ import annotations

from typing import Any

import msgspec

from regrade.api.views import ByTask, Page
from regrade.asking.launch import Asked
from regrade.asking.requests import check, merge_parameters, next_turn, requests_of
from regrade.dialect import Prepared
from regrade.errors import Exit, UsageError
from regrade.models.asking import estimated_tokens
from regrade.models.model import Model
from regrade.models.named import split_name
from regrade.models.prices import Price, price_of
from regrade.schema import Request

_SHOWN = 2
"""Prompts that are shown."""


class Estimate(Page, msgspec.Struct, kw_only=True):
    """What asking would take.

    Attributes:
        name: The card, task or judge.
        model: Who would be asked.
        shown: The first prompts.
        samples: Samples.
        requests: Requests.
        tokens: Tokens in, about: four characters each.
        most_output: Tokens of an answer at most; None where nothing limits them.
        price: What a token costs; None where it is not known.
        notes: What a person should know of how the samples were made.
    """

    name: str
    model: str
    shown: list[Request] = msgspec.field(default_factory=list)
    samples: int = 0
    requests: int = 0
    tokens: int = 0
    most_output: int | None = None
    price: Price | None = None
    notes: list[str] = msgspec.field(default_factory=list)

    @property
    def exit_code(self) -> Exit:
        """3 where rows were left out of the samples."""
        return Exit.INCOMPLETE if self.notes else Exit.DONE

    @property
    def cost(self) -> tuple[float, float | None] | None:
        """US dollars for what is sent, and at most for what is answered; None where the price is not known."""
        if self.price is None:
            return None
        most = None if self.most_output is None else self.price.of(0, self.requests * self.most_output)
        return self.price.of(self.tokens, 0), most

    def __repr__(self) -> str:
        return f"<Estimate: {self.samples:,} samples, {self.requests:,} requests to {self.model}>"

    def summary(self) -> str:
        """The page that ``--dry-run`` prints."""
        from regrade.reports.text import mark, plural

        lines: list[Any] = []
        for request in self.shown:
            lines.append(mark(f"--- {request.sample_id}", "bold"))
            for message in request.messages or [{"role": request.kind, "content": request.prompt}]:
                lines += [mark(str(message.get("role")), "cyan"), message.get("content")]
            lines += [mark(f"  {continuation!r}", "dim") for continuation in request.continuations or ()]
        lines.append(mark("---", "bold"))
        what = f"{plural(self.samples, 'sample')}, {plural(self.requests, 'request')} to {self.model}"
        lines += [f"{what}; about {plural(self.tokens, 'token')} in (4 characters each)", self._price()]
        return "\n".join(map(str, [*lines, *self.notes[:20]]))

    def _price(self) -> str:
        if self.price is None or self.cost is None:
            return "the price of this model is not known: put it into your own table of prices (regrade run --help)"
        sent, most = self.cost
        if most is not None:
            return f"about ${sent:,.4f} in, at most ${most:,.4f} out"
        return f"about ${sent:,.4f} in; out: ${self.price.output / 1000:,.4f} per 1,000 tokens"


class Estimates(ByTask[Estimate]):
    """What asking would take, for each task."""


def estimate_prepared(prepared: Prepared, asked: Asked, model: Model) -> Estimate:
    """What asking prepared samples would take.

    Raises:
        UsageError: there is nothing to ask, or the model cannot be asked this.
    """
    parameters = merge_parameters(prepared.parameters, asked.parameters)
    most = parameters.get("max_completion_tokens") or parameters.get("max_tokens")
    found = Estimate(
        name=prepared.name,
        model=model.name,
        most_output=int(most) if most else None,
        price=price_of(*split_name(asked.model)),
    )
    repeats = asked.repeats or prepared.repeats
    for request in requests_of(prepared.samples, parameters, repeats, asked.kind, own=asked.parameters, fit=model.fit):
        if not found.requests:
            check(model, request, prepared.name)
        if request.repeat == 0:
            found.samples += 1
            if len(found.shown) < _SHOWN:
                found.shown.append(request)
        given = int(request.parameters.get("max_completion_tokens") or request.parameters.get("max_tokens") or 0)
        for turn in range(1 + len(request.follow_ups or ())):  # a later turn sends all that was said before it
            asked_now = next_turn(request, [""] * turn) if turn else request
            found.tokens += estimated_tokens(asked_now) - given + turn * given
            found.requests += 1
    if not found.requests:
        raise UsageError("there is nothing to ask: no samples came out of it", where=prepared.name)
    found.notes = prepared.notes()
    return found
