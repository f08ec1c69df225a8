"""A process that asks for a run's answers and says how many are on disk: ``tests.asking.asker RUN URL SAMPLES``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

from regrade.asking.ask import ask
from regrade.errors import RegradeError
from regrade.models.limits import RequestLimits
from regrade.models.openai import OpenAIModel
from regrade.schema import Request
from regrade.store.manifest import Manifest
from regrade.store.run import Run, now

CONCURRENCY = 16


def requests(samples: int) -> Iterator[Request]:
    """A different question for each sample."""
    for place in range(samples):
        content = f"question {place}. " + "Think well before you say it. " * 10
        yield Request(sample_id=f"s{place}", position=place, messages=[{"role": "user", "content": content}])


def run_in(folder: Path, samples: int) -> Run:
    """The run in a folder; made if it is not there."""
    if (folder / "run.json").exists():
        return Run(folder)
    return Run.create(folder, Manifest(name=folder.name, created=now(), samples=samples))


def main() -> int:
    """Ask, and print the count of answers on disk each time that it grows."""
    folder, url, samples = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    model = OpenAIModel("m", base_url=url, limits=RequestLimits(concurrency=CONCURRENCY))
    try:
        asyncio.run(
            ask(
                run_in(folder, samples),
                model,
                requests(samples),
                told=lambda tally: print(tally.done, flush=True),
            )
        )
    except RegradeError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
