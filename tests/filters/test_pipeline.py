"""Pipelines: errors that say where, marks of fallbacks, functions, and the short cut to the first answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regrade.errors import RecipeError, UnavailableError
from regrade.filters import ElementFilter, Pipeline, Unparsed, UnparsedList, is_unparsed
from regrade.schema import FilterPipeline, FilterStep, FunctionRef


def step(function: str | FunctionRef, **arguments: Any) -> FilterStep:
    return FilterStep(function, arguments)


def apply(responses: Any, *steps: FilterStep, doc: Any = None, resolve: Any = None) -> Any:
    return Pipeline(FilterPipeline("p", list(steps)), resolve=resolve).apply([responses], doc)[0]


def test_each_request_goes_through_by_itself() -> None:
    pipeline = Pipeline(FilterPipeline("none", [step("take_first")]))
    assert pipeline.name == "none"
    assert pipeline.apply([[(-1.0, True)], [(-2.0, False)]], None) == [(-1.0, True), (-2.0, False)]
    assert Pipeline(FilterPipeline("empty", [])).apply([["a", "b"]], None) == [["a", "b"]]


@pytest.mark.parametrize(
    ("steps", "parts"),
    [
        ([step("regexp")], ["no filter is named 'regexp'", "regex"]),
        ([step("take_first"), step("regex", regex_pattern="(")], ["'p'", "step 2 (regex)", "regex_pattern", "'('"]),
        ([step("regex", pattern="x")], ["step 1 (regex)", "'pattern'"]),
        ([step("regex", group_select="last")], ["group_select"]),
        ([step("regex", regex_pattern=5)], ["regex_pattern"]),
        ([step("take_first_k")], ["step 1 (take_first_k)", "'k'"]),
        ([step("take_first_k", k="2")], ["k must be"]),
        ([step("map", mapping_dict=[1])], ["mapping_dict"]),
        ([step("multi_choice_regex", regexes_to_ignore=["["])], ["regexes_to_ignore"]),
        ([step("custom", filter_fn="<function f at 0x0>")], ["filter_fn"]),
        ([step("custom")], ["filter_fn"]),
        ([step("strip_thinking", tags=[])], ["tags"]),
        ([step("lowercase", x=1)], ["'x'"]),
    ],
)
def test_construction_errors_name_pipeline_step_and_argument(steps: list[FilterStep], parts: list[str]) -> None:
    with pytest.raises(RecipeError) as raised:
        Pipeline(FilterPipeline("p", steps))
    for part in parts:
        assert part in str(raised.value)


def test_a_function_that_cannot_be_had() -> None:
    with pytest.raises(UnavailableError, match=r"utils\.Take"):
        apply(["a"], step(FunctionRef("utils.Take")))

    def refuse(reference: FunctionRef) -> Any:
        raise UnavailableError(f"{reference.name} is quoted")

    with pytest.raises(UnavailableError, match="is quoted"):
        apply(["a"], step("custom", filter_fn=FunctionRef("f")), resolve=refuse)


def test_functions_and_harness_classes() -> None:
    class Last:
        def __init__(self, suffix: str = "") -> None:
            self.suffix = suffix

        def apply(self, resps: Any, docs: Any) -> Any:
            return (pair[0][-1] + self.suffix + pair[1]["d"] for pair in zip(resps, docs, strict=True))

    def joined(resps: Any, docs: Any, sep: str = "+") -> Any:
        return (sep.join(r) for r in resps)

    doc = {"d": "!"}
    assert apply(["a", "b"], step(FunctionRef("x")), doc=doc, resolve=lambda _: Last) == "b!"
    assert apply(["a", "b"], step(FunctionRef("x"), suffix="?"), doc=doc, resolve=lambda _: Last) == "b?!"
    assert apply(["a", "b"], step(FunctionRef("x"), sep="-"), doc=doc, resolve=lambda _: joined) == "a-b"
    assert apply(["a", "b"], step("custom", filter_fn=FunctionRef("x")), doc=doc, resolve=lambda _: joined) == "a+b"
    with pytest.raises(ValueError, match="returned nothing"):
        apply(["a"], step("custom", filter_fn=lambda resps, docs: []))


def test_uses_doc_tells_whether_the_document_is_needed() -> None:
    assert not Pipeline(FilterPipeline("p", [step("regex"), step("take_first")])).uses_doc
    assert Pipeline(FilterPipeline("p", [step("multi_choice_regex"), step("take_first")])).uses_doc


def test_fallbacks_are_marked_and_stay_marked() -> None:
    found = apply(["none", "#### 1"], step("regex"), step("lowercase"), step("remove_whitespace"), step("take_first"))
    assert found == "[invalid]"
    assert is_unparsed(found)
    assert not is_unparsed(apply(["#### 1"], step("regex"), step("take_first")))
    # The same text, said by the model, is an answer.
    assert not is_unparsed(apply(["[invalid]"], step("take_first")))
    assert isinstance(apply(["x"], step("regex_pos"), step("take_first")), UnparsedList)
    found = apply(["x"], step("regex"), step("map", mapping_dict={"[invalid]": "E"}), step("take_first"))
    assert found == "E"
    assert is_unparsed(found)
    assert is_unparsed(apply(["x"], step("map"), step("take_first")))
    found = apply(["x", "y", "#### 2"], step("regex"), step("majority_vote"), step("take_first"))
    assert found == "[invalid]"
    assert is_unparsed(found)
    # A marked text that a later pattern matches is still no answer.
    assert is_unparsed(apply(["x"], step("regex"), step("regex", regex_pattern="(inv)"), step("take_first")))
    assert is_unparsed(apply(["x"], step("multi_choice_regex"), step("take_first"), doc={"choices": ["a"]}))


def test_a_match_that_is_not_there_is_an_error_of_that_answer() -> None:
    with pytest.raises(IndexError):
        apply(["1 2"], step("regex", regex_pattern=r"\d", group_select=2), step("take_first"))


def test_too_few_repeats() -> None:
    with pytest.raises(ValueError, match="needs 3 repeats of an answer, this one has 2"):
        apply(["a", "b"], step("take_first_k", k=3))


@pytest.mark.parametrize(
    ("text", "wanted", "unparsed"),
    [
        ("<think>2 + 2 = 5?</think>\n\nfour", "four", False),
        ("a < b", "a < b", False),
        ("prompt opened it </think> four", "four", False),
        ("<think>one</think> x <THINK>two</THINK> y", "x  y", False),
        ("<think>cut off in the mid", "", True),
        ("so far <reasoning>cut off", "so far", True),
        ("<thinking>a <think> b </thinking> 7", "7", False),
        ("", "", False),
    ],
)
def test_strip_thinking(text: str, wanted: str, unparsed: bool) -> None:
    found = apply([text], step("strip_thinking"), step("take_first"))
    assert found == wanted
    assert is_unparsed(found) is unparsed


def test_strip_thinking_with_other_tags() -> None:
    assert apply(["<scratch>x</scratch>y"], step("strip_thinking", tags="scratch"), step("take_first")) == "y"


def test_decontaminate_leaves_answers_alone() -> None:
    assert apply(["a"], step("decontaminate", path="anywhere"), step("take_first")) == "a"


STEPS = [
    step("regex", regex_pattern=r"(\d)|(b)"),
    step("regex", regex_pattern=r"\w", group_select=-1),
    step("regex", regex_pattern=r"\w", group_select=1),
    step("lowercase"),
    step("uppercase"),
    step("remove_whitespace"),
    step("strip_thinking"),
    step("map", mapping_dict={"a": "x", "b": 5}),
    step("format_span"),
    step("majority_vote"),
    step("take_first_k", k=2),
    step("take_first"),
]
ANSWERS = st.lists(st.one_of(st.text("aB1 <", max_size=4), st.none(), st.just("<think>x")), max_size=3)


@given(st.lists(st.sampled_from(STEPS), max_size=4), ANSWERS)
def test_the_short_cut_to_the_first_answer_changes_nothing(steps: list[FilterStep], answers: list[Any]) -> None:
    pipeline = Pipeline(FilterPipeline("p", steps))

    def outcome(run: Any) -> Any:
        try:
            found = run()
            return found, type(found)
        except Exception as error:
            return type(error)

    def slowly() -> Any:
        responses: Any = list(answers)
        for one in pipeline.filters:
            responses = one.apply(responses, None)
        return responses

    assert outcome(lambda: pipeline.apply([list(answers)], None)[0]) == outcome(slowly)


def test_a_filter_of_ones_own() -> None:
    class Shout(ElementFilter):
        def apply_one(self, response: Any, doc: Any) -> Any:
            return response + "!"

    assert apply(["a", "b"], step(FunctionRef("Shout")), step("take_first"), resolve=lambda _: Shout) == "a!"
    assert Unparsed("x") == "x"
