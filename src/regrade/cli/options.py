"""Options that several commands share."""

from __future__ import annotations

import argparse
from typing import Any

from regrade.errors import UsageError


def add_scoring(parser: argparse.ArgumentParser) -> None:
    """What to score, and how."""
    what = parser.add_argument_group("what is scored")
    what.add_argument(
        "--where", metavar="EXPR", help='only samples for which EXPR holds: "doc.level == 5 and answer|length > 40"'
    )
    what.add_argument("--limit", type=int, metavar="N", help="at most N samples per task")
    how = parser.add_argument_group("how it is scored")
    how.add_argument(
        "--filters",
        metavar="FILE",
        help="filter pipelines (YAML or JSON, the harness's filter_list) instead of the recorded ones",
    )
    how.add_argument(
        "--extract",
        action="append",
        default=[],
        metavar="NAME=REGEX",
        help="a quick pipeline: the regex's match in the answer (repeatable)",
    )
    how.add_argument(
        "--metric",
        action="append",
        default=[],
        metavar="NAME[:ARG=VALUE,...]",
        help="this metric instead of the recorded ones (repeatable)",
    )
    how.add_argument(
        "--task",
        metavar="NAME|FILE",
        help="a task of the installed lm-eval, or a task file, instead of the recorded specification",
    )
    how.add_argument(
        "--compat",
        metavar="VERSION",
        help="follow this lm-evaluation-harness version instead of the one that wrote the log; for a card's samples, "
        "unitxt: what finds nothing counts as an answer",
    )
    how.add_argument(
        "--allow-path",
        action="append",
        default=[],
        metavar="DIR",
        help="a task file may include files below DIR (repeatable); else only below its own folder and this one",
    )
    how.add_argument(
        "--trust-code", action="store_true", help="run Python functions from task files outside installed packages"
    )
    how.add_argument("--seed", type=int, default=42, metavar="N", help="seed of the intervals' resamples (default 42)")
    how.add_argument(
        "--level", type=float, default=0.95, metavar="P", help="confidence level of the intervals (default 0.95)"
    )
    how.add_argument(
        "--bootstrap-iters",
        type=int,
        metavar="N",
        help="resamples of the harness's bootstrap standard error (default: as the log recorded)",
    )
    how.add_argument(
        "--failures-are-wrong",
        action="store_true",
        default=None,
        help="samples of a run whose request failed count as each metric's worst value; else they are missing",
    )
    how.add_argument(
        "--time-limit",
        type=float,
        default=5.0,
        metavar="S",
        help="CPU seconds that scoring one answer may take; 0 for no limit (default 5)",
    )
    read = parser.add_argument_group("tables and other inputs")
    read.add_argument("--answer", metavar="COLUMN", help="column of the answer (a list holds repeats)")
    read.add_argument("--expected", metavar="COLUMN", help="column of the reference")
    read.add_argument(
        "--score",
        action="append",
        default=[],
        metavar="COLUMN",
        help="column that already is a score: numbers, true/false, pass/fail (repeatable)",
    )
    read.add_argument(
        "--correct",
        metavar="EXPR",
        help="with --score: the samples that count as right, where its values are others (\"score == 'A'\")",
    )
    read.add_argument(
        "--lower-is-better", action="store_true", default=None, help="with --score: small scores are good ones"
    )
    read.add_argument("--id", metavar="COLUMN", help="column of the sample's id")
    read.add_argument(
        "--answers", metavar="FILE", help="the answers to a card's samples, by sample_id (JSON lines, CSV, Parquet)"
    )
    read.add_argument("--docs", metavar="FILE", help="table of documents to join to the answers")
    read.add_argument(
        "--join-on", metavar="COLUMN|position", help="column that joins --docs to the answers, or position"
    )
    read.add_argument(
        "--encoding", metavar="NAME", help="how a table's text is encoded, where it is not UTF-8 (cp1252, utf-16, ...)"
    )
    read.add_argument(
        "--rows",
        metavar="KEY",
        help="the list of rows in a JSON object that holds several (data.train); of a workbook the sheet",
    )
    read.add_argument("--reader", metavar="NAME", help="read as this format (regrade formats lists them)")


def add_running(parser: argparse.ArgumentParser) -> None:
    """Where the work is done."""
    run = parser.add_argument_group("where it runs")
    run.add_argument("--workers", type=int, metavar="N", help="processes (default: one per CPU for large inputs)")
    run.add_argument("--engine", default="local", metavar="NAME", help="local or ray (default local)")
    run.add_argument("--ray-address", metavar="ADDRESS", help="address of a Ray cluster (default: start one here)")
    run.add_argument("--chunk-bytes", type=int, metavar="N", help=argparse.SUPPRESS)


def scoring_options(arguments: argparse.Namespace, **more: Any) -> dict[str, Any]:
    """The options of a parsed command line, as :func:`regrade.score` takes them."""
    names = (
        *("answer", "expected", "id", "docs", "join_on", "reader", "chunk_bytes", "answers", "encoding", "rows"),
        *("correct", "lower_is_better", "failures_are_wrong"),
    )
    read = {name: value for name in names if (value := getattr(arguments, name, None)) is not None}
    if arguments.score:
        read["score"] = arguments.score
    options: dict[str, Any] = {
        "where": arguments.where,
        "filters": arguments.filters,
        "extract": arguments.extract,
        "metric": arguments.metric,
        "task": arguments.task,
        "limit": arguments.limit,
        "seed": arguments.seed,
        "level": arguments.level,
        "bootstrap_iterations": arguments.bootstrap_iters,
        "compat": arguments.compat,
        "trust_code": arguments.trust_code,
        "allow_paths": arguments.allow_path,
        "answer_limit_s": arguments.time_limit,
        "read": read,
    }
    return {**options, **more}


def engine_of(arguments: argparse.Namespace) -> Any:
    """The engine that was asked for; None for the local one with its own choice of workers."""
    if arguments.workers is not None and arguments.workers < 1:
        raise UsageError("must be at least 1", where=f"--workers {arguments.workers}")
    if arguments.engine == "local":
        if arguments.ray_address is not None:
            raise UsageError("needs --engine ray", where=f"--ray-address {arguments.ray_address}")
        return None
    from regrade.registry import lookup

    return lookup("engine", arguments.engine)(
        workers=arguments.workers, address=arguments.ray_address, debug=arguments.debug
    )
