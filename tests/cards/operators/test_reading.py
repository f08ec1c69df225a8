"""Files and pages that rows refer to; the web is the file system here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from regrade.access import Access, AccessDenied
from regrade.artifacts.reaching import given_access
from regrade.cards.operators.fields import reading
from regrade.cards.operators.fields.reading import ReadFile, WikipediaFetcher
from regrade.errors import InputError


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("grün".encode("latin-1"))
    row = {"path": str(file)}
    access = Access.of_user(tmp_path)
    read = given_access(ReadFile(field="path", to_field="text", encoding="latin-1"), access)
    assert read.process_row(row) == {**row, "text": "grün"}
    read = given_access(ReadFile(field="path"), access)
    with pytest.raises(ValueError, match="can't decode"):
        read.process_row(row)
    with pytest.raises(ValueError, match=r"none.txt cannot be read: No such file"):
        read.process_row({"path": str(tmp_path / "none.txt")})
    with pytest.raises(ValueError, match="3 names no file"):
        read.process_row({"path": 3})
    with pytest.raises(AccessDenied, match=r"passwd[^\n]*\n.*--allow-path /etc"):
        read.process_row({"path": "/etc/passwd"})
    with pytest.raises(AccessDenied):
        ReadFile(field="path").process_row(row)  # nobody gave it access


def test_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "page"
    file.write_bytes(b"a\xffb")
    monkeypatch.setattr(reading, "fetch_url", lambda url, access: file if url == "https://x.org/a" else None)
    assert ReadFile(field="url").process_row({"url": "https://x.org/a"}) == {"url": "a\ufffdb"}


def test_articles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    answer = {"query": {"pages": {"1": {"title": "Ada Lovelace", "extract": "She was."}}}}

    def fetched(url: str, access: Access) -> Path:
        asked.append(url)
        file = tmp_path / "answer"
        file.write_text(json.dumps(answer))
        return file

    monkeypatch.setattr(reading, "fetch_url", fetched)
    fetch = WikipediaFetcher(field="title", to_field="article")
    for title in ("https://en.wikipedia.org/wiki/Ada%20Lovelace", "Ada Lovelace"):
        assert fetch.process_row({"title": title})["article"] == {"title": "Ada Lovelace", "body": "She was."}
    assert asked[0] == asked[1]
    assert asked[0].endswith("titles=Ada+Lovelace")
    assert "exintro" not in asked[0]
    answer["query"]["pages"] = {"-1": {"title": "Nobody", "missing": ""}}
    with pytest.raises(ValueError, match="no article 'Nobody'"):
        fetch.process_row({"title": "Nobody"})


def test_offline_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGRADE_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="cannot be reached"):
        given_access(ReadFile(field="url"), Access.of_user(hosts=["127.0.0.1"])).process_row(
            {"url": "http://127.0.0.1:9/a.txt"}
        )
