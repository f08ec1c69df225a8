"""Every error has a code, a meaning and a mend, and the codes lead to them."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

import regrade
from regrade.api.explain import MODULES, explain, explanations
from regrade.cli import main
from regrade.errors import InputError, RegradeError, UsageError

ROOT = Path(regrade.__file__).parent


def error_classes() -> set[str]:
    """The qualified names of all classes of the package that are errors of ours, found in the source."""
    bases: dict[str, tuple[str, list[str]]] = {}
    for path in ROOT.rglob("*.py"):
        module = ".".join(("regrade", *path.relative_to(ROOT).with_suffix("").parts))
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                bases[node.name] = (module, [base.id for base in node.bases if isinstance(base, ast.Name)])

    def ours(name: str) -> bool:
        return name == "RegradeError" or any(ours(base) for base in bases.get(name, ("", []))[1])

    return {f"{bases[name][0]}.{name}" for name in bases if ours(name) and not name.startswith("_")}


def test_every_error_is_in_the_catalogue() -> None:
    assert {each.error for each in explanations()} == error_classes()
    assert {name.rpartition(".")[0] for name in error_classes()} == set(MODULES)


def test_every_error_has_a_code_a_meaning_and_a_mend_of_its_own() -> None:
    for name in error_classes():
        module, _, cls = name.rpartition(".")
        error = getattr(import_module(module), cls)
        assert {"code", "mend", "__doc__"} <= {*vars(error)}, name
    found = explanations()
    assert len({each.code for each in found}) == len(found)
    for each in found:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", each.code)
        assert each.meaning.endswith(".")
        assert each.mend.endswith(".")


def test_the_codes_that_were_given_once_stay() -> None:
    """A code is public: it may be added to, not renamed."""
    assert {each.code for each in explanations()} >= {
        *(
            "access-denied",
            "ambiguous-row",
            "artifact",
            "chat-row",
            "engine",
            "error",
            "expression",
            "input",
            "internal",
        ),
        *(
            "missing-argument",
            "missing-field",
            "missing-package",
            "model",
            "no-reference",
            "nothing-selected",
            "output",
        ),
        *("recipe", "row-expression", "spelling", "syntax", "system", "time-limit", "unavailable", "unknown-argument"),
        *("unknown-role", "unknown-type", "unresolved-reference", "usage", "wrong-value"),
    }


def test_the_code_stands_behind_the_message() -> None:
    error = InputError("the file is empty", where="a.jsonl", hint="write something into it")
    assert str(error) == "a.jsonl: the file is empty\n  write something into it"
    assert error.with_code() == "a.jsonl: the file is empty [input]\n  write something into it"


def test_an_error_in_code_that_is_raised_in_the_project_is_known() -> None:
    """Whatever ``code="..."`` an error is made with has its explanation."""
    given = {
        keyword.value.value
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Error")
        for keyword in node.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }
    assert given <= {each.code for each in explanations()}
    assert given


@pytest.mark.parametrize("code", ["usage", "[usage]", " usage "])
def test_a_code_is_explained(code: str) -> None:
    assert explain(code).error == "regrade.errors.UsageError"
    assert explain(code).exit_code == 2


def test_a_code_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="did you mean usage"):
        explain("usags")


def test_the_command_line_prints_codes_and_explains_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    assert main(["score", str(empty)]) == 1
    message = capsys.readouterr().err
    assert message == f"regrade: {empty}: the file is empty [input]\n"
    assert main(["explain", re.search(r"\[(.*?)\]", message.removeprefix(f"regrade: {empty}"))[1]]) == 0  # type: ignore[index]
    assert capsys.readouterr().out.startswith("input: A file or row that cannot be read.\n")
    assert main(["explain"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(explanations())
    assert main(["explain", "nonsense-code"]) == 2
    assert capsys.readouterr().err.endswith("[usage]\n  regrade explain lists the codes\n")
    assert main(["score", "--no-such-option"]) == 2
    assert "[usage]\n" in capsys.readouterr().err


def test_errors_of_the_class_that_all_are() -> None:
    assert issubclass(UsageError, RegradeError)
    assert regrade.RegradeError is RegradeError
