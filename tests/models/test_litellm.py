"""Providers through LiteLLM, against the loopback server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.models.asking import HASTY, answers, chat
from tests.models.loopback import Loopback

from regrade.models.asking import ModelError

pytest.importorskip("litellm", reason="litellm is not installed: the extra litellm")


@pytest.mark.filterwarnings("ignore")  # LiteLLM's own, from pydantic and asyncio
def test_answers_come_through(start_server: Callable[..., Loopback], monkeypatch: pytest.MonkeyPatch) -> None:
    from regrade.models.litellm import LiteLLMModel

    monkeypatch.setenv("OPENAI_API_KEY", "sk-right")
    server = start_server(key="sk-right", failures=[500])
    model = LiteLLMModel("openai/m", base_url=server.url, limits=HASTY)
    got = answers(model, chat("one", "two", temperature=0))
    assert [answer.error for answer in got] == [None, None]
    assert [answer.text for answer in got] == ["echo one", "echo two"]
    assert sum(answer.attempts for answer in got) == 3
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
    with pytest.raises(ModelError, match=r"(?s)401.*set the variable that LiteLLM reads for openai"):
        answers(LiteLLMModel("openai/m", base_url=server.url, limits=HASTY), chat("three"))
