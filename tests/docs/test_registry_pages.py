"""The reference pages that are made from the registry."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Literal

import pytest

from regrade.artifacts.artifact import Artifact
from regrade.artifacts.operator import Operator
from regrade.cli import COMMANDS
from regrade.registry import iterate_registered, lookup

ROOT = Path(__file__).resolve().parent.parent.parent

pytest.importorskip("sphinx", reason="sphinx is not installed")


def extension() -> ModuleType:
    """The extension's module, under a name of its own."""
    name = "regrade_docs_registry_pages"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "_ext" / "registry_pages.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


PAGES = extension()


def test_every_type_is_on_one_page() -> None:
    found = Counter(
        name
        for page in PAGES.PAGES
        if page.registry == "artifact"
        for one in PAGES.types_of(page)
        for name in one.names
    )
    assert found == Counter(name for name, cls in iterate_registered("artifact") if issubclass(cls, Artifact))


def test_every_page_takes_something_of_places_that_there_are() -> None:
    for page in PAGES.PAGES:
        assert PAGES.types_of(page), page.name
        for place in page.modules:
            assert importlib.util.find_spec(place) is not None, (page.name, place)


def test_every_page_is_in_the_list_of_pages() -> None:
    listed = re.findall(r"^generated/types/([\w-]+)$", (ROOT / "docs/reference/types.md").read_text("utf-8"), re.M)
    assert sorted(listed) == sorted(page.name for page in PAGES.PAGES)


def test_a_section_tells_names_arguments_and_example() -> None:
    page = next(page for page in PAGES.PAGES if page.name == "operators")
    section = re.split(r"^\.\. _operators-", PAGES.text_of(page), flags=re.MULTILINE)
    [rename] = [text for text in section if text.startswith("rename:")]
    assert "Also ``rename_fields``." in rename
    assert "``field_to_field`` (``list[list[str]] | dict[str, str] | None``, default ``None``)" in rename
    assert "Several of them at once." in rename
    assert ">>> Rename(" in rename
    assert "{'a': 1, 'c': {'d': 2}}" in rename
    assert "``not_exist_ok``" in rename, "an argument of all field operators is named"
    assert "Passed on as it is." not in rename


def test_arguments_are_required_have_a_default_or_are_inherited() -> None:
    found = {argument.name: argument for argument in PAGES.arguments_of(lookup("artifact", "filter_by_condition"))}
    assert found["condition"].default is None
    assert found["error_on_filtered_all"].default == "True"
    assert found["caching"].owner is Operator
    models = {argument.name: argument for argument in PAGES.arguments_of(lookup("model", "openai"))}
    assert models["api_key_env"].default == "'OPENAI_API_KEY'"
    assert models["api_key_env"].text.startswith("The environment variable")
    assert "pending" not in models, "an attribute is no argument"
    batch = {argument.name: argument for argument in PAGES.arguments_of(lookup("model", "batch"))}
    assert batch["base_url"].default == "", "what is passed on is told, too"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (str | None, "str | None"),
        (list[Operator], "list[operator]"),
        (dict[str, list[int]], "dict[str, list[int]]"),
        (Literal["a", "b"], "'a' | 'b'"),
        (tuple[int, ...], "tuple[int, ...]"),
    ],
)
def test_types_as_readers_of_cards_see_them(kind: object, text: str) -> None:
    assert PAGES.type_text(kind) == text


def test_numbered_names_are_one() -> None:
    page = next(page for page in PAGES.PAGES if page.name == "metrics")
    names = [one.name for one in PAGES.types_of(page)]
    assert "pass@k" in names
    assert "pass@5" not in names


def test_every_command_has_its_section() -> None:
    page = (ROOT / "docs/reference/command-line.md").read_text("utf-8")
    sections = {heading.split()[0] for heading in re.findall(r"^## regrade (.+)$", page, re.MULTILINE)}
    assert sections == set(COMMANDS)


def test_links_to_generated_pages_are_checked_by_their_names() -> None:
    from tests.test_project import generated_pages

    assert {page.stem for page in generated_pages()} == {page.name for page in PAGES.PAGES}
