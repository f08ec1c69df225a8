"""What ``reference/errors`` shows: every kind of error, made from the classes."""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

from regrade.api.explain import Explanation, explanations


def section(error: Explanation) -> str:
    """The section of one code; the heading is the code, so that ``errors.html#CODE`` leads to it."""
    return (
        f"## {error.code}\n\n{error.meaning}\n\n**To mend:** {error.mend}\n\n"
        f"Exit code {error.exit_code}; in Python `{error.error}`.\n"
    )


def write_page(app: Sphinx) -> None:
    """Write the sections, if their text has changed."""
    file = Path(app.srcdir) / "reference" / "generated" / "errors.inc"
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(map(section, explanations()))
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the page before the files are read."""
    app.connect("builder-inited", write_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
