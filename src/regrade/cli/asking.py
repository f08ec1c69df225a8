"""What commands that ask a model share: options, a display of how it goes, and the summary."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from regrade.answer_texts import SHORTFALLS
from regrade.cli.progress import LiveLines, draw_bar, format_duration
from regrade.errors import Exit, UsageError

if TYPE_CHECKING:
    from regrade.asking.ask import Again, Tally
    from regrade.asking.launch import Asked
    from regrade.dialect import Prepared
    from regrade.models.model import Model
    from regrade.models.prices import Price
    from regrade.store.cache import AnswerCache
    from regrade.store.run import Run
    from regrade.store.workspace import Workspace

_EVERY_S = 0.25
"""Seconds between two updates of the display."""

_LINE_EVERY_S = 30.0
"""Seconds between two lines where nobody looks at a terminal."""


def add_model(parser: argparse.ArgumentParser, option: str = "--model", *, required: bool = True) -> None:
    """Who is asked, and how."""
    who = parser.add_argument_group("who is asked")
    who.add_argument(
        option,
        dest="model",
        required=required,
        metavar="[KIND:]NAME",
        help="gpt-4o-mini, openai:qwen3-8b, batch:gpt-4o-mini, transformers:PATH, vllm:PATH, litellm:PROVIDER/NAME, "
        "replay:FILE (default kind openai)",
    )
    add_connection(who)
    who.add_argument(
        "--model-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the model's kind: device=cuda, loglikelihood=prompt_logprobs, batch_size=16 (repeatable)",
    )
    who.add_argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help='a generation parameter, as the API names it: temperature=0.7, max_tokens=512, stop=["\\n"], '
        "reasoning_effort=low, extra_body={top_k: 20} (repeatable)",
    )
    who.add_argument("--repeats", type=int, metavar="N", help="answers per sample (default: the recipe's, else 1)")


def add_connection(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """The way to the server."""
    parser.add_argument("--base-url", metavar="URL", help="an OpenAI-compatible server: http://localhost:8000/v1")
    parser.add_argument(
        "--api-key-env", metavar="NAME", help="the variable that holds the key (default OPENAI_API_KEY)"
    )
    parser.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an HTTP header; env:VARIABLE as its value stands for that of a variable (repeatable)",
    )
    parser.add_argument(
        "--ca-file", metavar="FILE", help="certificates (PEM) to trust, for a server that signs its own"
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """How a server is treated, and what is kept."""
    how = parser.add_argument_group("how it is asked")
    how.add_argument(
        "--concurrency", type=int, metavar="N", help="requests in flight at most; found out by trying (default 64)"
    )
    how.add_argument("--rpm", type=float, metavar="N", help="requests per minute at most")
    how.add_argument("--tpm", type=float, metavar="N", help="tokens per minute at most")
    how.add_argument("--timeout", type=float, metavar="S", help="seconds that one reply may take (default 600)")
    how.add_argument(
        "--total-timeout", type=float, metavar="S", help="seconds that an answer may take with retries (default 3600)"
    )
    how.add_argument("--max-reply", type=float, metavar="MB", help="larger replies are refused (default 32)")
    how.add_argument("--retries", type=int, metavar="N", help="how often a request is sent again (default 8)")
    how.add_argument("--fresh", action="store_true", help="ask anew what the workspace's cache knows")
    how.add_argument(
        "--share-equal",
        action="store_true",
        help="ask once for samples that ask exactly the same, even where answers are drawn (temperature above 0)",
    )
    how.add_argument(
        "--fsync",
        choices=["group", "none"],
        default="group",
        help="group: an answer counts when it would survive a power failure (default); none: when it would survive "
        "the process",
    )
    how.add_argument(
        "--workspace", metavar="DIR", help="the folder of runs and of their cache (default REGRADE_WORKSPACE, or runs)"
    )


def pairs(given: list[str], option: str) -> dict[str, Any]:
    """``NAME=VALUE`` options; values are YAML.

    Raises:
        UsageError: one is no such pair.
    """
    if not given:
        return {}
    import yaml

    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError("is no NAME=VALUE", where=f"{option} {text}")
        try:
            found[name.strip()] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UsageError(f"is no value: {' '.join(str(error).split())}", where=f"{option} {text}") from None
    return found


def asked_of(arguments: argparse.Namespace) -> Asked:
    """What a parsed command line says about the asking."""
    from regrade.asking.launch import Asked
    from regrade.models.known_servers import remember

    if arguments.repeats is not None and arguments.repeats < 1:
        raise UsageError("must be at least 1", where=f"--repeats {arguments.repeats}")
    parameters = pairs(arguments.param, "--param")
    repeats = arguments.repeats
    check_parameters(parameters)
    if (several := parameters.pop("n", None)) is not None:
        if repeats is not None and repeats != several:
            raise UsageError(f"says {several}, and --repeats {repeats}", where=f"--param n={several}")
        repeats = several
    options = connection_of(arguments)
    options |= pairs(arguments.model_option, "--model-option")
    remember(options)
    return Asked(
        model=arguments.model,
        options={name: value for name, value in options.items() if value is not None},
        parameters=parameters,
        repeats=repeats,
        kind=getattr(arguments, "send_as", None),
        limits=limits_of(arguments),
    )


_NUMBERS: Final = {"temperature": 0.0, "top_p": 0.0, "top_k": None, "min_p": 0.0, "seed": None}
"""Parameters that are numbers, with the least that each may be."""

_COUNTS: Final = {"n": 1, "max_tokens": 0, "max_completion_tokens": 1, "logprobs": 0, "top_logprobs": 0}
"""Parameters that are whole numbers, likewise."""


def check_parameters(parameters: dict[str, Any]) -> None:
    """Refuse values of the usual generation parameters that no server could mean anything by.

    Raises:
        UsageError: there is one.
    """
    for name, value in parameters.items():
        if value is None or (isinstance(value, bool) and name == "logprobs") or name not in {**_NUMBERS, **_COUNTS}:
            continue
        where = f"--param {name}={value}"
        kind: Any = int if name in _COUNTS else int | float
        if isinstance(value, bool) or not isinstance(value, kind) or math.isnan(value):
            raise UsageError(f"must be a {'whole ' if name in _COUNTS else ''}number", where=where)
        least = _COUNTS[name] if name in _COUNTS else _NUMBERS[name]
        if least is not None and value < least:
            raise UsageError(f"must be at least {least:g}", where=where)


def asked_again(run: Run, arguments: argparse.Namespace) -> Asked:
    """How a run was asked, with what the command line says otherwise.

    Raises:
        UsageError: the run names a server that the user never did, here or before.
    """
    import msgspec

    from regrade.asking.launch import asked_of
    from regrade.models.known_servers import check, remember

    asked = asked_of(run)
    moved = {name: value for name, value in connection_of(arguments).items() if value is not None}
    options = {**asked.options, **moved}
    if "base_url" in moved:
        remember(options)
    else:
        check(options, run=str(run.folder))
    return msgspec.structs.replace(asked, options=options, limits={**asked.limits, **limits_of(arguments)})


def connection_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """What a parsed command line says about the way to the server, as options of a model; None where it is silent."""
    headers = {name: str(value) for name, value in pairs(arguments.header, "--header").items()}
    if arguments.max_reply is not None and not 1 <= arguments.max_reply * 1_000_000 < math.inf:
        raise UsageError("must be more than 0", where=f"--max-reply {arguments.max_reply:g}")
    return {
        "base_url": arguments.base_url,
        "api_key_env": arguments.api_key_env,
        "headers": headers or None,
        "ca_file": arguments.ca_file,
        "max_reply": int(arguments.max_reply * 1_000_000) if arguments.max_reply is not None else None,
    }


def limits_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The limits of requests that a parsed command line names, as data."""
    named = {
        "concurrency": arguments.concurrency,
        "requests_per_minute": arguments.rpm,
        "tokens_per_minute": arguments.tpm,
        "timeout_s": arguments.timeout,
        "total_timeout_s": arguments.total_timeout,
        "retries": arguments.retries,
    }
    for name, value in named.items():
        if value is not None and not (value > 0 or (value == 0 and name == "retries")):
            least = "must not be negative" if name == "retries" else "must be more than 0"
            raise UsageError(least, where=name.replace("_", " "))
    return {name: value for name, value in named.items() if value is not None}


def model_of(asked: Asked) -> Model:
    """The model that was asked for."""
    from regrade.models.limits import RequestLimits
    from regrade.models.named import named_model

    return named_model(asked.model, asked.options, RequestLimits(**asked.limits))


def again_of(arguments: argparse.Namespace, samples: frozenset[str] = frozenset()) -> Again:
    """What a parsed command line wants asked though something is known of it.

    A server that is named anew has refused nothing yet.
    """
    from regrade.asking.ask import Again

    return Again(
        fresh=arguments.fresh or bool(samples),
        samples=samples,
        refused=getattr(arguments, "retry_failed", False) or arguments.base_url is not None,
        shared=arguments.share_equal,
    )


def make_run(
    workspace: Workspace,
    names: list[str],
    prepared: Prepared,
    asked: Asked,
    model: Model,
    *,
    title: str,
    what: tuple[str, str],
    check: Callable[[Run], object] | None = None,
) -> tuple[Run, AnswerCache | None]:
    """Make a run of prepared samples, and check all that can be before anybody is asked; what fails leaves no folder.

    Args:
        workspace: Where it is made.
        names: Make up the folder's name.
        prepared: What is to be asked.
        asked: Whom, and how.
        model: The model.
        title: What a person calls the run.
        what: What a sample is called, and what several are.
        check: Raises where the answers could not be scored.

    Returns:
        The run, and the cache of its workspace, where the model's answers are worth one.
    """
    from regrade.asking.launch import create_in
    from regrade.cli.progress import counting
    from regrade.reports.text import plural

    cache: AnswerCache | None = None

    def ready(made: Run) -> None:
        nonlocal cache
        if check is not None:
            check(made)
        cache = workspace.cache() if model.costs else None

    with counting("preparing") as report:
        made = create_in(workspace, names, prepared, asked, model, on_sample=report, title=title, ready=ready)
    print(f"regrade: {plural(made.manifest.samples, *what)} in {made.folder}", file=sys.stderr)
    for note in made.manifest.notes:
        print(f"regrade: {note}", file=sys.stderr)
    return made, cache


def ask_run(
    run: Run, model: Model, asked: Asked, *, again: Again, fsync: Any, cache: AnswerCache | None = None
) -> Tally:
    """Ask for what a run lacks, with a display; the summary of the asking goes to standard error.

    The cache is closed at the end; if none is given, and the model's answers are worth one, it is the workspace's.
    """
    from regrade.asking.launch import ask_all
    from regrade.models.named import split_name
    from regrade.models.prices import price_of
    from regrade.store.workspace import Workspace

    price = price_of(*split_name(asked.model))
    if cache is None and model.costs:
        cache = Workspace.of(run).cache()
    try:
        with naming_what_is_kept(run), display(model, price) as told:
            tally = ask_all(run, model, cache=cache, again=again, fsync=fsync, told=told)
    finally:
        if cache is not None:
            cache.close()
    for line in summary(run, model, tally, price):
        print(line, file=sys.stderr)
    if cache is not None and cache.trouble is not None:
        print(f"{cache.path}: answers could not be kept for other runs: {cache.trouble}", file=sys.stderr)
    return tally


@contextmanager
def naming_what_is_kept(run: Run) -> Iterator[None]:
    """Note for whoever interrupts what is kept, and how to go on."""
    try:
        yield
    except KeyboardInterrupt as stop:
        stop.add_note(f"every answer that came is kept; regrade resume {run.folder} asks for the rest")
        raise


def summary(run: Run, model: Model, tally: Tally, price: Price | None) -> list[str]:
    """What became of the asking, in a few lines."""
    parts = [f"{tally.answered:,} answered"]
    parts += [f"{tally.before:,} were there"] if tally.before else []
    parts += [f"{tally.cached:,} known from before"] if tally.cached else []
    parts += [f"{tally.failed:,} failed"] if tally.failed else []
    lines = [f"{run.folder}: {tally.done:,} of {tally.wanted:,} answers ({', '.join(parts)})"]
    if tally.damaged:
        lines.append(f"{tally.damaged:,} lines of {run.answers.name} cannot be read; what they held was asked again")
    if tally.input_tokens or tally.output_tokens:
        cost = f", {dollars(tally, price)}" if price is not None else ", price not known"
        lines.append(f"{tally.input_tokens:,} tokens in, {tally.output_tokens:,} out{cost}")
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
    if model.pending:
        lines.append(f"{model.pending:,} handed in; regrade resume {run.folder} collects them")
    return lines


def dollars(tally: Tally, price: Price) -> str:
    """What was spent now."""
    cost = price.of(tally.input_tokens, tally.output_tokens, tally.cached_tokens)
    return f"${cost:,.2f}" if cost >= 1 else f"${cost:.4f}"


def exit_code(tally: Tally, model: Model) -> Exit:
    """3 where answers are missing."""
    return Exit.INCOMPLETE if tally.missing and not model.pending else Exit.DONE


@contextmanager
def display(model: Model, price: Price | None) -> Iterator[Callable[[Tally], None]]:
    """A callback that shows how it goes: a live display on a terminal, else a line now and then."""
    watched = sys.stderr.isatty()
    every = _EVERY_S if watched else _LINE_EVERY_S
    latest = time.monotonic()
    live = LiveLines()

    def told(tally: Tally) -> None:
        nonlocal latest
        moment = time.monotonic()
        if moment - latest < every:
            return
        latest = moment
        if not watched:
            print("regrade: " + ", ".join(progress_parts(tally, model, price)), file=sys.stderr, flush=True)
            return
        live.show(draw_bar(tally.done, tally.wanted), "  ".join(progress_parts(tally, model, price)))

    try:
        yield told
    finally:
        live.clear()


def progress_parts(tally: Tally, model: Model, price: Price | None) -> list[str]:
    """How it goes, part by part."""
    spent = max(time.monotonic() - tally.started, 1e-9)
    rate = (tally.answered + tally.failed) / spent
    parts = [f"{tally.done:,} of {tally.wanted:,}", f"{rate:,.1f}/s"]
    if rate:
        parts.append(f"{format_duration((tally.missing - tally.failed) / rate)} left")
    if tally.latencies:
        ordered = sorted(tally.latencies)
        middle, slow = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95))
        parts.append(f"latency {middle:.1f} s, 95% {slow:.1f} s")
    parts.append(f"{model.status.in_flight} of {model.status.allowed} at once")
    if tally.output_tokens:
        parts.append(f"{tally.input_tokens:,} tokens in, {tally.output_tokens:,} out")
        if price is not None:
            parts.append(dollars(tally, price))
    if tally.errors:
        parts.append("failed " + ", ".join(f"{count} {kind}" for kind, count in tally.errors.most_common()))
    if model.status.retries:
        parts.append(f"{model.status.retries} sent again")
    if model.status.waiting_s >= 1:
        parts.append(f"the server wants {format_duration(model.status.waiting_s)} of quiet")
    if model.status.note:
        parts.append(model.status.note)
    return parts
