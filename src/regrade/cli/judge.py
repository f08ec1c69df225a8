"""``regrade judge``."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regrade.cli.asking import (
    add_limits,
    add_model,
    asking_options,
    connection_options,
    model_options,
    without_keeping,
)
from regrade.cli.run import print_result
from regrade.cli.score import name_missed
from regrade.errors import UsageError

if TYPE_CHECKING:
    from regrade.api.outcome import RunResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = (
        "%(prog)s ANSWERS [ANSWERS ...] --with JUDGE --judge MODEL [options]\n       %(prog)s JUDGE_RUN [--again WHICH]"
    )
    parser.description = (
        "Have a judge look at the answers of runs: a run of its own, whose words are kept, resumed and scored like any "
        "other's. Given a judge's run, show its report again, or ask again for verdicts that could not be read."
    )
    parser.add_argument(
        "answers",
        nargs="+",
        metavar="[NAME=]ANSWERS",
        help="a run, a log (lm-eval, Inspect, ...), a folder of logs or a table of answers; NAME is the system's name",
    )
    what = parser.add_argument_group("what is asked")
    what.add_argument(
        "--with",
        dest="judge",
        metavar="JUDGE",
        help="a judge's name in a catalog (rating, pairwise, rubric, correctness, mt_bench.rating, mt_bench.pairwise), "
        "its file, or a scorer of the autoevals package (answer_correctness, factuality, ...)",
    )
    what.add_argument(
        "--judge-prompts", type=Path, metavar="FILE", help="FastChat's judge_prompts.jsonl, for MT-Bench as published"
    )
    what.add_argument("--questions", type=Path, metavar="FILE", help="FastChat's question.jsonl, for its answers")
    what.add_argument("--references", type=Path, metavar="FILE", help="FastChat's reference answers")
    for name, holds in (("question", "question"), ("answer", "answer"), ("expected", "correct answer"), ("id", "id")):
        what.add_argument(f"--{name}", metavar="COLUMN", help=f"of a table of answers: the column of the {holds}")
    what.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="NAME=TEMPLATE",
        help="where the judged samples have something: reference={{doc.gold}}, context={{doc.passages}}, "
        "criteria='Is it polite?' (repeatable)",
    )
    what.add_argument(
        "--form",
        choices=["text", "json_schema", "tool"],
        help="how the verdict is given, instead of what the judge says",
    )
    what.add_argument("--limit", type=int, metavar="N", help="at most N items")
    what.add_argument("--catalog", action="append", default=[], metavar="DIR", help="look for names here first")
    two = parser.add_argument_group("pairs")
    orders = two.add_mutually_exclusive_group()
    orders.add_argument("--both-orders", action="store_true", help="show each pair in both orders (default)")
    orders.add_argument(
        "--order",
        choices=["both", "content", "given"],
        help="both; content: one order, drawn by the content; given: in the order of the command line",
    )
    two.add_argument("--baseline", metavar="NAME", help="compare every system with this one (default: all pairs)")
    add_model(parser, "--judge", required=False)
    add_limits(parser)
    again = parser.add_argument_group("a judge's run")
    again.add_argument("--again", choices=["unparsed"], help="ask again where no verdict could be read")
    again.add_argument("--filters", metavar="FILE", help="read the verdicts by other filters (no call)")
    out = parser.add_argument_group("what comes out")
    out.add_argument("--name", metavar="NAME", help="name of the judge's run (default: judge and model)")
    out.add_argument("--dry-run", action="store_true", help="print the first prompts and the estimated price")
    out.add_argument("--no-score", action="store_true", help="ask only")
    out.add_argument("--json", action="store_true", help="print JSON")
    out.add_argument(
        "--fail-under",
        action="append",
        default=[],
        metavar="METRIC=VALUE",
        help="exit 100 if a metric of any system is worse than VALUE (repeatable)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Prepare, ask, read the verdicts."""
    from regrade.api.judge import estimate_judge, judge
    from regrade.api.score import parse_gate
    from regrade.cli.display import Display

    gates = [parse_gate(text) for text in arguments.fail_under]
    if arguments.judge is None:
        return _show_again(arguments, gates)
    if arguments.again is not None:
        raise UsageError("is for a judge's run", where="--again", hint="name the judge's run, and leave out --with")
    if arguments.filters is not None:
        raise UsageError(
            "reads kept verdicts by other filters",
            where="--filters",
            hint="name the judge's run, and leave out --with",
        )
    if arguments.model is None:
        raise UsageError("say who judges", where="regrade judge", hint="--judge gpt-4o-mini, --judge replay:FILE")
    what = {
        "judge": arguments.judge,
        "model": arguments.model,
        "catalog": arguments.catalog,
        "prompts": arguments.judge_prompts,
        "questions": arguments.questions,
        "references": arguments.references,
        "columns": _columns(arguments),
        "fields": _texts(arguments.field),
        "form": arguments.form,
        "order": arguments.order or ("both" if arguments.both_orders else None),
        "baseline": arguments.baseline,
        "limit": arguments.limit,
        **model_options(arguments),
    }
    if arguments.dry_run:
        estimate = estimate_judge(*arguments.answers, **{**without_keeping(what), "workspace": arguments.workspace})
        print(estimate.summary())
        return int(estimate.exit_code)
    with Display(finished=partial(print_result, as_json=arguments.json)) as display:
        result = judge(
            *arguments.answers,
            name=arguments.name,
            gates=[name for name, _ in gates],
            score=not arguments.no_score,
            progress=display,
            **what,
        )
    return _close(result, gates)


def _close(result: RunResult, gates: list[tuple[str, float]]) -> int:
    """Name the gates that were missed; returns the exit code."""
    from regrade.api.score import misses_gate

    scores = result.scored_sources
    missed = [named for named in gates if misses_gate(named, scores)] if scores is not None else []
    return int(name_missed(missed) if missed else result.exit_code)


def _texts(given: list[str]) -> dict[str, str]:
    fields = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError("is no NAME=TEMPLATE", where=f"--field {text}")
        fields[name.strip()] = value
    return fields


def _columns(arguments: argparse.Namespace) -> dict[str, str]:
    named = {kind: getattr(arguments, kind) for kind in ("id", "question", "answer", "expected")}
    return {kind: column for kind, column in named.items() if column is not None}


def _show_again(arguments: argparse.Namespace, gates: list[tuple[str, float]]) -> int:
    """The report of a judge's run, once more verdicts were asked for where that is wanted."""
    from regrade.api.judge import ask_again, report
    from regrade.cli.display import Display

    given = arguments.answers[0]
    if len(arguments.answers) != 1 or Path(given).is_file():
        raise UsageError("say which judge", where="regrade judge", hint="--with rating, --with pairwise, ...")
    shown: dict[str, Any] = {"filters": arguments.filters, "workspace": arguments.workspace}
    with Display(finished=partial(print_result, as_json=arguments.json)) as display:
        if arguments.again is None:
            return _close(report(given, progress=display, **shown), gates)
        asking = asking_options(arguments)
        del asking["fresh"]
        options = {**connection_options(arguments), **asking, **shown}
        result = ask_again(given, score=not arguments.no_score, progress=display, **options)
    code = _close(result, gates)
    if result.outcome.pending:  # to resume is to ask for what is missing, and these have an answer, if one of no use
        print(f"regrade: regrade judge {result.run.folder} --again unparsed collects them", file=sys.stderr)
    return code
