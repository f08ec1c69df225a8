"""Types that recorded cases name and Unitxt's tests define; their fields follow from the cases."""

from __future__ import annotations

from typing import Any, NewType, Optional, TypedDict

from regrade.artifacts.type_strings import register_type

UserId = NewType("UserId", int)


class Person(TypedDict):
    name: str
    age: int


class Point(TypedDict):
    x: int
    y: int


class ComplexTypes(TypedDict):
    items: list[str]
    metadata: Optional[dict[str, int]]  # noqa: UP045
    tags: Optional[list[str]]  # noqa: UP045


class PersonWithOptionalFields(TypedDict):
    name: str
    age: int
    email: Optional[str]  # noqa: UP045


class CustomValidation:
    @classmethod
    def __verify_type__(cls, value: Any) -> bool:
        return isinstance(value, list) and len(value) == 2


class FormatMock:
    """A format of which no more than its demonstrations is asked."""

    demo_format = "User: {source}\nAgent: {target_prefix}{target}\n"


for _kind in (UserId, Person, Point, ComplexTypes, PersonWithOptionalFields, CustomValidation):
    register_type(_kind)
