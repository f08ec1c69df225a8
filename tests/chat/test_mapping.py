"""What users say about columns and roles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regrade.chat.converter import Converter
from regrade.chat.detection import detect
from regrade.chat.mapping import Mapping, load_dataset_info, load_mapping, parse_mapping
from regrade.chat.roles import ROLE_NAMES, RoleTable
from regrade.errors import InputError, RegradeError, UsageError

TWO = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


def test_columns() -> None:
    mapping = parse_mapping("system=sys, prompt=q ,completion=a")
    row = {"sys": "Be kind.", "q": "Hi", "a": "Hello", "id": 1}
    converter = Converter(detect([row], mapping))
    for _ in range(2):
        assert converter.convert(row) == {"messages": [{"role": "system", "content": "Be kind."}, *TWO], "id": 1}


def test_columns_and_roles_of_turns() -> None:
    mapping = parse_mapping({"messages": "log", "role": "who", "content": "says"}, "bot=assistant,visitor=user")
    row = {"log": [{"who": "visitor", "says": "Hi"}, {"who": "bot", "says": "Hello", "score": 1}]}
    converter = Converter(detect([row], mapping))
    assert converter.convert(row) == {"messages": [TWO[0], {**TWO[1], "score": 1}]}


def test_rows_without_the_columns_are_read_by_themselves() -> None:
    converter = Converter(mapping=parse_mapping("prompt=q,completion=a"))
    assert converter.convert({"messages": TWO})["messages"] is TWO
    assert converter.counts == {"messages": 1}


def test_a_mapped_role_may_change_a_known_one() -> None:
    mapping = parse_mapping(roles="assistant=user,user=assistant")
    assert Converter(mapping=mapping).convert({"messages": TWO})["messages"] == [
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "Hello"},
    ]


@pytest.mark.parametrize(
    ("columns", "roles", "message"),
    [
        ("prompt", None, "'prompt' is not NAME=NAME"),
        ("prompt=", None, "'prompt=' is not NAME=NAME"),
        ("foo=bar", None, "'foo' is nothing that a column can hold"),
        ("completion=a", None, "the column 'a' answers no prompt"),
        ("prompt=a,query=b,user=c", None, "two columns are said to hold the prompt"),
        ("prompt=a,prompt=b", None, "'prompt' is given twice"),
        (None, "bot", "'bot' is not NAME=NAME"),
        (None, "bot=robot", "'bot' cannot mean 'robot'"),
        (["x"], None, "expected names"),
    ],
)
def test_mistakes(columns: Any, roles: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_mapping(columns, roles)


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text("columns: {prompt: q, completion: a}\nroles:\n  bot: assistant\n", "utf-8")
    assert load_mapping(file) == Mapping(
        columns={"prompt": "q", "completion": "a"}, roles={"bot": "assistant"}, origin=str(file)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "no mapping"),
        ("colums: {}\n", "unknown key colums"),
        ("columns: [a]\n", "no mapping"),
        ("columns: {prompt: 1}\n", "expected names"),
        ("a: b: c\n", "not YAML"),
    ],
)
def test_files_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(RegradeError, match=message):
        load_mapping(file)
    with pytest.raises(InputError, match="cannot be opened"):
        load_mapping(tmp_path / "missing.yaml")


def _info(tmp_path: Path, **entry: Any) -> Mapping:
    file = tmp_path / "dataset_info.json"
    file.write_text(json.dumps({"mine": entry}), "utf-8")
    return load_dataset_info(file)["mine"].mapping


def test_dataset_info_of_turns(tmp_path: Path) -> None:
    mapping = _info(
        tmp_path,
        file_name="x.json",
        formatting="sharegpt",
        columns={"messages": "talk", "system": "sys", "tools": "tools"},
        tags={
            "role_tag": "who",
            "content_tag": "what",
            "user_tag": "U",
            "assistant_tag": "A",
            "observation_tag": "O",
            "function_tag": "F",
            "system_tag": "S",
        },
    )
    row = {
        "talk": [
            {"who": "U", "what": "Hi"},
            {"who": "F", "what": '{"name": "f", "arguments": {}}'},
            {"who": "O", "what": "1"},
            {"who": "A", "what": "Hello"},
        ],
        "sys": "Be kind.",
        "tools": "[]",
    }
    converted = Converter(detect([row], mapping)).convert(row)
    assert [message["role"] for message in converted["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert converted["tools"] == "[]"
    assert "sys" not in converted


def test_dataset_info_of_columns(tmp_path: Path) -> None:
    row = {"question": "Hi", "response": "Hello", "system_prompt": "Be kind.", "input": "kept"}
    mapping = _info(tmp_path, columns={"prompt": "question", "response": "response", "system": "system_prompt"})
    converted = Converter(detect([row], mapping)).convert(row)
    assert converted == {"messages": [{"role": "system", "content": "Be kind."}, *TWO], "input": "kept"}


def test_dataset_info_of_preferences(tmp_path: Path) -> None:
    row = {"question": "Hi", "chosen": "Hello", "rejected": "Go away", "system": "Be kind."}
    columns = {"prompt": "question", "chosen": "chosen", "rejected": "rejected", "system": "system"}
    mapping = _info(tmp_path, ranking=True, columns=columns)
    converted = Converter(detect([row], mapping)).convert(row)
    assert [message["content"] for message in converted["messages"]] == ["Be kind.", "Hi", "Hello"]
    assert [message["content"] for message in converted["rejected_messages"]] == ["Be kind.", "Hi", "Go away"]


def test_dataset_info_of_turns_in_another_column(tmp_path: Path) -> None:
    row = {"completion": TWO, "label": True, "prompt": "Hi"}
    mapping = _info(
        tmp_path,
        formatting="sharegpt",
        columns={"messages": "completion", "kto_tag": "label"},
        tags={"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"},
    )
    converted = Converter(detect([row], mapping)).convert(row)
    assert converted == {"messages": TWO, "label": True, "prompt": "Hi"}


def test_all_of_llama_factory(shared_data: Path) -> None:
    infos = load_dataset_info(shared_data / "chat" / "llamafactory" / "dataset_info.json")
    assert len(infos) > 100
    assert all(info.file_name or info.hub or "hub_url" not in info.name for info in infos.values())
    assert infos["dpo_mix_en"].mapping.chat_format == "preference"
    assert infos["dpo_mix_en"].subset == "en"
    assert infos["slimorca"].mapping.chat_format == "sharegpt"
    assert infos["openorca"].mapping.chat_format == "prompt-completion"


def test_every_known_name_means_one_role_in_any_case() -> None:
    names = [name for known in ROLE_NAMES.values() for name in known]
    assert len(names) == len(set(names))
    table = RoleTable()
    for role, known in ROLE_NAMES.items():
        for name in known:
            for written in (name, name.upper(), name.title(), f" {name} "):
                assert table.role(written) == role
    assert table.spoken["Human"] == "user"
    assert not {"tool", "function_call"} & set(table.spoken)
