"""Our functions in the place of those whose results were recorded."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.conformance.encoding import decode

from regrade.artifacts import Catalog, parse_arguments, parse_reference, paths, type_strings, words
from regrade.errors import RegradeError


def _arguments(case: dict[str, Any], known: Catalog, names: str) -> dict[str, Any]:
    return {**dict(zip(names.split(), decode(case["args"], known), strict=False)), **decode(case["kwargs"], known)}


def _refused(case: dict[str, Any], function: Callable[[], Any]) -> bool:
    """Whether the case is one that is to be refused, and was."""
    from tests.conformance.cases import Mismatch

    if case["kind"] != "function_error":
        return False
    try:
        ours = function()
    except (RegradeError, ValueError, TypeError, KeyError):
        return True
    raise Mismatch(f"nothing was refused: {ours!r}")


def _dict_get(case: dict[str, Any], known: Catalog) -> None:
    from tests.conformance.cases import expect

    given = _arguments(case, known, "row path not_exist_ok default")
    if _refused(case, partial(paths.get_path, **given)):
        return
    expect(paths.get_path(**given), decode(case["result"], known))


def _dict_set(case: dict[str, Any], known: Catalog) -> None:
    from tests.conformance.cases import expect

    given = _arguments(case, known, "row path value not_exist_ok set_multiple")
    if _refused(case, partial(paths.set_path, **given)):
        return
    expect(paths.set_path(**given), decode(case["args_after"][0], known))


def _dict_delete(case: dict[str, Any], known: Catalog) -> None:
    from tests.conformance.cases import expect

    given = _arguments(case, known, "row path not_exist_ok remove_empty_ancestors")
    if _refused(case, partial(paths.delete_path, **given)):
        return
    expect(paths.delete_path(**given), decode(case["args_after"][0], known))


def _pure(function: Callable[..., Any]) -> Callable[[dict[str, Any], Catalog], None]:
    """A function of the same arguments and result as that recorded."""

    def check(case: dict[str, Any], known: Catalog) -> None:
        from tests.conformance.cases import expect

        args, kwargs = decode(case["args"], known), decode(case["kwargs"], known)
        if _refused(case, partial(function, *args, **kwargs)):
            return
        expect(function(*args, **kwargs), decode(case["result"], known))

    return check


_OF_TYPES = """
    format_type_string infer_type infer_type_string is_type isoftype parse_type_dict parse_type_string to_type_dict
    to_type_string verify_required_schema
"""
_OF_WORDS = """
    apply_capital_new_line_notation camel_to_snake_case construct_dict_as_yaml_lines is_camel_case
    is_made_of_sub_strings is_snake_case nested_tuple_to_string split_words to_pretty_string
"""

FUNCTIONS: dict[str, Callable[[dict[str, Any], Catalog], None]] = {
    "dict_get": _dict_get,
    "dict_set": _dict_set,
    "dict_delete": _dict_delete,
    "parse_key_equals_value_string_to_dict": _pure(parse_arguments),
    "separate_inside_and_outside_square_brackets": _pure(parse_reference),
    **{name: _pure(getattr(type_strings, name)) for name in _OF_TYPES.split()},
    **{name: _pure(getattr(words, name)) for name in _OF_WORDS.split()},
}
