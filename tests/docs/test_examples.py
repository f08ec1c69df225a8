"""Code in the documentation runs."""

from __future__ import annotations

import re
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
