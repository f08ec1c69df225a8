"""Types of fields as cards write them: ``List[Tuple[str, int]]``, ``Optional[Dialog]``, ``Literal['a', 'b'] | None``.

They are parsed, never evaluated, and compiled once into a function that checks values.
"""

from regrade.artifacts.type_strings.checks import checker, fits, is_type, isoftype, misfit, verify_required_schema
from regrade.artifacts.type_strings.inference import infer_type, infer_type_string
from regrade.artifacts.type_strings.names import register_type
from regrade.artifacts.type_strings.parsing import (
    TypeStringError,
    format_type_string,
    parse_type_dict,
    parse_type_string,
    to_type_dict,
    to_type_string,
)

__all__ = [
    "TypeStringError",
    "checker",
    "fits",
    "format_type_string",
    "infer_type",
    "infer_type_string",
    "is_type",
    "isoftype",
    "misfit",
    "parse_type_dict",
    "parse_type_string",
    "register_type",
    "to_type_dict",
    "to_type_string",
    "verify_required_schema",
]
