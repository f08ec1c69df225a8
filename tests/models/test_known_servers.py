"""A run's folder does not decide where a key is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from regrade.errors import UsageError
from regrade.models.known_servers import check, remember

FAR: dict[str, Any] = {"base_url": "https://models.example/v1", "api_key_env": "TEAM_KEY"}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("regrade.models.known_servers._file", lambda: tmp_path / "state" / "servers.json")
    return tmp_path / "state"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"api_key_env": "OPENAI_API_KEY"},
        {"base_url": "http://localhost:8000/v1", "api_key_env": "ANY"},
        {"base_url": "http://127.0.0.1:8000/v1"},
        {"base_url": "http://[::1]:8000/v1"},
        {"base_url": "http+unix://%2Frun%2Fs/v1"},
    ],
)
def test_the_usual_server_and_those_of_this_machine_need_no_word(options: dict[str, Any]) -> None:
    check(options, run="runs/r")


@pytest.mark.parametrize("options", [FAR, {"api_key_env": "AWS_SECRET_ACCESS_KEY"}, {"headers": {"X": "env:AWS"}}])
def test_what_nobody_named_here_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="never named on this machine"):
        check(options, run="runs/r")


def test_what_was_named_once_is_known(state: Path) -> None:
    remember(FAR)
    remember(FAR)
    check(FAR, run="runs/r")
    assert (state / "servers.json").stat().st_mode & 0o077 == 0
    with pytest.raises(UsageError):
        check({**FAR, "api_key_env": "OTHER_KEY"}, run="runs/r")


def test_where_nothing_can_be_remembered_it_has_to_be_named_each_time(state: Path) -> None:
    state.write_text("a file where the folder would be")
    remember(FAR)
    with pytest.raises(UsageError, match=r"regrade resume runs/r --base-url https://models\.example/v1"):
        check(FAR, run="runs/r")
