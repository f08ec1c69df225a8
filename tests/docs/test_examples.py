"""Code in the documentation runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

#: Pages whose Python needs nothing else, and what shows that it did what the page says.
PAGES = {
    "rooms/cards.md": "assert Shout(field='a').process_row({'a': 'hi'}) == {'a': 'HI'}",
    "rooms/models.md": """
import asyncio
from regrade.models.named import named_model
from regrade.schema import Request

async def asked():
    async def requests():
        yield Request(sample_id="a", messages=[{"role": "user", "content": "hi"}])
    return [answer.text async for answer in named_model("shout:loudly").answer(requests())]

assert asyncio.run(asked()) == ["HI"]
""",
}


@pytest.mark.parametrize("page", PAGES)
def test_python_in_a_page(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code + PAGES[page]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_python_of_the_guide(tmp_path: Path) -> None:
    """In a process of its own, in an empty folder with the examples: as a reader does."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    page = ROOT / "docs" / "guides" / "python.md"
    code = f"import doctest, sys; sys.exit(doctest.testfile({str(page)!r}, module_relative=False)[0] > 0)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("REGRADE_", "OPENAI_"))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stdout
