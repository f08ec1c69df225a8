"""``regrade show``."""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import sys
from typing import Any

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
    from regrade.api.show import show
    from regrade.cli.display import Display

    shown = 10 if arguments.limit is None else arguments.limit
    arguments.limit = None  # --limit counts the samples that are shown, not those that are looked through
    with Display() as display:
        views = show(
            *arguments.paths,
            failed=arguments.failed,
            unparsed=arguments.unparsed,
            errors=arguments.errors,
            filter=arguments.filter,
            ids=arguments.ids.split(",") if arguments.ids else None,
            engine=engine_of(arguments),
            workers=arguments.workers,
            progress=display,
            **scoring_options(arguments),
        )
    count = 0
    for count, view in enumerate(itertools.islice(views, shown), 1):
        if arguments.json:
            sys.stdout.write(_encode(view) + "\n")
        else:
            from regrade.reports.samples import render_card

            print(("" if count == 1 else "\n") + render_card(view, shutil.get_terminal_size().columns, arguments.full))
    if count == 0:
        print("no sample meets the conditions", file=sys.stderr if arguments.json else sys.stdout)
        return Exit.INCOMPLETE
    if len(views) > count:
        stream = sys.stderr if arguments.json else sys.stdout
        more = f"... and {len(views) - count:,} more of {len(views):,}"
        print(
            f"{more}; --limit {len(views)} shows all" if arguments.json else f"\n{more}; --limit N shows more",
            file=stream,
        )
    remarks = views.remarks
    for remark in remarks:
        print(remark, file=sys.stderr)
    return Exit.INCOMPLETE if remarks else Exit.DONE


def _encode(view: Any) -> str:
    import msgspec

    try:
        return msgspec.json.encode(view, enc_hook=encode_other).decode()
    except UnicodeEncodeError:  # half of a surrogate pair in the data
        return json.dumps(msgspec.to_builtins(view, enc_hook=encode_other))
