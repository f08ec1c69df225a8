"""What the user says about a source: which columns hold what, and which names the roles have."""

from __future__ import annotations

import json
from collections.abc import Mapping as Dict
from pathlib import Path
from typing import Any, Final

import msgspec

from regrade.errors import InputError, UsageError

COLUMNS: Final[dict[str, str]] = {
    "messages": "the list of turns",
    "role": "the key of a turn that says who speaks",
    "content": "the key of a turn that holds what is said",
    "system": "the system prompt",
    "prompt": "what the user says (a text, or a list of turns)",
    "input": "what is added to the prompt after a line break",
    "completion": "what the assistant says (a text, or a list of turns)",
    "history": "earlier turns, as pairs of prompt and completion",
    "chosen": "of a preference: what was chosen",
    "rejected": "of a preference: what was not",
    "tools": "the tools that the assistant may call",
    "label": "whether the completion is wanted (KTO)",
    "images": "the images that <image> stands for",
    "videos": "the videos that <video> stands for",
    "audios": "the sounds that <audio> stands for",
}
"""What a column can be said to hold. The last five are kept as they are."""

_OTHER_NAMES: Final = {
    "query": "input",
    "response": "completion",
    "conversations": "messages",
    "kto_tag": "label",
    "user": "prompt",
    "assistant": "completion",
    "question": "prompt",
    "answer": "completion",
}


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """A user's mapping of columns and roles.

    Attributes:
        columns: From what a column holds (a key of `COLUMNS`) to its name in the rows.
        roles: From a role's name in the rows to the role.
        format: Name of the format that the user wants; None leaves that to the columns or to detection.
        origin: Where it comes from, for messages.
    """

    columns: dict[str, str] = msgspec.field(default_factory=dict)
    roles: dict[str, str] = msgspec.field(default_factory=dict)
    format: str | None = None
    origin: str = "--columns"

    def __bool__(self) -> bool:
        return bool(self.columns or self.roles or self.format)

    @property
    def chat_format(self) -> str | None:
        """The registered name of the format that the mapping asks for; None if it says nothing about columns."""
        if self.format:
            return self.format
        columns = self.columns.keys()
        if columns & {"chosen", "rejected"}:
            return "preference"
        if columns & {"messages", "role", "content"}:
            return "sharegpt"
        if columns & {"prompt", "completion", "input", "history"}:
            return "prompt-completion"
        return None


def parse_mapping(
    columns: str | Dict[str, str] | None = None, roles: str | Dict[str, str] | None = None, format: str | None = None
) -> Mapping:
    """Make a mapping of ``--columns "system=sys,prompt=q"`` and ``--roles "bot=assistant"``, or of dicts like them.

    Raises:
        UsageError: an entry has no ``=``, or names a column or role that does not exist.
    """
    named = _pairs(columns, "--columns")
    resolved: dict[str, str] = {}
    for key, name in named.items():
        target = key if key in COLUMNS else _OTHER_NAMES.get(key)
        if target is None:
            raise UsageError(
                f"{key!r} is nothing that a column can hold", where="--columns", hint=f"known: {', '.join(COLUMNS)}"
            )
        if target in resolved:
            raise UsageError(f"two columns are said to hold the {target}", where="--columns")
        resolved[target] = name
    if "completion" in resolved and not resolved.keys() & {"prompt", "history", "messages"}:
        raise UsageError(
            f"the column {resolved['completion']!r} answers no prompt",
            where="--columns",
            hint="add prompt=NAME",
        )
    from regrade.chat.roles import RoleTable

    return Mapping(columns=resolved, roles=RoleTable(_pairs(roles, "--roles")).added, format=format)


def load_mapping(path: str | Path) -> Mapping:
    """Read a mapping from a YAML or JSON file with ``columns``, ``roles`` and ``format``.

    Raises:
        InputError: the file cannot be read.
        UsageError: it holds something else, or something that means nothing.
    """
    import yaml

    file = Path(path)
    try:
        content = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"cannot be opened: {error.strerror}", where=str(path)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"not YAML: {' '.join(str(error).split())}", where=str(path)) from None
    if isinstance(content, dict) and not all(isinstance(part, str | dict | None) for part in content.values()):
        content = None
    unknown = sorted(map(str, content.keys() - {"columns", "roles", "format"})) if isinstance(content, dict) else None
    if not isinstance(content, dict) or unknown:
        raise UsageError(
            f"no mapping: {'unknown key ' + unknown[0] if unknown else 'expected columns and roles'}",
            where=str(path),
            hint="write columns: {prompt: q, completion: a} and roles: {bot: assistant}",
        )
    mapping = parse_mapping(content.get("columns"), content.get("roles"), content.get("format"))
    return msgspec.structs.replace(mapping, origin=str(path))


class DatasetInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of LLaMA-Factory's ``dataset_info.json``.

    Attributes:
        name: The entry's name.
        mapping: Its columns and tags.
        file_name: The file, relative to ``dataset_info.json``; None for data that is elsewhere.
        hub: The name on the Hugging Face hub.
        split: Which split of it.
        subset: Which configuration of it.
    """

    name: str
    mapping: Mapping
    file_name: str | None = None
    hub: str | None = None
    split: str | None = None
    subset: str | None = None


_TAGS: Final = {
    "user_tag": "user",
    "assistant_tag": "assistant",
    "observation_tag": "tool",
    "function_tag": "function_call",
    "system_tag": "system",
}
_FACTORY_COLUMNS: Final = {
    "messages": "messages",
    "system": "system",
    "tools": "tools",
    "images": "images",
    "videos": "videos",
    "audios": "audios",
    "chosen": "chosen",
    "rejected": "rejected",
    "kto_tag": "label",
    "prompt": "prompt",
    "query": "input",
    "response": "completion",
    "history": "history",
}


def load_dataset_info(path: str | Path) -> dict[str, DatasetInfo]:
    """Read LLaMA-Factory's ``dataset_info.json``: columns and tags as its documentation defines them.

    Raises:
        InputError: the file cannot be read or is none.
    """
    try:
        content = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise InputError(f"cannot be opened: {error.strerror}", where=str(path)) from None
    except ValueError as error:
        raise InputError(f"not JSON: {error}", where=str(path)) from None
    if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
        raise InputError("expected an object of datasets", where=str(path))
    return {name: _dataset_info(name, entry, f"{path}: {name}") for name, entry in content.items()}


def _dataset_info(name: str, entry: dict[str, Any], origin: str) -> DatasetInfo:
    turns = entry.get("formatting", "alpaca") in ("sharegpt", "openai")
    said = {key: value for key, value in (entry.get("columns") or {}).items() if isinstance(value, str)}
    tags = {key: value for key, value in (entry.get("tags") or {}).items() if isinstance(value, str)}
    columns = {_FACTORY_COLUMNS[key]: value for key, value in said.items() if key in _FACTORY_COLUMNS}
    roles: dict[str, str] = {}
    if turns:
        columns.setdefault("messages", "conversations")
        columns["role"] = tags.get("role_tag", "from")
        columns["content"] = tags.get("content_tag", "value")
        roles = {tags[tag]: role for tag, role in _TAGS.items() if tag in tags}
    else:
        # Columns that are said replace all the defaults, those that are not said included.
        defaults = {"prompt": "instruction", "input": "input", "completion": "output"}
        columns = columns if said else defaults
        if not columns.keys() & {"prompt", "input"}:
            columns["prompt"] = "instruction"
    if entry.get("ranking"):
        columns.setdefault("chosen", "chosen")
        columns.setdefault("rejected", "rejected")
        columns.pop("completion", None)
    return DatasetInfo(
        name=name,
        mapping=Mapping(columns=columns, roles=roles, origin=origin),
        file_name=entry.get("file_name"),
        hub=entry.get("hf_hub_url"),
        split=entry.get("split"),
        subset=entry.get("subset"),
    )


def _pairs(given: Any, option: str) -> dict[str, str]:
    if given is None:
        return {}
    if isinstance(given, str):
        pairs: dict[str, str] = {}
        for entry in filter(str.strip, given.split(",")):
            key, equals, value = (part.strip() for part in entry.partition("="))
            if not equals or not key or not value:
                example = "prompt=q,completion=a" if option == "--columns" else "bot=assistant,visitor=user"
                raise UsageError(f"{entry.strip()!r} is not NAME=NAME", where=option, hint=f'for example: "{example}"')
            if pairs.get(key, value) != value:
                raise UsageError(f"{key!r} is given twice", where=option)
            pairs[key] = value
        return pairs
    if not isinstance(given, Dict) or not all(isinstance(name, str) for pair in given.items() for name in pair):
        raise UsageError("expected names and their meanings", where=option)
    return dict(given)
