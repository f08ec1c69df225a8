"""The bundled examples."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from regrade.errors import InputError, UsageError

#: Files of the checkout that make the examples, and are none themselves.
_TOOLS: Final = ("make_*.py", "demo.sh", "*.pyc")


def bundled_examples() -> Path:
    """The examples' folder: beside the modules where Regrade is installed, at the top of a checkout.

    Raises:
        InputError: this installation has none.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "examples", package.parent.parent / "examples"):
        if (folder / "results").is_dir():
            return folder
    raise InputError(
        "this installation came without the examples", where=str(package), hint="pip install --force-reinstall regrade"
    )


def write_examples(folder: Path) -> int:
    """Copy the examples into a folder, and return how many files were written. No file there is changed.

    Raises:
        UsageError: a file of the same name, but with other contents, is there; then nothing was written.
    """
    source = bundled_examples()
    files = [path for path in sorted(source.rglob("*")) if path.is_file() and not any(map(path.match, _TOOLS))]
    contents = {folder / path.relative_to(source): path.read_bytes() for path in files}
    missing = {path: data for path, data in contents.items() if not _is_there(path, data)}
    for path, data in missing.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
    return len(missing)


def _is_there(path: Path, data: bytes) -> bool:
    if not path.exists() and not path.is_symlink():
        return False
    if path.is_file() and path.read_bytes() == data:
        return True
    raise UsageError("is there already, and is no example", where=str(path), hint="name a folder: regrade demo DIR")
