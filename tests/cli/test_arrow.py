"""Commands do not load pandas through Arrow, and what asks for pandas still gets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(program: str, *arguments: str | Path, folder: Path) -> None:
    subprocess.run([sys.executable, "-c", program, *map(str, arguments)], check=True, cwd=folder, capture_output=True)


def test_a_run_loads_no_pandas(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    support = ROOT / "examples" / "support"
    program = (
        "import sys; from regrade.cli import main\n"
        "assert main(['run', sys.argv[1], '--model', 'replay:' + sys.argv[2], '--workspace', 'runs']) == 0\n"
        "assert 'pyarrow' in sys.modules\n"
        "assert not {'pandas', 'aiohttp', 'scipy'} & set(sys.modules)\n"
    )
    run(program, support / "support.yaml", support / "answers.jsonl", folder=tmp_path)


def test_pandas_is_there_for_who_asks(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    program = (
        "import sys\n"
        "from regrade.cli.arrow import leave_pandas_out\n"
        "leave_pandas_out()\n"
        "import pyarrow\n"
        "assert not any(type(finder).__name__ == '_ArrowFinder' for finder in sys.meta_path)\n"
        "assert pyarrow.array([1, 2]).to_pylist() == [1, 2] and 'pandas' not in sys.modules\n"
        "assert pyarrow.table({'a': [1]}).to_pandas()['a'].tolist() == [1]\n"
        "import pandas\n"
        "assert pyarrow.array(pandas.Series([1.0, float('nan')])).to_pylist() == [1.0, None]\n"
    )
    run(program, folder=tmp_path)


def test_pandas_may_be_what_loads_arrow(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    program = (
        "from regrade.cli.arrow import leave_pandas_out\n"
        "leave_pandas_out()\n"
        "import pandas\n"
        "assert pandas.Series([1, 2]).tolist() == [1, 2]\n"
    )
    run(program, folder=tmp_path)


def test_what_is_loaded_already_is_left_alone() -> None:
    import pyarrow  # noqa: F401

    from regrade.cli.arrow import leave_pandas_out

    before = list(sys.meta_path)
    leave_pandas_out()
    assert sys.meta_path == before
