"""The peer: lm-evaluation-harness in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

HARNESS_VERSION = "0.4.13"
PACKAGES = (f"lm-eval=={HARNESS_VERSION}", "orjson", "msgspec")
"""What the peer's environment holds. The harness needs no torch as long as no model of its own is loaded."""

IN_PEER = Path(__file__).parent / "in_peer"
"""Scripts that the peer's Python runs."""


def offline(workdir: Path) -> dict[str, str]:
    """Variables for the processes of peers: no network, Hugging Face's caches inside the work folder, no bars."""
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "HF_HOME": str(workdir / "huggingface"),
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "TQDM_DISABLE": "1",
    }


@dataclass(frozen=True)
class Peer:
    """A Python that has the harness."""

    python: Path
    package: Path

    def task_file(self, name: str) -> Path:
        """The path of one of the harness's own task files."""
        return self.package / "tasks" / name

    def environment(self, workdir: Path) -> dict[str, str]:
        """Variables for its processes: no network, the data-set cache inside the work folder, no progress bars."""
        return {**offline(workdir), "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "TOKENIZERS_PARALLELISM": "false"}


def find_peer(python: Path | None, workdir: Path) -> Peer:
    """The given Python, or one in an environment that is made below ``workdir`` on first use.

    Raises:
        SystemExit: it has no harness, or one of another version.
    """
    if python is None:
        python = _make_environment(workdir / f"peer-{HARNESS_VERSION}")
    probe = "import importlib.metadata, lm_eval; print(importlib.metadata.version('lm_eval')); print(lm_eval.__file__)"
    done = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{python} has no lm_eval: {done.stderr.strip().splitlines()[-1]}")
    version, origin = done.stdout.split("\n")[:2]
    if version != HARNESS_VERSION:
        raise SystemExit(f"{python} has lm_eval {version}; the benchmark is written for {HARNESS_VERSION}")
    return Peer(python.absolute(), Path(origin).parent)


def _make_environment(folder: Path) -> Path:
    """Make a virtual environment with ``PACKAGES`` unless it is there, and return its Python."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = folder / "installed.txt"
    if not stamp.exists():
        print(f"installing {', '.join(PACKAGES)} into {folder} ...", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        stamp.write_text("\n".join(PACKAGES), encoding="utf-8")
    return python


def has_module(python: str | Path, module: str) -> bool:
    """Whether this Python can import a module."""
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0
