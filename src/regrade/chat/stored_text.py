"""Values that are stored as JSON text."""

from __future__ import annotations

from typing import Any

from regrade.chat.row_error import ChatRowError
from regrade.files.json_lines import decode_any


def decode_json_text(text: str, column: str) -> Any:
    """Decode the JSON text of a column.

    Raises:
        ChatRowError: it is no JSON.
    """
    try:
        return decode_any(text.encode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise ChatRowError(f"`{column}` is text, and {error}", kind=f"`{column}` is text, and not JSON") from None
