from __future__ import annotations

import pytest

from regrade.lm_eval.inspection import inspect_function

MODULE = """
import subprocess as sp
import evaluate as hf
from datasets import load_dataset
from bert_score import score as bs

try:
    METRIC = hf.load("rouge")
except Exception:
    METRIC = None

if __name__ == "__main__":
    load_dataset("never")

def plain(doc, results):
    return {"acc": helper(doc)}

def helper(doc):
    return Deep().go(doc)

class Deep:
    def go(self, doc):
        return exec(doc)

def shell(doc, results):
    return sp.check_output(["x"])

def neural(doc, results):
    return bs([doc], results)

def data(doc, results):
    return load_dataset("x")

def constant():
    return eval("1 + 1")

def uses_constant(doc, results):
    return METRIC.compute()

def evaluation(doc):
    doc.eval()
    return evaluate(doc)
"""


@pytest.fixture
def module(tmp_path):
    path = tmp_path / "utils.py"
    path.write_text(MODULE)
    return path


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("plain", ["code execution"]),
        ("shell", ["code execution"]),
        ("neural", ["a model"]),
        ("data", ["a dataset"]),
        ("constant", []),
        ("evaluation", []),
        ("uses_constant", []),
        ("Deep.go", ["code execution"]),
        ("absent", []),
    ],
)
def test_what_a_function_needs(module, name, needs):
    found = inspect_function(module, name)
    assert [finding.need for finding in found] == ["the hub", *needs]  # the import itself loads from the hub
    assert found[0].what == "hf.load('rouge')"
    assert (found[0].file, found[0].line) == (str(module), 8)


def test_other_modules_are_followed(tmp_path):
    root = tmp_path / "pack"
    (root / "tasks" / "t").mkdir(parents=True)
    (root / "tasks" / "t" / "utils.py").write_text(
        "from pack.tasks.t import deep\nfrom pack.shared import run as go\nfrom .near import model\n"
        "def a(): return deep.loads()\ndef b(): return go()\ndef c(): return model()\ndef d(): return deep.other()\n"
    )
    (root / "tasks" / "t" / "deep.py").write_text(
        "import requests\ndef loads(): return requests.get('x')\ndef other(): pass\n"
    )
    (root / "tasks" / "t" / "near.py").write_text("def model(): return AutoModel.from_pretrained('x')\n")
    (root / "shared.py").write_text("import os\ndef run(): os.system('x')\n")
    utils = root / "tasks" / "t" / "utils.py"
    needs = {name: [finding.need for finding in inspect_function(utils, name, root)] for name in "abcd"}
    assert needs == {"a": ["the network"], "b": ["code execution"], "c": ["a model"], "d": []}


def test_hub_metrics_by_name(tmp_path):
    path = tmp_path / "m.py"
    path.write_text(
        "import evaluate\n" + "".join(f"def {n}(): evaluate.load('{n}')\n" for n in ("code_eval", "bleurt", "bleu"))
    )
    assert [inspect_function(path, n)[0].need for n in ("code_eval", "bleurt", "bleu")] == [
        "code execution",
        "a model",
        "the hub",
    ]


def test_unreadable_files_have_no_findings(tmp_path):
    (tmp_path / "bad.py").write_text("def f(:\n")
    assert inspect_function(tmp_path / "bad.py", "f") == []
    assert inspect_function(tmp_path / "none.py", "f") == []
