"""Regular expressions that a person or a file gives."""

from __future__ import annotations

import re


def compile_pattern(pattern: str, argument: str, flags: int = 0) -> re.Pattern[str]:
    """Compile a regular expression.

    Args:
        pattern: The expression.
        argument: What it was given as, for the message.
        flags: As :func:`re.compile` takes them.

    Raises:
        TypeError: it is no text.
        ValueError: it is no regular expression, or one beyond what Python's engine takes; the message says where.
    """
    if not isinstance(pattern, str):
        raise TypeError(f"{argument} must be a text, not {type(pattern).__name__}")
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise ValueError(f"{argument} is no regular expression: {error} in {_shown(pattern)}") from error
    except RecursionError:
        raise ValueError(f"{argument} is a pattern nested too deeply: {_shown(pattern)}") from None
    except (OverflowError, MemoryError) as error:
        reason = str(error) or "out of memory"
        raise ValueError(f"{argument} is a pattern too large: {reason}") from None


def _shown(pattern: str) -> str:
    """A pattern as it was typed: ``repr`` would double its backslashes."""
    shown = pattern if len(pattern) <= 80 else pattern[:79] + "…"
    return f"'{shown}'" if shown.isprintable() else repr(shown)
