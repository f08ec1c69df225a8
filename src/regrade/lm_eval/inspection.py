"""What a Python scoring function would do, found by reading its source: nothing is run.

A task's function may run the answers as programs, load a neural model or fetch something from a hub. That has to be
known before it is called, and by name. Reading follows the names that a function uses, through its module and the
modules of the same package that it imports from; what runs when those modules are imported counts too.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

Need: TypeAlias = Literal["code execution", "a model", "the hub", "a dataset", "the network"]


class Finding(msgspec.Struct, frozen=True):
    """Something that a function needs beyond a document and an answer.

    Attributes:
        need: What it is.
        what: The call that says so, as written.
        file: The Python file.
        line: 1-based line number.
    """

    need: Need
    what: str
    file: str
    line: int


#: Calls by their dotted name. A name with a leading dot matches any object's method.
_CALLS: dict[str, Need] = {
    "exec": "code execution",
    "eval": "code execution",
    "os.system": "code execution",
    "os.popen": "code execution",
    "subprocess.run": "code execution",
    "subprocess.call": "code execution",
    "subprocess.check_call": "code execution",
    "subprocess.check_output": "code execution",
    "subprocess.Popen": "code execution",
    ".from_pretrained": "a model",
    "spacy.load": "a model",
    "bert_score.score": "a model",
    "bert_score.BERTScorer": "a model",
    "bert_score.scorer.BERTScorer": "a model",
    "comet.download_model": "a model",
    "transformers.pipeline": "a model",
    "evaluate.load": "the hub",
    "datasets.load_metric": "the hub",
    "huggingface_hub.hf_hub_download": "the hub",
    "huggingface_hub.snapshot_download": "the hub",
    "datasets.load_dataset": "a dataset",
    "requests.get": "the network",
    "requests.post": "the network",
    "urllib.request.urlopen": "the network",
    "openai.OpenAI": "the network",
}
#: What a metric of the hub needs besides.
_HUB_METRICS: dict[str, Need] = {
    "code_eval": "code execution",
    "bertscore": "a model",
    "bleurt": "a model",
    "comet": "a model",
    "perplexity": "a model",
}

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


class _Module:
    """The top level of one Python file: what it defines, what its import runs, what its names stand for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.definitions: dict[str, list[ast.AST]] = {}
        self.imported: dict[str, str] = {}
        self.statements: list[ast.AST] = []
        with warnings.catch_warnings():  # its escapes are no concern of ours
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes(), filename=str(path))
        for node in ast.walk(tree):
            self._imports(node)
        for statement in tree.body:
            self._top(statement)

    def _imports(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                self.imported[alias.asname or name] = name
        elif isinstance(node, ast.ImportFrom):
            prefix = "." * node.level + (node.module or "")
            for alias in node.names:
                self.imported[alias.asname or alias.name] = f"{prefix}:{alias.name}"

    def _top(self, statement: ast.AST) -> None:
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                self.definitions.setdefault(name, []).append(statement)
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                pass
            case ast.If(body=body, orelse=rest) | ast.Try(body=body, orelse=rest):
                for inner in [*body, *rest, *(getattr(statement, "finalbody", None) or [])]:
                    self._top(inner)
            case ast.Assign(targets=targets):
                self.statements.append(statement)
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.definitions.setdefault(target.id, []).append(statement)
            case ast.Import() | ast.ImportFrom():
                pass
            case _:
                self.statements.append(statement)

    def dotted_name(self, node: ast.expr) -> str:
        """The dotted name of an expression, with imported names spelt out; empty for anything else."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id).replace(":", ".").lstrip(".")
        if isinstance(node, ast.Attribute):
            return f"{self.dotted_name(node.value)}.{node.attr}"
        return ""


@lru_cache(maxsize=512)
def _module(path: Path) -> _Module | None:
    try:
        return _Module(path)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None


def inspect_function(file: str | Path, name: str, root: str | Path | None = None) -> list[Finding]:
    """Find what a function needs beyond a document and an answer.

    Args:
        file: The Python file that defines it.
        name: Its name in there; the first part of a dotted one counts.
        root: The directory of the installed package it belongs to; imports from that package are followed.

    Returns:
        The findings, without repetition, in the order of reading. A file that cannot be read or parsed has none: its
        import will say what is wrong.
    """
    found: list[Finding] = []
    seen: set[tuple[Path, str]] = set()
    package = Path(root) if root else None
    pending = [(Path(file), name.partition(".")[0])]
    while pending:
        path, wanted = pending.pop(0)
        if (path, wanted) in seen or (module := _module(path)) is None:
            continue
        if (path, "") not in seen:
            seen.add((path, ""))
            for statement in module.statements:
                found += _calls(module, statement)
        seen.add((path, wanted))
        for node in module.definitions.get(wanted, []):
            found += [finding for finding in _calls(module, node) if finding not in found]
            pending += [(path, used) for used in _names(node) if used in module.definitions]
        pending += _followed(module, wanted, package)
    return list(dict.fromkeys(found))


def _names(node: ast.AST) -> Iterator[str]:
    """Names that code uses; ``module.attribute`` of an imported module included, as ``module``."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id


def _followed(module: _Module, wanted: str, root: Path | None) -> Iterator[tuple[Path, str]]:
    """Where the imported names that ``wanted`` uses are defined, in files of the same package."""
    nodes = module.definitions.get(wanted, [])
    used = {name for node in nodes for name in _names(node)} | {wanted}
    for name in used & module.imported.keys():
        origin, _, attribute = module.imported[name].partition(":")
        for path, inner in _places(module.path, origin, attribute, root):
            if path.is_file():
                if inner:
                    yield path, inner
                else:
                    yield from ((path, attribute) for attribute in _attributes(nodes, name))


def _attributes(nodes: list[ast.AST], module: str) -> Iterator[str]:
    """What code uses of an imported module: the ``y`` of each ``module.y``."""
    for inner in (inner for node in nodes for inner in ast.walk(node)):
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == module:
            yield inner.attr


def _places(path: Path, origin: str, attribute: str, root: Path | None) -> Iterator[tuple[Path, str]]:
    bare = origin.lstrip(".")
    parts = bare.split(".") if bare else []
    if origin.startswith("."):
        base = path.parents[len(origin) - len(bare) - 1]
    elif root is not None and parts and parts[0] == root.name:
        base, parts = root, parts[1:]
    else:
        base = path.parent
    target = base.joinpath(*parts)
    if parts:
        yield target.with_suffix(".py"), attribute
    if attribute:
        yield target / f"{attribute}.py", ""


def _calls(module: _Module, node: ast.AST) -> Iterator[Finding]:
    for inner in ast.walk(node):
        if not isinstance(inner, ast.Call):
            continue
        name = module.dotted_name(inner.func)
        need = _CALLS.get(name) or _CALLS.get(f".{name.rpartition('.')[2]}" if "." in name else "")
        if need is None or (name in ("exec", "eval") and _constant(inner)):
            continue
        if name == "evaluate.load" and inner.args and isinstance(inner.args[0], ast.Constant):
            need = _HUB_METRICS.get(str(inner.args[0].value), need)
        yield Finding(need, ast.unparse(inner)[:80], str(module.path), inner.lineno)


def _constant(call: ast.Call) -> bool:
    return all(isinstance(argument, ast.Constant) for argument in call.args)
