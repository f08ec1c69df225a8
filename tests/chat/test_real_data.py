"""Every published chat file converts, and loses nothing that can be counted without converting it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from regrade.chat.converter import Converter, write
from regrade.chat.detection import Detection, detect
from regrade.chat.mapping import Mapping, load_dataset_info, parse_mapping
from regrade.chat.message import validate
from regrade.errors import InputError

#: By file: format, conversations, turns (of both sides of a preference), calls of tools, results of tools.
FILES: dict[str, tuple[str, int, int, int, int]] = {
    "fastchat/data/dummy_conversation.json": ("sharegpt", 500, 2000, 0, 0),
    "llamafactory/alpaca_en_demo.json": ("alpaca", 999, 1998, 0, 0),
    "llamafactory/dpo_en_demo.json": ("preference", 299, 2408, 0, 0),
    "llamafactory/glaive_toolcall_en_demo.json": ("sharegpt", 300, 1914, 211, 211),
    "llamafactory/glaive_toolcall_zh_demo.json": ("sharegpt", 300, 1880, 216, 218),
    "llamafactory/identity.json": ("alpaca", 91, 182, 0, 0),
    "llamafactory/kto_en_demo.json": ("messages", 300, 974, 0, 0),
    "llamafactory/mllm_audio_demo.json": ("messages", 3, 6, 0, 0),
    "llamafactory/mllm_demo.json": ("messages", 6, 24, 0, 0),
    "llamafactory/mllm_video_audio_demo.json": ("messages", 3, 6, 0, 0),
    "llamafactory/mllm_video_demo.json": ("messages", 3, 6, 0, 0),
    "llamafactory/reason_tool_use_demo_50.jsonl": ("typed-values", 50, 274, 68, 42),
    "llamafactory/v1_dpo_demo.jsonl": ("typed-values", 10, 60, 0, 0),
    "llamafactory/v1_multimodal_demo.jsonl": ("typed-values", 24, 96, 0, 0),
    "llamafactory/v1_sft_demo.jsonl": ("typed-values", 500, 1000, 0, 0),
    "roles/FastChat__8d69e0__dummy_conversation_with_system.json": ("sharegpt", 500, 2006, 0, 0),
    "roles/LLaMA-Factory__0d905f__oai.json": ("messages", 10, 30, 0, 0),
    "roles/LLaMA-Factory__1b3e8e__glaive_toolcall_en_demo.json": ("sharegpt", 300, 1914, 211, 211),
    "roles/LLaMA-Factory__209483__v1_multimodal_demo.jsonl": ("typed-values", 24, 96, 0, 0),
    "roles/LLaMA-Factory__2aa7bb__mllm_video_demo.json": ("messages", 3, 6, 0, 0),
    "roles/LLaMA-Factory__30a50b__mllm_audio_demo.json": ("messages", 3, 6, 0, 0),
    "roles/LLaMA-Factory__507793__llava_instruct_100.json": ("sharegpt", 100, 916, 0, 0),
    "roles/LLaMA-Factory__58447b__dpo_en_demo.json": ("preference", 299, 2408, 0, 0),
    "roles/LLaMA-Factory__5a798a__dpo_zh_demo.json": ("preference", 300, 1328, 0, 0),
    "roles/LLaMA-Factory__82769a__dpo_en_demo.json": ("preference", 299, 2408, 0, 0),
    "roles/LLaMA-Factory__8694f5__reason_tool_use_demo_50.jsonl": ("typed-values", 50, 274, 68, 42),
    "roles/LLaMA-Factory__908b06__llava_instruct_example.json": ("messages", 3, 12, 0, 0),
    "roles/LLaMA-Factory__bd05b7__mllm_demo.json": ("messages", 6, 24, 0, 0),
    "roles/LLaMA-Factory__ce8a40__kto_en_demo.json": ("messages", 300, 974, 0, 0),
    "roles/LLaMA-Factory__cfb6d3__visual_mix_demo.json": ("messages", 3, 6, 0, 0),
    "roles/LLaMA-Factory__dba54f__reason_tool_use_demo_50.jsonl": ("typed-values", 50, 274, 68, 42),
    "roles/LLaMA-Factory__ea27fc__mllm_video_audio_demo.json": ("messages", 3, 6, 0, 0),
    "roles/axolotl__fb46ee__data.jsonl": ("sharegpt", 10, 20, 0, 0),
    "roles/ms-swift__70b4b3__frozen_lake.jsonl": ("messages", 128, 128, 0, 0),
    "roles/ms-swift__85142e__conversations.jsonl": ("sharegpt", 3, 11, 0, 0),
    "roles/ms-swift__d628d7__sampling.jsonl": ("messages", 33, 66, 0, 0),
    "roles/ms-swift__ebb2e8__test.jsonl": ("messages", 2, 2, 0, 0),
    "roles/ms-swift__f4706a__math_operations_dataset.jsonl": ("messages", 1000, 1000, 0, 0),
    "roles/xtuner__1e8b17__mllm_sft_multi_image_example_data.jsonl": ("messages", 11, 48, 0, 0),
    "roles/xtuner__a7a1ab__function_call.json": ("sharegpt", 1, 4, 1, 1),
    "roles/xtuner__b367e5__qwen35_tokenize_data.jsonl": ("messages", 17, 87, 9, 9),
    "roles/xtuner__e086e8__pretrain_example_data.jsonl": ("sharegpt", 3, 3, 0, 0),
    "roles/xtuner__e5aab5__mllm_sft_media_example_data.jsonl": ("sharegpt", 22, 72, 0, 0),
    "roles/xtuner__e7f507__mllm_sft_multi_image_example_data.jsonl": ("messages", 10, 40, 0, 0),
    "roles/xtuner__ebd4c3__mllm_sft_text_example_data.jsonl": ("sharegpt", 200, 628, 0, 0),
    "roles/xtuner__ef831d__mllm_pretrain_image_example_data.jsonl": ("sharegpt", 12, 12, 0, 0),
}
ROLES = {
    "roles/axolotl__fb46ee__data.jsonl": "Customer=user",
    "roles/xtuner__e086e8__pretrain_example_data.jsonl": "pretrain=assistant",
    "roles/xtuner__ef831d__mllm_pretrain_image_example_data.jsonl": "pretrain=assistant",
}


def _load(path: Path) -> list[dict[str, Any]]:
    text = path.read_text("utf-8")
    if text.lstrip().startswith("["):
        rows: list[dict[str, Any]] = json.loads(text)
        return rows
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _count(rows: list[dict[str, Any]]) -> tuple[int, int, int, int]:
    """Conversations, turns, calls and results, counted in raw rows."""
    turns = calls = results = 0
    for row in rows:
        prompt = row.get("conversations") or row.get("messages") or []
        answers = [row[name] for name in row if name.startswith(("chosen", "rejected")) and name != "rejected_response"]
        talks = [prompt + (answer if isinstance(answer, list) else [answer]) for answer in answers] or [prompt]
        turns += sum(map(len, talks)) + len({"instruction", "output", "system"} & row.keys())
        for turn in (turn for talk in talks for turn in talk):
            role = turn.get("role", turn.get("from"))
            results += role in ("tool", "observation", "function")
            calls += len(turn.get("tool_calls", ())) + ("function_call" in turn) + (role == "function_call")
            if isinstance(turn.get("content"), list):
                values = [part["value"] for part in turn["content"] if part["type"] in ("tool_call", "tool_calls")]
                calls += sum(value.count('"arguments": ') for value in values)
    return len(rows), turns, calls, results


def _counted(converted: list[dict[str, Any]]) -> tuple[int, int, int, int]:
    """The same, counted in messages."""
    talks = [row[name] for row in converted for name in ("messages", "rejected_messages") if name in row]
    spoken = [message for talk in talks for message in talk]
    calls = sum(len(message.get("tool_calls") or ()) for message in spoken)
    return len(converted), len(spoken), calls, sum(message["role"] == "tool" for message in spoken)


def _converted(rows: list[dict[str, Any]], mapping: Mapping | None = None) -> tuple[Detection, list[dict[str, Any]]]:
    detection = detect(rows, mapping)
    converter = Converter(detection)
    converted = [converter.convert(row) for row in rows]
    for row in converted:
        assert validate(row["messages"]) is None
    return detection, converted


@pytest.fixture(scope="module")
def chat(shared_data: Path) -> Path:
    return shared_data / "chat"


def test_no_file_is_forgotten(chat: Path) -> None:
    found = {str(path.relative_to(chat)) for path in chat.rglob("*.json*") if path.name != "dataset_info.json"}
    assert found == FILES.keys()


@pytest.mark.parametrize("name", FILES)
def test_a_file(chat: Path, name: str) -> None:
    rows = _load(chat / name)
    chat_format, *counts = FILES[name]
    assert _count(rows) == tuple(counts)
    detection, converted = _converted(rows, parse_mapping(roles=ROLES.get(name)))
    assert detection.format == chat_format
    assert detection.fits == len(rows)
    assert _counted(converted) == tuple(counts)
    for before, after in zip(rows, converted, strict=True):
        kept = "\0".join(_texts(after))
        assert all(text in kept for text in _texts(before))


def _texts(value: Any) -> list[str]:
    """Every long text in a value, at any depth: none may be lost. (Short ones are names; calls are JSON.)"""
    if isinstance(value, str):
        return [value] if len(value) > 20 and value[0] not in "[{" else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in _texts(one)]


@pytest.mark.parametrize("name", ROLES)
def test_unknown_roles_are_a_problem_that_names_the_option(chat: Path, name: str) -> None:
    detection = detect(_load(chat / name))
    role = ROLES[name].partition("=")[0]
    assert detection.fits == 0
    assert detection.problem is not None
    assert detection.problem.startswith(f"unknown role {role!r} in ")
    assert f'--roles "{role}=user"' in str(detection.hint)
    with pytest.raises(InputError, match="unknown role"):
        Converter(detection)


#: By name in LLaMA-Factory's dataset_info.json: the same counts.
FACTORY = {
    "identity": (91, 182, 0, 0),
    "alpaca_en_demo": (999, 1998, 0, 0),
    "glaive_toolcall_en_demo": (300, 1914, 211, 211),
    "glaive_toolcall_zh_demo": (300, 1880, 216, 218),
    "mllm_demo": (6, 24, 0, 0),
    "mllm_audio_demo": (3, 6, 0, 0),
    "mllm_video_demo": (3, 6, 0, 0),
    "mllm_video_audio_demo": (3, 6, 0, 0),
    "dpo_en_demo": (299, 2408, 0, 0),
    "kto_en_demo": (300, 974, 0, 0),
}


def test_every_demo_that_is_there_is_tested(chat: Path) -> None:
    infos = load_dataset_info(chat / "llamafactory" / "dataset_info.json")
    there = {
        name for name, info in infos.items() if info.file_name and (chat / "llamafactory" / info.file_name).exists()
    }
    assert there == FACTORY.keys()


@pytest.mark.parametrize("name", FACTORY)
def test_a_demo_by_its_own_dataset_info(chat: Path, name: str) -> None:
    info = load_dataset_info(chat / "llamafactory" / "dataset_info.json")[name]
    rows = _load(chat / "llamafactory" / str(info.file_name))
    detection, converted = _converted(rows, info.mapping)
    assert detection.fits == len(rows)
    assert _counted(converted) == _count(rows) == FACTORY[name]
    assert converted == _converted(rows)[1], "what the mapping says is what detection finds"


def test_tool_calls_and_their_results(chat: Path) -> None:
    rows = _load(chat / "llamafactory" / "glaive_toolcall_zh_demo.json")
    _, converted = _converted(rows)
    orphans = 0
    for row in converted:
        asked = {call["id"] for message in row["messages"] for call in message.get("tool_calls", ())}
        for message in row["messages"]:
            for call in message.get("tool_calls", ()):
                assert isinstance(json.loads(call["function"]["arguments"]), dict)
            if message["role"] == "tool":
                orphans += "tool_call_id" not in message
                assert message.get("tool_call_id") is None or message["tool_call_id"] in asked
    assert orphans == 2, "two observations follow no call"


@pytest.mark.parametrize("name", [name for name in FILES if FILES[name][0] == "messages"])
def test_messages_pass_through_untouched(chat: Path, name: str) -> None:
    rows = _load(chat / name)
    assert all(ours is theirs for ours, theirs in zip(_converted(rows)[1], rows, strict=True))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("target", ["sharegpt", "prompt-completion"])
def test_to_another_format_and_back(chat: Path, name: str, target: str) -> None:
    _, converted = _converted(_load(chat / name), parse_mapping(roles=ROLES.get(name)))
    reader = Converter()
    lost = Counter[str]()
    for row in converted:
        written = write(row, target)
        lost.update(written.losses)
        if not written.losses:
            assert reader.convert(written.row) == row
    if target == "prompt-completion":
        assert not lost
