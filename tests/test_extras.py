"""What needs an optional package says how to get it, and never ends in a traceback."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import regrade
from regrade import extras
from regrade.errors import MissingPackageError, RegradeError, UnavailableError

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "regrade"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

#: Names that are imported, where they are not those of the package.
IMPORTED = {"pyyaml": "yaml", "universal-pathlib": "upath"}

#: Modules that look for the files of an installed package, and import nothing of it.
FINDERS = {
    "extras.py",
    "cli/arrow.py",
    "lm_eval/functions.py",
    "lm_eval/task_yaml.py",
    "artifacts/catalogs.py",
}


def imported_name(requirement: str) -> str:
    name = re.match(r"[\w.-]+", requirement)[0].lower()  # type: ignore[index]
    return IMPORTED.get(name, name.replace("-", "_"))


CORE = {imported_name(requirement) for requirement in PYPROJECT["dependencies"]} | {"regrade"}


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that is run: what only type checkers read is left out."""
    waiting = [node]
    while waiting:
        for child in ast.iter_child_nodes(waiting.pop()):
            if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
                yield child
                waiting.append(child)


def packages_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [(node.module or "").partition(".")[0]]
    return []


def foreign_imports(code: str) -> list[str]:
    """Imports of packages that a plain installation does not bring."""
    known = CORE | sys.stdlib_module_names
    if set(re.findall(r"^\s*(?:import|from)\s+(\w+)", code, re.MULTILINE)) <= known:  # most modules: not parsed
        return []
    return [
        f"{node.lineno}: {package}"  # type: ignore[attr-defined]
        for node in statements(ast.parse(code))
        for package in packages_of(node)
        if package not in known
    ]


def test_optional_packages_are_imported_by_one_function_only() -> None:
    modules = {path.relative_to(SOURCE).as_posix(): path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")}
    assert len(modules) > 300
    found = {name: lines for name, code in modules.items() if (lines := foreign_imports(code))}
    assert not found, "use regrade.extras.require, or name the package in [project.dependencies]"
    assert {name for name, code in modules.items() if re.search(r"(?<!def )find_spec\(", code)} == FINDERS


def test_a_foreign_import_is_found_wherever_it_stands() -> None:
    code = "def f():\n    try:\n        from polars import DataFrame\n    except ImportError:\n        pass\n"
    assert foreign_imports(code) == ["3: polars"]
    assert foreign_imports("if TYPE_CHECKING:\n    import polars\n") == []


def test_every_source_of_an_optional_package_is_an_extra_that_has_it() -> None:
    for package, source in extras.SOURCES.items():
        if found := re.fullmatch(r"regrade\[([\w-]+)\]", source):
            requirements = PYPROJECT["optional-dependencies"][found[1]]
            assert package in {imported_name(requirement) for requirement in requirements}, source


@pytest.fixture
def block(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a package look as if it were not installed."""

    def hide(package: str) -> None:
        for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, package, None)

    return hide


def artifact(module: str, name: str, /, **arguments: Any) -> Any:
    return getattr(import_module(f"regrade.{module}"), name)(**arguments)


def metric(module: str, name: str) -> Any:
    return artifact(f"metrics.{module}", name)


def model(name: str) -> Any:
    from regrade.models.named import named_model

    made = named_model(name)
    return made.load()  # type: ignore[attr-defined]


def process_docs() -> None:
    from regrade.lm_eval.documents import TaskDocuments
    from regrade.schema import FunctionRef, Recipe

    recipe = Recipe(task="a_task", metadata={"test_split": "test"})
    TaskDocuments(recipe, lambda _: lambda rows: rows)._processed([], FunctionRef("f", "f.py", "package"))


SCHEMA: dict[str, Any] = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}

#: Something that needs each package, as a person reaches it.
USES: dict[str, Callable[[], Any]] = {
    "PIL": lambda: artifact("cards.operators.images.pixels", "DecodeImage", field="a").process_row({"a": "eA=="}),
    "autoevals": lambda: artifact("judging.autoevals_model", "AutoevalsModel", name="openai:x"),
    "datasets": process_docs,
    "huggingface_hub": lambda: regrade.score("hf://datasets/org/name", expected="a", answer="b"),
    "jsonschema": lambda: metric("structured.tool_calls", "ToolCallingMetric").measure(
        {"name": "f", "arguments": {}}, [{"name": "f", "arguments": {}}], {"__tools__": [SCHEMA]}
    ),
    "litellm": lambda: model("litellm:groq/x"),
    "lm_eval": lambda: import_module("regrade.lm_eval.index").installed_index(rebuild=True),
    "matplotlib": lambda: import_module("regrade.reports.drawing").to_png(
        import_module("regrade.reports.drawing").Drawing(10, 10, [], "")
    ),
    "nltk": lambda: metric("text.rouge", "Rouge").measure("One. Two.", ["One."], {}),
    "openpyxl": lambda: import_module("regrade.files.workbooks").sheet_of(
        str(ROOT / "examples" / "answers.xlsx"), None
    ),
    "pandas": lambda: regrade.score(ROOT / "examples" / "results").to_pandas(),
    "polars": lambda: regrade.score(ROOT / "examples" / "results").to_polars(),
    "ray": lambda: artifact("engine.ray", "RayEngine"),
    "sacrebleu": lambda: metric("text.normalized_sacrebleu", "NormalizedSacrebleu")._metric("flores200"),
    "sklearn": lambda: list(
        artifact("rows.loaders.elsewhere", "LoadFromSklearn", dataset_name="20newsgroups")._rows(
            "train", type("Loading", (), {"data": None})()
        )
    ),
    "spacy": lambda: metric("text.shared_words", "F1Strings").measure("a", ["a"], {}),
    "sqlglot": lambda: metric("structured.sql", "SQLNonExecutionAccuracy").measure("SELECT 1", ["SELECT 1"], {}),
    "sqlparse": lambda: metric("structured.sql", "SQLNonExecutionAccuracy").measure("SELECT 1", ["SELECT 1"], {}),
    "torch": lambda: model("transformers:x"),
    "transformers": lambda: artifact("cards.prompting.chat_formats", "HFSystemFormat", model_name="x").process_row(
        {"source": "q"}
    ),
    "upath": lambda: regrade.score("s3://bucket/x"),
    "vllm": lambda: model("vllm:x"),
}


def test_every_optional_package_has_a_use_here() -> None:
    assert set(USES) == set(extras.SOURCES)


@pytest.mark.parametrize("package", sorted(extras.SOURCES))
def test_without_a_package_its_command_is_told(
    package: str, block: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, cached in (
        ("lm_eval.functions", "package_root"),
        ("metrics.text.rouge", "_splitter"),
        ("metrics.text.shared_words", "_tokenizer"),
        ("metrics.structured.tool_calls", "_validator"),
    ):
        getattr(import_module(f"regrade.{module}"), cached).cache_clear()
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    block(package)
    with pytest.raises(UnavailableError) as caught:
        USES[package]()
    assert extras.install_command(package) in str(caught.value)
    import_module("regrade.lm_eval.functions").package_root.cache_clear()


def test_the_hub_card_of_the_catalog_says_what_to_install(
    block: Callable[[str], None], cli: Callable[..., Any], tmp_path: Path
) -> None:
    block("huggingface_hub")
    ran = cli("card", "run", "mt_bench.pairwise.single_turn", "-o", tmp_path / "out.jsonl")
    assert ran.code == 1
    assert "pip install 'regrade[hf]'" in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out.jsonl").exists()


def test_a_broken_installation_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "polars").mkdir()
    (tmp_path / "polars" / "__init__.py").write_text("raise OSError('libfoo.so: cannot open')\n", encoding="utf-8")
    for name in [name for name in sys.modules if name.partition(".")[0] == "polars"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingPackageError, match=r"is installed but cannot be imported: libfoo\.so") as caught:
        extras.require("polars", to="to_polars()")
    assert caught.value.hint == "pip install 'regrade[polars]'"


def test_what_a_package_lacks_itself_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "polars.py").write_text("import nowhere_to_be_found\n", encoding="utf-8")
    for name in [name for name in sys.modules if name.partition(".")[0] == "polars"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingPackageError, match="needs the package polars, which lacks nowhere_to_be_found"):
        extras.require("polars", to="to_polars()")


def test_the_errors_are_ours_and_survive_a_process_boundary() -> None:
    import pickle

    error = MissingPackageError("what", where="where", hint="hint")
    assert isinstance(error, RegradeError)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
