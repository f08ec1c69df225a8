"""``regrade run``."""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regrade import __version__
from regrade.cli.asking import (
    add_limits,
    add_model,
    again_of,
    ask_run,
    asked_of,
    exit_code,
    make_run,
    model_of,
    naming_what_is_kept,
)
from regrade.cli.card_options import (
    CARDS_ONLY,
    access_from,
    add_access,
    add_choices,
    choices_from,
    folder_from,
    warn_of_spelling,
)
from regrade.cli.catalog import add_catalogs
from regrade.errors import Exit, UsageError

if TYPE_CHECKING:
    from regrade.asking.launch import Asked
    from regrade.dialect import Prepared
    from regrade.models.model import Model
    from regrade.store.run import Run

_SHOWN = 2
"""Prompts that a dry run shows."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = "%(prog)s CARD --model NAME [options]\n       %(prog)s --task TASK --model NAME [options]"
    parser.description = (
        "Ask a model every question of a card or task, keep every word, and score the answers. Killed at any moment, "
        "regrade resume asks for what is missing and nothing else."
    )
    parser.epilog = (
        "Prices come from the bundled table; put your own into the file that REGRADE_PRICES names, or into "
        "prices.yaml in the configuration folder (~/.config/regrade on Linux)."
    )
    what = parser.add_argument_group("what is asked")
    what.add_argument("card", nargs="?", metavar="CARD", help="a card's name in a catalog, or its file")
    what.add_argument(
        "--task", metavar="NAME|FILE", help="a task of lm-evaluation-harness instead: its file, or its name"
    )
    what.add_argument(
        "--data", type=Path, metavar="PATH", help="files in place of the remote ones: a folder (card), a file (task)"
    )
    add_access(what)
    add_catalogs(parser)
    add_choices(what)
    what.add_argument("--limit", type=int, metavar="N", help="at most N samples")
    what.add_argument(
        "--send-as",
        choices=["chat", "completion"],
        default="chat",
        help="send texts as a chat of one message (default), or to be continued by a base model",
    )
    what.add_argument("--strict", action="store_true", help="stop at the first row that cannot be read or processed")
    what.add_argument("--trust-code", action="store_true", help="run Python functions from task files")
    add_model(parser)
    add_limits(parser)
    out = parser.add_argument_group("what comes out")
    out.add_argument("--name", metavar="NAME", help="name of the run (default: card and model)")
    out.add_argument(
        "--dry-run", action="store_true", help="print the first prompts and the estimated price, ask nothing"
    )
    out.add_argument("--no-score", action="store_true", help="ask only; regrade score RUN scores")
    out.add_argument("--json", action="store_true", help="print the scores as JSON in the harness's results layout")


def run(arguments: argparse.Namespace) -> int:
    """Prepare, ask, score; each task of a group is a run of its own."""
    from regrade.models.named import split_name
    from regrade.models.prices import price_of

    asked = asked_of(arguments)
    model = model_of(asked)
    price_of(*split_name(asked.model))  # a mistake in one's own table is told before anything is made or asked
    prepared = prepare(arguments)
    code = int(Exit.DONE)
    for one in prepared:
        if arguments.dry_run:
            code = max(code, dry_run(one, asked, model))
        else:
            names = [one.name, model.name] if arguments.name is None else [arguments.name]
            several = arguments.name is not None and len(prepared) > 1
            code = max(code, run_one(one, asked, model, arguments, [*names, one.name] if several else names))
    return code


def run_one(prepared: Prepared, asked: Asked, model: Model, arguments: argparse.Namespace, names: list[str]) -> int:
    """Make a run of prepared samples, called after ``names``; ask, score."""
    from regrade.store.workspace import Workspace

    made, cache = make_run(
        *(Workspace(arguments.workspace), names, prepared, asked, model),
        title="--".join(names) if arguments.name is not None else "",
        what=("sample", "samples"),
    )
    tally = ask_run(made, model, asked, again=again_of(arguments), fsync=arguments.fsync, cache=cache)
    code = int(exit_code(tally, model))
    if not arguments.no_score and tally.done:
        with naming_what_is_kept(made):
            code = max(code, score_run(made, as_json=arguments.json, trust_code=arguments.trust_code))
    if made.manifest.notes and code == Exit.DONE:
        code = Exit.INCOMPLETE
    return code


def prepare(arguments: argparse.Namespace) -> list[Prepared]:
    """The samples that the command line asks for; several where a group or tag of tasks is named.

    Raises:
        UsageError: neither a card nor a task is named, or both.
    """
    if (arguments.card is None) == (arguments.task is None):
        raise UsageError(
            "name a card, or a task by --task", where="regrade run", hint="regrade catalog list --kind card"
        )
    if arguments.limit is not None and arguments.limit < 1:
        raise UsageError("must be at least 1", where=f"--limit {arguments.limit}")
    if arguments.task is not None:
        for name in CARDS_ONLY:
            if getattr(arguments, name) is not None:
                raise UsageError("is for cards; a task says that itself", where=f"--{name.replace('_', '-')}")
        from regrade.lm_eval.prepare import Choices as TaskChoices
        from regrade.lm_eval.prepare import prepare_tasks

        chosen = TaskChoices(
            num_fewshot=arguments.num_demos,
            **({} if arguments.seed is None else {"seed": arguments.seed}),
            system_prompt=arguments.system_prompt,
            chat=arguments.send_as == "chat",
            split=arguments.split,
            limit=arguments.limit,
        )
        return prepare_tasks(
            arguments.task,
            chosen,
            data=arguments.data,
            trust_code=arguments.trust_code,
            access=access_from(arguments),
        )
    from regrade.cards.load import load
    from regrade.cards.prepare import prepare_card

    choices, data = choices_from(arguments, arguments.limit), folder_from(arguments)
    loaded = load(arguments.card, arguments.catalog)
    warn_of_spelling(loaded)
    card = prepare_card(
        loaded,
        choices=choices,
        data=data,
        access=access_from(arguments, loaded.folder, data),
        chat=arguments.send_as == "chat",
    )
    return [card]


def dry_run(prepared: Prepared, asked: Asked, model: Model) -> int:
    """Print the first prompts, and what the whole would take."""
    from regrade.asking.requests import check, merge_parameters, next_turn, requests_of
    from regrade.models.asking import estimated_tokens
    from regrade.models.named import split_name
    from regrade.models.prices import price_of
    from regrade.reports.text import mark, plural

    repeats = asked.repeats or prepared.repeats
    parameters = merge_parameters(prepared.parameters, asked.parameters)
    requests = requests_of(prepared.samples, parameters, repeats, asked.kind, own=asked.parameters, fit=model.fit)
    samples = tokens = count = 0
    for request in requests:
        if not count:
            check(model, request, prepared.name)
        if request.repeat == 0 and samples < _SHOWN:
            print(mark(f"--- {request.sample_id}", "bold"))
            for message in request.messages or [{"role": request.kind, "content": request.prompt}]:
                print(mark(str(message.get("role")), "cyan"))
                print(message.get("content"))
            for continuation in request.continuations or ():
                print(mark(f"  {continuation!r}", "dim"))
        samples += request.repeat == 0
        given = int(request.parameters.get("max_completion_tokens") or request.parameters.get("max_tokens") or 0)
        for turn in range(1 + len(request.follow_ups or ())):  # a later turn sends all that was said before it
            asked_now = next_turn(request, [""] * turn) if turn else request
            tokens += estimated_tokens(asked_now) - given + turn * given
            count += 1
    if not count:
        raise UsageError("there is nothing to ask: no samples came out of it", where=prepared.name)
    print(mark("---", "bold"))
    most = parameters.get("max_completion_tokens") or parameters.get("max_tokens")
    what = f"{plural(samples, 'sample')}, {plural(count, 'request')} to {model.name}"
    print(f"{what}; about {plural(tokens, 'token')} in (4 characters each)")
    price = price_of(*split_name(asked.model))
    if price is None:
        print("the price of this model is not known: put it into your own table of prices (regrade run --help)")
    elif most:
        print(f"about ${price.of(tokens, 0):,.4f} in, at most ${price.of(0, count * int(most)):,.4f} out")
    else:
        print(f"about ${price.of(tokens, 0):,.4f} in; out: ${price.output / 1000:,.4f} per 1,000 tokens")
    for note in islice(prepared.notes(), 20):
        print(note)
    return Exit.DONE


def score_run(made: Run, *, as_json: bool, trust_code: bool = False) -> int:
    """Score a run's answers and print the scores; they are kept in its folder.

    Where nothing has changed since they were made, the kept ones are printed.
    """
    from regrade.reports.scores_folder import prepare as prepare_folder
    from regrade.reports.scores_folder import read_if_made_of
    from regrade.store.samples import read_about

    if read_about(made.samples).get("card", {}).get("metrics") == []:
        print(
            f"the card names no metric; a judge can score it: regrade judge {made.folder} --with NAME", file=sys.stderr
        )
        return int(Exit.DONE)
    folder = made.folder / "scores" / "default"
    inputs = {**made.content_marks(), "regrade": __version__, "trust_code": trust_code}
    kept = read_if_made_of(folder, inputs)
    if kept is not None:
        print(f"regrade: no answer is new; the scores are those in {folder}", file=sys.stderr)
        sys.stdout.write(kept.results.decode() if as_json else kept.summary)
        return kept.exit_code
    prepare_folder(folder, private=True)
    return _score_anew(made, folder, inputs, as_json=as_json, trust_code=trust_code)


def _score_anew(made: Run, folder: Path, inputs: dict[str, Any], *, as_json: bool, trust_code: bool) -> int:
    from regrade.cli.progress import progress
    from regrade.reports.scores_folder import write
    from regrade.scoring.options import Options
    from regrade.scoring.score import score_paths

    with progress("scoring") as report:
        scores = score_paths([made.folder], Options(keep=True, trust_code=trust_code), progress=report)
    write(scores, folder, inputs=inputs, private=True)
    if as_json:
        from regrade.reports.layout import encode

        sys.stdout.write(encode(scores.to_dict()).decode() + "\n")
    else:
        print(scores.summary())
    return int(scores.exit_code)
