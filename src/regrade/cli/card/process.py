"""``regrade card run``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from regrade.cli.card.options import add_card, samples_from


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
    from regrade.api.card import encode_data, refuse_unwritable_samples

    if arguments.out is not None:
        refuse_unwritable_samples(arguments.out)
    samples = samples_from(arguments)
    count = samples.count() if arguments.out is None else samples.write(arguments.out)
    account, malformed = samples.account, samples.malformed
    if arguments.json:
        sys.stdout.write(encode_data({**samples.about(), "samples": count}) + "\n")
        return samples.exit_code
    from regrade.reports.cards import render_counts, render_failures

    print(render_counts(account))
    to = f" in {arguments.out}" if arguments.out is not None else ""
    print(f"\n{count:,} samples of {samples.loaded.name}, split {samples.split}{to}")
    for source, commit in samples.revisions.items():
        print(f"{source} at {commit}")
    if account.failed:
        print(f"{account.failed:,} rows could not be processed:\n{render_failures(account)}")
    if malformed:
        first = malformed[0]
        print(f"{len(malformed):,} rows could not be read, the first at {first.file}:{first.line}: {first.reason}")
    return samples.exit_code
