"""Where a conversation's prompt ends."""

from __future__ import annotations

from regrade.chat.message import Message


def split_completion(messages: list[Message]) -> tuple[list[Message], list[Message]]:
    """Prompt and completion: the completion is the last message if the assistant speaks it, else empty."""
    if messages[-1]["role"] == "assistant":
        return messages[:-1], messages[-1:]
    return messages, []


def split_preference(
    chosen: list[Message], rejected: list[Message]
) -> tuple[list[Message], list[Message], list[Message]]:
    """Prompt, chosen and rejected completion: the prompt is what both conversations begin with (as TRL has it).

    Neither completion is empty where that can be: of equal conversations the last message is the completion.
    """
    shared = 0
    for ours, theirs in zip(chosen, rejected, strict=False):
        if ours != theirs:
            break
        shared += 1
    shared = max(min(shared, len(chosen) - 1, len(rejected) - 1), 0)
    return chosen[:shared], chosen[shared:], rejected[shared:]
