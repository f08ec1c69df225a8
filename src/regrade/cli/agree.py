"""``regrade agree``."""

from __future__ import annotations

import argparse
import sys

from regrade.errors import Exit, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = "%(prog)s A [B] [options]"
    parser.description = (
        "Compare the verdicts of two judges, or of a judge and people, item by item: agreement with and without ties, "
        "Cohen's kappa, what changes when the answers change places, and the confusion matrix. One file alone is "
        "compared with itself: its verdicts on the same item with each other."
    )
    parser.add_argument("a", metavar="A", help="a judge's run or log, or a table of verdicts")
    parser.add_argument("b", metavar="B", nargs="?", help="another's, or people's")
    columns = parser.add_argument_group("tables")
    columns.add_argument(
        "--id", metavar="COLUMN", help="column of ids, in both files; A_COLUMN=B_COLUMN where they differ"
    )
    columns.add_argument("--verdict", metavar="COLUMN", help="column of verdicts; A_COLUMN=B_COLUMN where they differ")
    out = parser.add_argument_group("what comes out")
    out.add_argument("--by", metavar="COLUMN", help="break agreement down by a column of A, such as turn")
    out.add_argument("--level", type=float, default=0.95, metavar="P", help="confidence level (default 0.95)")
    out.add_argument("--json", action="store_true", help="print JSON")
    out.add_argument(
        "--fail-under", type=float, metavar="SHARE", help="exit 100 if less than SHARE of all verdicts agree"
    )


def run(arguments: argparse.Namespace) -> int:
    """Read, compare, print."""
    if arguments.fail_under is not None and not 0 <= arguments.fail_under <= 1:
        raise UsageError("must be between 0 and 1", where=f"--fail-under {arguments.fail_under}", hint="80 % is 0.8")
    from regrade.api.agree import agree

    found = agree(
        arguments.a, arguments.b, id=arguments.id, verdict=arguments.verdict, by=arguments.by, level=arguments.level
    )
    if arguments.json:
        import msgspec

        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found.to_dict()), indent=2).decode() + "\n")
    else:
        print(found.summary())
    share = found.setups[0].agreement.share
    if arguments.fail_under is not None and (share is None or share < arguments.fail_under):
        print(f"regrade: gate missed: agreement is under {arguments.fail_under:g}", file=sys.stderr)
        return Exit.GATE
    return Exit.DONE if found.complete else Exit.INCOMPLETE
