"""``regrade show``."""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import sys

from regrade.cli.options import add_running, add_scoring, engine_of, scoring_options
from regrade.errors import Exit
from regrade.recorded_values import encode_other


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = "%(prog)s PATH [PATH ...] [options]"
    parser.description = (
        "Look at samples: the question, the reference, the answer, and what each filter and metric made of it."
    )
    parser.add_argument("paths", nargs="+", metavar="PATH", help="log file, table, or folder of logs; a path or a URL")
    which = parser.add_argument_group("which samples")
    which.add_argument("--failed", action="store_true", help="only samples that count as wrong")
    which.add_argument("--unparsed", action="store_true", help="only samples in which a pipeline found no answer")
    which.add_argument("--errors", action="store_true", help="only samples whose scoring failed")
    which.add_argument("--ids", metavar="ID,...", help="only these samples")
    which.add_argument("--filter", metavar="NAME", help="only this pipeline's view")
    add_scoring(parser)
    out = parser.add_argument_group("what comes out")
    out.add_argument("--full", action="store_true", help="show long texts whole")
    out.add_argument("--json", action="store_true", help="print one JSON object per sample")
    add_running(parser)
    parser.set_defaults(limit=None)


def run(arguments: argparse.Namespace) -> int:
    """Score, choose, print."""
    from regrade.scoring.browse import browse
    from regrade.scoring.score import score_paths
    from regrade.store.workspace import Workspace

    shown = 10 if arguments.limit is None else arguments.limit
    arguments.limit = None  # --limit counts the samples that are shown, not those that are looked through
    options = scoring_options(arguments, keep=True, bootstrap_iterations=0)
    paths = [Workspace().path(path) for path in arguments.paths]
    scores = score_paths(paths, options, engine=engine_of(arguments), workers=arguments.workers)
    cards = browse(
        scores,
        failed=arguments.failed,
        unparsed=arguments.unparsed,
        errors=arguments.errors,
        filter=arguments.filter,
        ids=arguments.ids.split(",") if arguments.ids else None,
    )
    count = 0
    for count, card in enumerate(itertools.islice(cards, shown), 1):
        if arguments.json:
            import msgspec

            try:
                line = msgspec.json.encode(card, enc_hook=encode_other).decode()
            except UnicodeEncodeError:  # half of a surrogate pair in the data
                line = json.dumps(msgspec.to_builtins(card, enc_hook=encode_other))
            sys.stdout.write(line + "\n")
        else:
            from regrade.reports.samples import render_card

            print(("" if count == 1 else "\n") + render_card(card, shutil.get_terminal_size().columns, arguments.full))
    if count == 0:
        print("no sample meets the conditions", file=sys.stderr if arguments.json else sys.stdout)
        return Exit.INCOMPLETE
    if cards.total > count:
        stream = sys.stderr if arguments.json else sys.stdout
        more = f"... and {cards.total - count:,} more of {cards.total:,}"
        print(
            f"{more}; --limit {cards.total} shows all" if arguments.json else f"\n{more}; --limit N shows more",
            file=stream,
        )
    stopped = [
        f"{kept.source.task}, {name}: {out.stopped}"
        for kept in scores.blocks
        for name, out in kept.block.pipelines.items()
        if out.stopped is not None
    ]
    open_rows = [loss for part in scores.parts if part.unevaluated for loss in part.losses(part.task)]
    for reason in (*stopped, *open_rows):
        print(reason, file=sys.stderr)
    return Exit.INCOMPLETE if stopped or open_rows else Exit.DONE
