"""Artifacts in files: JSON as Unitxt writes it, YAML as people do, both the same data.

YAML is read by the rules of its version 1.2, so that ``no`` and ``2024-01-01`` are texts, and keys are the texts that
stand there: ``{0: negative}`` is what JSON writes as ``{"0": "negative"}``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

from regrade.artifacts.artifact import ArtifactError
from regrade.artifacts.spelling import BareNone, SpellingNote, may_be_odd, respell

SUFFIXES: Final = (".yaml", ".yml", ".json")
"""What a file of a catalog may end with; the first that exists counts."""

_MOST_VALUES: Final = 1_000_000


def read(path: Path, notes: list[SpellingNote] | None = None) -> Any:
    """The data of a file.

    Args:
        path: The file.
        notes: Takes what a reader should know of its spelling.

    Raises:
        ArtifactError: it is no JSON or YAML; the place is named.
        OSError: it cannot be read.
    """
    return parse(path.read_bytes(), json_syntax=path.suffix == ".json", where=str(path), notes=notes)


def parse(content: bytes, *, json_syntax: bool, where: str = "", notes: list[SpellingNote] | None = None) -> Any:
    """The data of a text in UTF-8, in the catalog's spelling whichever it was written in.

    Args:
        content: The text.
        json_syntax: Whether it is JSON; else it is YAML.
        where: What to call it in errors.
        notes: Takes what a reader should know of its spelling.

    Raises:
        ArtifactError: it is no JSON or YAML; ``where`` is the file and the place in it, as ``file:line:column``.
    """
    try:
        data = _parsed(content, json_syntax, where)
        if may_be_odd(content, json_syntax=json_syntax):
            data, found = respell(data)
            if notes is not None:
                notes += found
        return data
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}:{error.colno}"
        raise ArtifactError(f"this is no JSON: {error.msg}", where=place) from None
    except UnicodeDecodeError as error:
        raise ArtifactError(f"this is no UTF-8 text (byte {error.start})", where=where) from None
    except RecursionError:
        raise ArtifactError("values are nested too deeply", where=where) from None


def _parsed(content: bytes, json_syntax: bool, where: str) -> Any:
    if not json_syntax:
        data = _parse_yaml(content, where)
        if data is None and not any(line.partition(b"#")[0].strip() for line in content.splitlines()):
            raise ArtifactError("the file is empty", where=where)
        return data
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:  # it may hold NaN, which Python's own reader takes; else that one names the place
        return json.loads(content)


def write(data: Any, *, json_syntax: bool) -> str:
    """Data as a text that :func:`parse` reads as the same data."""
    if json_syntax:
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    Dumper.add_representer(str, _represent_text)
    text: str = yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


def _represent_text(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text.strip("\n") and not re.search(r"[ \t]\n|[\x00-\x09\x0b-\x1f\x7f-\x9f]", text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _parse_yaml(content: bytes, where: str) -> Any:
    import yaml

    try:
        data = yaml.load(content.decode(), Loader=_yaml_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        raise ArtifactError(f"this is no YAML: {error.problem or error.context}", where=place) from None
    except yaml.YAMLError as error:
        raise ArtifactError(f"this is no YAML: {error}", where=where) from None
    if b"&" in content and _larger_than(data, _MOST_VALUES):
        raise ArtifactError("its aliases multiply to more values than an artifact can hold", where=where)
    return data


def _larger_than(data: Any, most: int) -> bool:
    """Whether there are more values than that, aliases counted wherever they stand (endlessly many, for a cycle)."""
    waiting, count = [data], 0
    while waiting:
        value = waiting.pop()
        count += 1
        if count > most:
            return True
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return False


_loader: Any = None


def _yaml_loader() -> Any:
    """A loader class; what it takes for a number or a boolean is a part of what PyYAML's dumper quotes."""
    global _loader
    if _loader is None:
        import yaml

        parent: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

        class Loader(parent):  # type: ignore[misc]
            yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

            def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
                keys = set()
                for key_node, _ in node.value:
                    if not isinstance(key_node, yaml.ScalarNode):
                        raise yaml.constructor.ConstructorError(None, None, "a key is no text", key_node.start_mark)
                    if key_node.value in keys:
                        again = f"the key {key_node.value!r} stands here a second time"
                        raise yaml.constructor.ConstructorError(None, None, again, key_node.start_mark)
                    keys.add(key_node.value)
                self.flatten_mapping(node)  # what "<<" brings in comes first, and the mapping's own keys count
                return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}

        for tag, pattern, first in (
            ("bool", r"(?:true|True|TRUE|false|False|FALSE)", "tTfF"),
            ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
            (
                "float",
                r"[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?|\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))",
                "-+0123456789.",
            ),
            ("merge", r"<<", "<"),
            ("null", r"(?:~|null|Null|NULL|)", ["~", "n", "N", ""]),
        ):
            Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"^{pattern}$"), list(first))
        Loader.add_implicit_resolver("!bare-none", re.compile("^None$"), ["N"])
        Loader.add_constructor("!bare-none", lambda loader, node: BareNone(node.value))
        _loader = Loader
    return _loader
