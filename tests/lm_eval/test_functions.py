from __future__ import annotations

import json
import random
import socket
import subprocess
import sys

import numpy
import pytest

from regrade.errors import UnavailableError
from regrade.lm_eval import functions
from regrade.lm_eval.functions import package_root, resolve
from regrade.schema import FunctionRef

LOOSE = """
import random
import numpy as np
from . import sibling
from .sibling import double

print("imported")

class Filter:
    def __init__(self, n=1):
        self.n = n

def twice(doc):
    return double(doc)

def scaled(doc, by=1):
    return doc * by

def draw(doc):
    return random.random(), np.random.rand()

def fetch(doc):
    import socket
    return socket.create_connection(("example.org", 80))

def swallowed(doc):
    try:
        fetch(doc)
    except OSError as error:
        raise ValueError("wrapped") from error

def lacks(doc):
    import a_module_that_is_not_there

def tokenizer(doc):
    raise LookupError("Resource punkt_tab not found.\\n  >>> import nltk\\n  >>> nltk.download('punkt_tab')\\n")

def fails(doc):
    raise KeyError("x")

constant = 3
"""


@pytest.fixture
def loose(tmp_path):
    (tmp_path / "utils.py").write_text(LOOSE)
    (tmp_path / "sibling.py").write_text("def double(doc): return doc * 2\n")
    return str(tmp_path / "utils.py")


def get(file, name, **parts):
    return resolve(FunctionRef(name, file, "file", **parts), trust_code=True)


def test_quoted_code_never_runs(loose):
    for ref in (FunctionRef("f"), FunctionRef("twice", loose, "quoted")):
        with pytest.raises(UnavailableError, match="quoted code never runs"):
            resolve(ref, trust_code=True)


def test_loose_files_need_trust(loose):
    for origin in ("file", "package"):  # what a reference says of itself is not believed
        with pytest.raises(UnavailableError, match="--trust-code"):
            resolve(FunctionRef("twice", loose, origin))


def test_loose_files(loose, capsys):
    path = list(sys.path)
    assert get(loose, "twice")(21) == 42
    assert get(loose, "scaled", partial={"by": 3})(2) == 6
    assert get(loose, "Filter")().n == 1
    assert get(loose, "Filter", partial={"n": 2})().n == 2
    assert sys.path == path
    assert "sibling" not in sys.modules
    assert capsys.readouterr().out == ""
    assert get(loose, "twice").__name__ == "twice"
    with pytest.raises(KeyError):
        get(loose, "fails")(1)


def test_what_is_not_there(loose, tmp_path):
    for name, message in {"absent": "no function 'absent'", "constant": "is no function"}.items():
        with pytest.raises(UnavailableError, match=message):
            get(loose, name)
    with pytest.raises(UnavailableError, match="does not exist"):
        get(str(tmp_path / "none.py"), "f")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import a_module_that_is_not_there", "needs the module 'a_module_that_is_not_there'"),
        (
            "try:\n    import nowhere.at.all\nexcept ImportError:\n    raise ValueError('sorry')",
            "needs the module 'nowhere'",
        ),
        ("import socket\nsocket.create_connection(('example.org', 80))", "needs the network .*example.org"),
        ("import urllib.request\nurllib.request.urlopen('http://example.org')", "needs the network"),
        ("1 / 0", "fails: ZeroDivisionError"),
        ("raise SystemExit(3)", "fails: SystemExit"),
        ("def f(:", "fails: SyntaxError"),
    ],
)
def test_imports_that_fail(tmp_path, source, message):
    (tmp_path / "broken.py").write_text(source + "\ndef f(): ...\n")
    for _ in range(2):  # a failed import leaves nothing behind
        with pytest.raises(UnavailableError, match=message) as caught:
            get(str(tmp_path / "broken.py"), "f")
        assert caught.value.where == str(tmp_path / "broken.py")


def test_calls_that_need_more(loose):
    for name, message in {
        "fetch": "needs the network",
        "swallowed": "needs the network",
        "lacks": "needs the module 'a_module_that_is_not_there'",
        "tokenizer": "python -m nltk.downloader punkt_tab",
    }.items():
        with pytest.raises(UnavailableError, match=message):
            get(loose, name)(1)


def test_the_network_is_open_elsewhere(loose):
    with pytest.raises(UnavailableError):
        get(loose, "fetch")(1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()):
            pass
        (server_port,) = server.getsockname()[1:2]
        with functions._offline(), socket.create_connection(("localhost", server_port)):
            pass  # loopback stays open
    assert getattr(functions._closed, "depth", 0) == 0


def test_chance_depends_on_the_arguments_alone(loose):
    draw = get(loose, "draw")
    random.seed(5)
    numpy.random.seed(5)
    before = random.getstate()
    first = draw("a")
    assert draw("b") != first
    random.random()
    assert draw("a") == first
    random.setstate(before)
    expected = random.random()
    random.setstate(before)
    draw("c")
    assert random.random() == expected  # and the caller's generator goes on as if nothing had been


def test_langdetect_is_seeded(tmp_path):
    langdetect = pytest.importorskip("langdetect")
    langdetect.DetectorFactory.seed = None
    (tmp_path / "lang.py").write_text("import langdetect\ndef f(doc): return langdetect.DetectorFactory.seed\n")
    assert get(str(tmp_path / "lang.py"), "f")("x") == 0


def test_nothing_is_imported_needlessly(tmp_path):
    (tmp_path / "light.py").write_text("def f(doc): return doc\n")
    program = (
        "import sys\n"
        "from regrade.lm_eval.functions import resolve\n"
        "from regrade.schema import FunctionRef\n"
        f"assert resolve(FunctionRef('f', {str(tmp_path / 'light.py')!r}, 'file'), True)(3) == 3\n"
        "assert not {'langdetect', 'numpy', 'nltk', 'yaml', 'jinja2'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


# -- the installed harness -------------------------------------------------------------------------------------------


def of_harness(file, name):
    return FunctionRef(name, str(package_root() / "tasks" / file), "package")


@pytest.mark.parametrize(
    ("file", "name", "message"),
    [
        ("humaneval/utils.py", "pass_at_k", "needs code execution"),
        ("mbpp/utils.py", "pass_at_1", "needs code execution"),
        ("cruxeval/utils.py", "pass_at_k", "needs code execution"),
        ("french_bench/utils.py", "rouge1_agg", "needs the hub"),
        ("noreval/norsumm/utils.py", "process_results", "needs a model"),
        ("libra/utils.py", "filter_dataset_by_page_lengths", "needs a dataset"),
    ],
)
def test_what_the_harness_may_not_do(harness, file, name, message):
    with pytest.raises(UnavailableError, match=message):
        resolve(of_harness(file, name))


@pytest.mark.slow
def test_ifeval_as_recorded(harness, harness_log):
    """The harness's own verdicts on its own log, and the heavy packages stay out."""
    for package in ("langdetect", "nltk", "immutabledict"):
        pytest.importorskip(package)
    (samples,) = harness_log.glob("ifeval_540/samples_*.jsonl")
    process_results = resolve(of_harness("ifeval/utils.py", "process_results"))
    differing = 0
    for line in samples.read_bytes().splitlines():
        row = json.loads(line)
        found = process_results(row["doc"], row["filtered_resps"])
        differing += any(found[key] != row[key] for key in found)
        assert set(found) == {
            "prompt_level_strict_acc",
            "inst_level_strict_acc",
            "prompt_level_loose_acc",
            "inst_level_loose_acc",
        }
    assert differing == 0
    aggregate = resolve(of_harness("ifeval/utils.py", "agg_inst_level_acc"))
    assert aggregate([[True, False], [True]]) == 2 / 3


@pytest.mark.slow
def test_the_harness_stays_unexecuted_until_used(harness):
    pytest.importorskip("scipy")
    program = (
        "import sys\n"
        "from regrade.lm_eval.functions import package_root, resolve\n"
        "from regrade.schema import FunctionRef\n"
        "file = str(package_root() / 'tasks' / 'drop' / 'utils.py')\n"
        "resolve(FunctionRef('process_results', file, 'package'))\n"
        "assert not {'datasets', 'pandas', 'torch', 'lm_eval.api.task'} & set(sys.modules)\n"
        "import lm_eval, lm_eval.tasks\n"
        "assert lm_eval.__version__[0] == '0'\n"
        "assert callable(lm_eval.simple_evaluate)\n"
        "assert lm_eval.tasks.TaskManager.__name__ == 'TaskManager'\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)
