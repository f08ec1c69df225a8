"""``regrade card run``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from regrade.cli.card_options import add_card, opened
from regrade.errors import Exit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.description = (
        "Process a card's rows into prepared samples: loaded, step by step, put into words. No model is asked. "
        "`regrade score SAMPLES --answers FILE` scores what a model said to them."
    )
    add_card(parser)
    parser.add_argument("--limit", type=int, metavar="N", help="at most N samples")
    parser.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="write the samples to FILE (.parquet or .jsonl); else only count"
    )
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Make the samples, write them, print what every step did."""
    from regrade.atomic import refuse_unwritable
    from regrade.cards.prepare import watched
    from regrade.cards.record import about
    from regrade.store.samples import FORMATS, encode, write

    if arguments.out is not None:
        refuse_unwritable(arguments.out, "--out", *FORMATS)
    loaded, pipeline = opened(arguments, arguments.limit)
    samples = pipeline.samples(watched)
    if arguments.out is None:
        count = sum(1 for _ in samples)
    else:
        count = write(samples, arguments.out, lambda: about(loaded, pipeline))
    account, malformed = pipeline.account, pipeline.loading.malformed
    if arguments.json:
        sys.stdout.write(encode({**about(loaded, pipeline), "samples": count}).decode() + "\n")
    else:
        from regrade.reports.cards import render_counts, render_failures

        print(render_counts(account))
        to = f" in {arguments.out}" if arguments.out is not None else ""
        print(f"\n{count:,} samples of {loaded.name}, split {pipeline.split}{to}")
        for source, commit in pipeline.loading.revisions.items():
            print(f"{source} at {commit}")
        if account.failed:
            print(f"{account.failed:,} rows could not be processed:\n{render_failures(account)}")
        if malformed:
            first = malformed[0]
            print(f"{len(malformed):,} rows could not be read, the first at {first.file}:{first.line}: {first.reason}")
    return Exit.INCOMPLETE if account.failed or malformed else Exit.DONE
