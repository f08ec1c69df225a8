"""Sources vote by their rows; nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest

from regrade.chat.converter import Converter
from regrade.chat.detection import detect
from regrade.chat.mapping import parse_mapping
from regrade.chat.row_error import AmbiguousRowError, ChatRowError, UnknownRoleError
from regrade.chat.turns import COLUMNS, PAIRS
from regrade.errors import InputError

TEXTS = ["Hi there, how are you?", "Fine."]
MESSAGES = [{"role": "user", "content": TEXTS[0]}, {"role": "assistant", "content": TEXTS[1]}]
SPEAKERS = (
    ("human", "gpt"),
    ("prompter", "assistant"),
    ("user", "chatgpt"),
    ("USER", "BING"),
    ("Human", "Bard"),
    ("user", "ai"),
    ("User", "AI"),
    ("human", "model"),
    ("uSeR", "ChatBot"),
    (" user ", "bot"),
)


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("keys", PAIRS)
@pytest.mark.parametrize("speakers", SPEAKERS)
def test_columns_keys_and_roles(column: str, keys: tuple[str, str], speakers: tuple[str, str]) -> None:
    row = {
        "id": 1,
        column: [{keys[0]: who, keys[1]: text} for who, text in zip(speakers, TEXTS, strict=True)],
    }
    detection = detect([row] * 20)
    assert detection.problem is None
    assert detection.fits == 20
    assert detection.format == "sharegpt"
    assert f"`{column}` of {keys[0]} and {keys[1]}" in detection.reason
    assert detection.roles == dict.fromkeys(speakers, 20)
    converter = Converter(detection)
    for _ in range(3):
        assert converter.convert(row) == {"id": 1, "messages": MESSAGES}


def test_the_key_with_few_values_says_who_speaks() -> None:
    rows = [
        {"log": [{"who": "bot", "says": f"Hello {n}"}, {"who": "user", "says": f"Hi {n}"}], "tags": ["a", "b"]}
        for n in range(20)
    ]
    detection = detect(rows)
    assert detection.problem is None
    assert "'who' has few values" in detection.reason
    assert Converter(detection).convert(rows[3]) == {
        "tags": ["a", "b"],
        "messages": [{"role": "assistant", "content": "Hello 3"}, {"role": "user", "content": "Hi 3"}],
    }


def test_a_shape_with_roles_that_nobody_knows() -> None:
    rows = [{"log": [{"who": "visitor", "says": f"Hi {n}"}, {"who": "bot", "says": f"Hello {n}"}]} for n in range(20)]
    detection = detect(rows)
    assert detection.problem == "unknown role 'visitor' in 20 of 20 rows"
    assert '--roles "visitor=user"' in str(detection.hint)
    mapped = detect(rows, parse_mapping(roles="visitor=user"))
    assert mapped.problem is None
    assert Converter(mapped).convert(rows[0])["messages"][0] == {"role": "user", "content": "Hi 0"}


def test_two_columns_that_may_hold_the_turns() -> None:
    talks = [[{"who": who, "says": f"{who} {n}"} for who in ("user", "bot")] for n in range(9)]
    rows = [{"a": talk, "b": talk} for talk in talks]
    detection = detect(rows)
    assert detection.problem == "more than one column may hold the turns: a, b"
    assert detection.hint == "say which does: --columns messages=a"


def test_two_keys_that_may_hold_what_is_said() -> None:
    rows = [
        {"log": [{"who": who, "en": f"{who} {n}", "de": f"{who}: {n}"} for who in ("user", "bot")]} for n in range(9)
    ]
    detection = detect(rows)
    assert detection.problem == "`log` may say what is said under 'en' or 'de'"
    assert detection.hint == "say which it is: --columns messages=log,role=who,content=en"
    mapped = detect(rows, parse_mapping("messages=log,role=who,content=de"))
    assert Converter(mapped).convert(rows[1])["messages"] == [
        {"role": "user", "content": "user: 1", "en": "user 1"},
        {"role": "assistant", "content": "bot: 1", "en": "bot 1"},
    ]


@pytest.mark.parametrize(
    ("row", "formats"),
    [
        ({"prompt": "a", "completion": "b", "question": "c", "answer": "d"}, "prompt-completion or question-answer"),
        ({"prompt": "a", "query": "b", "response": "c"}, "prompt-completion or query-response"),
        ({"instruction": "a", "question": "b", "response": "c"}, "alpaca or question-answer"),
    ],
)
def test_columns_of_two_formats(row: dict[str, Any], formats: str) -> None:
    detection = detect([row] * 10)
    assert detection.problem is not None
    assert "--columns prompt=NAME" in str(detection.hint)
    assert detection.misfits[0].kind == f"ambiguous: {formats}"
    with pytest.raises(AmbiguousRowError):
        Converter().convert(row)
    columns = {"prompt": "question", "completion": "answer"} if "answer" in row else {"prompt": next(iter(row))}
    assert detect([row] * 10, parse_mapping(columns)).problem is None


def test_two_columns_of_turns() -> None:
    row = {"conversations": [{"from": "human", "value": "a"}], "dialog": [{"from": "human", "value": "b"}]}
    with pytest.raises(ChatRowError, match="more than one column holds turns: conversations, dialog") as caught:
        Converter().convert(row)
    assert caught.value.hint == "say which is meant: --columns messages=conversations"
    assert detect([row]).problem is not None
    mapped = Converter(detect([row], parse_mapping("messages=dialog")))
    assert mapped.convert(row) == {
        "conversations": row["conversations"],
        "messages": [{"role": "user", "content": "b"}],
    }


def test_turns_with_two_pairs_of_keys() -> None:
    turn = {"speaker": "user", "sender": "bot", "text": "a", "message": "b"}
    with pytest.raises(AmbiguousRowError, match="the keys speaker, sender, text, message") as caught:
        Converter().convert({"turns": [turn]})
    assert caught.value.hint == "say which are meant: --columns role=speaker,content=text"


def test_nothing_that_anybody_knows() -> None:
    detection = detect([{"a": 1, "b": 2}] * 3)
    assert detection.format is None
    assert detection.problem == "no row can be read: no format of conversations has these columns: a, b"
    assert "--columns prompt=NAME" in str(detection.hint)
    with pytest.raises(InputError, match="no row can be read"):
        Converter(detection)
    assert detect([]).problem == "there are no rows"


def test_questions_of_mt_bench_are_no_turns() -> None:
    row = {"question_id": 81, "category": "writing", "turns": ["Write a poem.", "Now rhyme it."]}
    assert detect([row]).problem is not None


def test_misfits_are_counted_by_kind_with_the_first_of_each() -> None:
    good = {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}
    rows: list[Any] = [good] * 100
    rows[10] = {"conversations": []}
    rows[20] = {"conversations": None}
    rows[30] = {"conversations": [{"from": "narrator", "value": "x"}]}
    rows[40] = {"conversations": [{"from": "human", "value": 7}]}
    rows[41] = {"conversations": [{"from": "gpt", "value": "b"}, {"from": "human", "value": 8}]}
    rows[50] = "text"
    rows[60] = {"messages": MESSAGES}
    detection = detect(rows, numbers=range(1000, 1100))
    assert detection.problem is None
    assert detection.fits == 94
    assert detection.formats == {"sharegpt": 96, "messages": 1} or detection.formats["messages"] == 1
    assert [(misfit.kind, misfit.rows, misfit.first) for misfit in detection.misfits] == [
        ("what is said is a number", 2, 1040),
        ("the conversation is empty", 1, 1010),
        ("the conversation is null", 1, 1020),
        ("unknown role 'narrator'", 1, 1030),
        ("the row is no object", 1, 1050),
    ]
    converter = Converter(detection)
    with pytest.raises(UnknownRoleError) as caught:
        converter.convert(rows[30])
    assert caught.value.role == "narrator"
    assert '--roles "narrator=user"' in str(caught.value.hint)


def test_an_unknown_role_in_more_than_a_few_rows_is_a_problem_of_the_source() -> None:
    good = {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}
    bad = {"conversations": [{"from": "Customer", "value": "a"}, {"from": "gpt", "value": "b"}]}
    assert detect([good] * 95 + [bad] * 5).problem is None
    assert detect([good] * 94 + [bad] * 6).problem == "unknown role 'Customer' in 6 of 100 rows"


def test_a_mapping_wins_over_names() -> None:
    row = {"messages": MESSAGES, "q": "Hi", "a": "Hello"}
    mapping = parse_mapping("prompt=q,completion=a")
    detection = detect([row], mapping)
    assert detection.format == "prompt-completion"
    assert "as --columns says" in detection.reason
    assert "a column `messages` beside" in str(detection.problem)
    with pytest.raises(ChatRowError, match="a column `messages` beside"):
        Converter(mapping=mapping).convert(row)
    assert Converter(mapping=mapping).convert({"q": "Hi", "a": "Hello"})["messages"][1]["content"] == "Hello"


def test_media_are_pointed_to() -> None:
    row = {"conversations": [{"from": "human", "value": "<image>Hi"}], "images": ["a.png"]}
    assert detect([row]).notes == ["`images` is kept; <image> in a text stands for its entries, in order"]
