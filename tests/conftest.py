"""What all tests share: where the published evaluation data lies, and how hypothesis behaves.

The data is not part of this repository. It is looked for in the folder named by ``REGRADE_SHARED``, else in ``shared``
beside the checkout. Tests that need it ask for one of the fixtures below and are skipped, with the reason printed,
where it is absent.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import settings

from regrade.cli import main

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("REGRADE_SHARED") or ROOT.parent / "shared").resolve()

# IFEval's checks split sentences with NLTK, which reads this variable when it is imported.
if (SHARED / "data" / "nltk_data").is_dir():
    os.environ.setdefault("NLTK_DATA", str(SHARED / "data" / "nltk_data"))

# Nothing here may reach for a hub: what is not on disk is a failure, not a download.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")

settings.register_profile("default", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def _folder(*parts: str) -> Path:
    folder = SHARED.joinpath(*parts)
    if not folder.is_dir():
        pytest.skip(f"no {'/'.join(parts)} in {SHARED.name}/ beside the checkout (or in REGRADE_SHARED)")
    return folder


@pytest.fixture(scope="session")
def harness() -> str:
    """The version of the installed harness."""
    try:
        return importlib.metadata.version("lm_eval")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("lm-eval is not installed")


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def examples() -> Path:
    """The bundled example."""
    return ROOT / "examples"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Evaluation data published by third parties."""
    return _folder("data")


@pytest.fixture(scope="session")
def conformance() -> Path:
    """Inputs and outputs recorded from other tools."""
    return _folder("conformance")


@pytest.fixture(scope="session")
def lm_eval_logs() -> Path:
    """Logs of lm-evaluation-harness, one folder per version and task set."""
    return _folder("data", "lm_eval")


@pytest.fixture(scope="session")
def harness_log() -> Path:
    """Logs written by lm-evaluation-harness 0.4.13 with recorded results: gsm8k, ifeval, mmlu, arc."""
    return _folder("data", "lm_eval", "harness_v0.4.13")


class Logs:
    """Writes small logs into a folder, in the shapes that lm-evaluation-harness writes."""

    DATE = "2025-03-01T10-00-00.000000"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def row(self, doc_id: int, answer: str, target: str = "1", **more: Any) -> dict[str, Any]:
        """A row as the newest harness writes it, but for hashes; ``doc`` and others by keyword."""
        row = {
            "doc_id": doc_id,
            "doc": {"question": f"question {doc_id}", "answer": target},
            "target": target,
            "arguments": {"gen_args_0": {"arg_0": f"question {doc_id}", "arg_1": {"until": ["\n"]}}},
            "resps": [[answer]],
            "filtered_resps": [answer],
            "filter": "none",
            "metrics": ["exact_match"],
            "exact_match": float(answer == target),
        }
        return {**row, **more}

    def rows(self, answers: list[str], targets: list[str] | None = None, **more: Any) -> list[dict[str, Any]]:
        """Rows with ids from 0."""
        return [
            self.row(number, answer, (targets or ["1"] * len(answers))[number], **more)
            for number, answer in enumerate(answers)
        ]

    def write(self, rows: list[Any], task: str = "sums", *, date: str = DATE, folder: str = ".") -> Path:
        """Write rows (objects, or lines as texts or bytes) as ``samples_TASK_DATE.jsonl``."""
        path = self.folder / folder / f"samples_{task}_{date}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            row
            if isinstance(row, bytes)
            else (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)).encode()
            for row in rows
        ]
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    def config(self, task: str = "sums", **more: Any) -> dict[str, Any]:
        """A task's configuration as results files hold it."""
        config = {
            "task": task,
            "output_type": "generate_until",
            "doc_to_text": "{{question}}",
            "doc_to_target": "{{answer}}",
            "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
            "repeats": 1,
        }
        return {**config, **more}

    def results(
        self,
        values: dict[str, dict[str, Any]] | None = None,
        *,
        configs: dict[str, dict[str, Any]] | None = None,
        n: int | None = None,
        name: str = f"results_{DATE}.json",
        folder: str = ".",
        version: str | None = "0.4.9",
        **more: Any,
    ) -> Path:
        """Write a results file for the tasks of ``values`` (by default ``sums``)."""
        values = {"sums": {}} if values is None else values
        content: dict[str, Any] = {
            "results": {task: {"alias": task, **recorded} for task, recorded in values.items()},
            "configs": {task: self.config(task) for task in values} if configs is None else configs,
            "versions": dict.fromkeys(values, 1.0),
            "config": {"model": "dummy", "model_args": "pretrained=tiny", "bootstrap_iters": 100000},
            "lm_eval_version": version,
        }
        if n is not None:
            content["n-samples"] = {task: {"original": n, "effective": n} for task in values}
        path = self.folder / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({**content, **more}), encoding="utf-8")
        return path


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    """A writer of small logs into a folder of the test's own."""
    folder = tmp_path / "results"
    folder.mkdir()
    return Logs(folder)


class Ran(NamedTuple):
    """What a command came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run ``regrade`` in this process."""

    def run(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def start_server() -> Iterator[Callable[..., Any]]:
    """Starts servers on loopback that behave as their arguments say; they end with the test."""
    from tests.models.loopback import Behaviour, Loopback, serving

    with ExitStack() as stack:

        def start(**behaviour: Any) -> Loopback:
            return stack.enter_context(serving(Behaviour(**behaviour)))

        yield start


@pytest.fixture(autouse=True, scope="session")
def _interruptible() -> None:
    """Ctrl-C interrupts tests and what they start, even where the shell ignored it (a command in the background)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
