"""What became of an asking, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regrade.answer_texts import SHORTFALLS

if TYPE_CHECKING:
    from regrade.asking.ask import Tally
    from regrade.store.run import Run


def render_asking(run: Run, tally: Tally, *, pending: int = 0, cost: float | None = None) -> list[str]:
    """What became of an asking, a line each: counts, tokens and price, what falls short, what failed, how to go on.

    Args:
        run: The run.
        tally: The counts.
        pending: Requests that were handed in and will be answered later.
        cost: US dollars spent; None where the price is not known.
    """
    parts = [f"{tally.answered:,} answered"]
    parts += [f"{tally.before:,} were there"] if tally.before else []
    parts += [f"{tally.cached:,} known from before"] if tally.cached else []
    parts += [f"{tally.failed:,} failed"] if tally.failed else []
    lines = [f"{run.folder}: {tally.done:,} of {tally.wanted:,} answers ({', '.join(parts)})"]
    if tally.damaged:
        lines.append(f"{tally.damaged:,} lines of {run.answers.name} cannot be read; what they held was asked again")
    if tally.input_tokens or tally.output_tokens:
        price = f", {format_dollars(cost)}" if cost is not None else ", price not known"
        lines.append(f"{tally.input_tokens:,} tokens in, {tally.output_tokens:,} out{price}")
    for kind, (count, first) in tally.shortfalls.items():
        lines.append(f"{count:,} of {tally.done:,} answers were {SHORTFALLS[kind]}, the first: {first}")
    if tally.failed:
        kinds = ", ".join(f"{count} {kind}" for kind, count in tally.errors.most_common())
        lines.append(f"failed: {kinds}; the first: {tally.first_error}")
    refused = tally.refused + tally.errors["bad_request"]
    if tally.failed > tally.errors["bad_request"]:
        lines.append(f"regrade resume {run.folder} asks again for what failed")
    if refused:
        lines.append(
            f"{refused:,} were refused by the server as wrong, and would be again; "
            f"regrade resume {run.folder} --retry-failed asks for them all the same"
        )
    if pending:
        lines.append(f"{pending:,} handed in; regrade resume {run.folder} collects them")
    return lines


def format_dollars(cost: float) -> str:
    """US dollars: cents from one dollar on, else a hundredth of a cent."""
    return f"${cost:,.2f}" if cost >= 1 else f"${cost:.4f}"
