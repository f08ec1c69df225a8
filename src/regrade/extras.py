"""Optional packages: they are imported by :func:`require` only, so that a missing one says how to get it.

A plain installation brings what scoring a log needs. The rest comes with extras
(``pip install 'regrade[hf]'``), and no command may end in a traceback because one is not there.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from regrade.errors import MissingPackageError

#: What ``pip install`` is given to get an optional package, by the name that is imported.
SOURCES: Final[dict[str, str]] = {
    "PIL": "pillow",
    "autoevals": "regrade[autoevals]",
    "datasets": "regrade[hf]",
    "huggingface_hub": "regrade[hf]",
    "jsonschema": "regrade[tools]",
    "litellm": "regrade[litellm]",
    "lm_eval": "regrade[lm-eval]",
    "matplotlib": "regrade[plots]",
    "nltk": "regrade[nltk]",
    "openpyxl": "regrade[xlsx]",
    "pandas": "regrade[pandas]",
    "polars": "regrade[polars]",
    "ray": "regrade[ray]",
    "sacrebleu": "regrade[sacrebleu]",
    "sklearn": "scikit-learn",
    "spacy": "regrade[spacy]",
    "sqlglot": "regrade[sql]",
    "sqlparse": "regrade[sql]",
    "torch": "regrade[transformers]",
    "transformers": "regrade[transformers]",
    "upath": "regrade[remote]",
    "vllm": "regrade[vllm]",
}

_NAMES: Final = {"PIL": "Pillow", "sklearn": "scikit-learn", "upath": "universal-pathlib", "lm_eval": "lm-eval"}


def is_installed(package: str) -> bool:
    """Whether an optional package can be found; it is not imported."""
    try:
        return find_spec(package) is not None
    except ValueError:  # imported without a specification, as test doubles are
        return True


def install_command(package: str) -> str:
    """The command that installs an optional package: ``pip install 'regrade[hf]'``."""
    source = SOURCES[package]
    return f"pip install '{source}'" if "[" in source else f"pip install {source}"


def find_missing(*packages: str, to: str) -> str | None:
    """Why something cannot be done for want of packages, with the command that installs them; None if all are here.

    Nothing is imported, so this can be asked about every step before the first one runs.

    Args:
        packages: Optional packages, by the names that are imported.
        to: What needs them, as the subject of a sentence: ``comparing queries``.
    """
    absent = [package for package in packages if not is_installed(package)]
    if not absent:
        return None
    commands = " and ".join(dict.fromkeys(map(install_command, absent)))
    return f"{_need(to, absent)}: {commands}"


def check_installed(package: str, *, to: str, where: str | None = None, hint: str | None = None) -> None:
    """Raise MissingPackageError where a package is not installed; nothing is imported. Arguments: :func:`require`."""
    if not is_installed(package):
        what = f"{_need(to, [package])}, which is not installed"
        raise MissingPackageError(what, where=where, hint=_advice(package, hint))


def require(module: str, *, to: str, where: str | None = None, hint: str | None = None) -> Any:
    """Import an optional package, or one of its modules.

    Args:
        module: A dotted name: ``huggingface_hub``, ``PIL.Image``.
        to: What needs it, as the subject of a sentence: ``a data set of the hub``.
        where: The file, option or name that asked for it.
        hint: What can be done without the package; it follows the command that installs it.

    Raises:
        MissingPackageError: it is not installed, or cannot be imported.
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        lacks = (error.name or "").partition(".")[0]
        if lacks == package:
            what = f"{_need(to, [package])}, which is not installed"
        else:
            what = f"{_need(to, [package])}, which lacks {error.name or error}"
    except Exception as error:  # whatever a broken or unfitting installation raises
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        what = f"{_need(to, [package])}, which is installed but cannot be imported: {reason}"
    raise MissingPackageError(what, where=where, hint=_advice(package, hint)) from None


def _advice(package: str, hint: str | None) -> str:
    return install_command(package) + (f", or {hint}" if hint else "")


def _need(to: str, packages: list[str]) -> str:
    names = " and ".join(_NAMES.get(package, package) for package in packages)
    return f"{to} needs the package{'s' if len(packages) > 1 else ''} {names}"
