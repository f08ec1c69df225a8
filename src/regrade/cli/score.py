"""``regrade score``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from regrade.cli.options import add_running, add_scoring, engine_of, scoring_options
from regrade.errors import Exit, UsageError

if TYPE_CHECKING:
    from regrade.api.scores import Scores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = "%(prog)s PATH [PATH ...] [options]"
    parser.description = (
        "Score saved answers again: every log below a folder, by the specification recorded in it or by another. "
        "Needs no model and no dataset; writes nothing unless --out is given."
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="log file, table, or folder of logs; a path or a URL")
    add_scoring(parser)
    out = parser.add_argument_group("what comes out")
    out.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="EXPR",
        help="break results down by EXPR, such as doc.subject (repeatable)",
    )
    out.add_argument(
        "--cluster", metavar="EXPR", help="samples with equal EXPR are dependent: clustered standard errors"
    )
    out.add_argument(
        "--check", action="store_true", help="compare with what the log recorded; exit 1 on any difference"
    )
    out.add_argument("--verify-hashes", action="store_true", help="recompute the hashes that the log recorded")
    out.add_argument("--wide", action="store_true", help="with --by: a row per run and a column per group")
    out.add_argument(
        "--radar", type=Path, metavar="FILE", help="with --by: draw a radar chart, an axis per group (.svg or .png)"
    )
    out.add_argument("--json", action="store_true", help="print JSON in the harness's results layout")
    out.add_argument("--out", type=Path, metavar="DIR", help="keep scores.parquet and results.json in DIR")
    out.add_argument("--strict", action="store_true", help="stop at the first malformed row or failed sample")
    out.add_argument(
        "--fail-under",
        action="append",
        default=[],
        metavar="METRIC=VALUE",
        help="exit 100 if a metric is worse than VALUE (repeatable)",
    )
    add_running(parser)


def run(arguments: argparse.Namespace) -> int:
    """Score, print, and keep what was asked for."""
    from regrade.api.score import misses_gate, parse_gate, score
    from regrade.cli.display import Display

    gates = [parse_gate(text) for text in arguments.fail_under]
    if arguments.check and (arguments.filters or arguments.extract or arguments.metric):
        raise UsageError(
            "a check compares with the recorded filters and metrics", hint="leave out --filters, --extract and --metric"
        )
    for option, given in (("--wide", arguments.wide), ("--radar", arguments.radar)):
        if given and not arguments.by:
            raise UsageError("needs groups", where=option, hint="add --by EXPR, such as --by doc.category")
    if arguments.radar is not None:
        from regrade.reports.radar import refuse_other_kinds

        refuse_other_kinds(arguments.radar)
    if arguments.out is not None:
        from regrade.reports.scores_folder import prepare

        prepare(arguments.out)
    options = scoring_options(
        arguments,
        by=arguments.by,
        cluster=arguments.cluster,
        strict=arguments.strict,
        keep=arguments.out is not None,
        check=arguments.check,
        verify_hashes=arguments.verify_hashes,
    )
    with Display() as display:
        scores = score(
            *arguments.paths, engine=engine_of(arguments), workers=arguments.workers, progress=display, **options
        )
    missed = [named for named in gates if misses_gate(named, scores)]
    if arguments.out is not None:
        from regrade.reports.scores_folder import write

        write(scores, arguments.out)
    if arguments.radar is not None:
        from regrade.reports.radar import write_radar

        write_radar(scores, arguments.radar)
    code = scores.exit_code
    if arguments.check:
        code = _check(scores, arguments.json)
    elif arguments.json:
        from regrade.reports.layout import encode

        sys.stdout.write(encode(scores.to_dict()).decode() + "\n")
    elif arguments.wide:
        from regrade.reports.wide import render_wide

        print(render_wide(scores))
    else:
        print(scores.summary())
    if scores.options.verify_hashes and any(part.hash_mismatches for part in scores.parts):
        code = Exit.ERROR
    return name_missed(missed) if missed else code


def name_missed(missed: Sequence[tuple[str, float]]) -> Exit:
    """Name the gates that were missed; returns the exit code for that."""
    for name, least in missed:
        print(f"regrade: gate missed: {name} is worse than {least}", file=sys.stderr)
    return Exit.GATE


def _check(scores: Scores, as_json: bool) -> Exit:
    outcome = scores.check()
    if as_json:
        import msgspec

        from regrade.reports.layout import encode

        layout = scores.to_dict()
        layout["check"] = msgspec.to_builtins(outcome)
        sys.stdout.write(encode(layout).decode() + "\n")
    else:
        from regrade.reports.checks import render_check

        print(render_check(outcome, scores))
    if any(row.verdict == "different" for row in outcome):
        return Exit.ERROR
    return Exit.INCOMPLETE if any(row.verdict == "incomplete" for row in outcome) else scores.exit_code
