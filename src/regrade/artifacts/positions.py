"""Where in a file the parts of an artifact stand: lines and columns of keys and values."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any, Final, NamedTuple

from regrade.artifacts.artifact import Path

_TOKEN: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^\s,:\[\]{}"]+|[\[\]{},:])', re.DOTALL)


class Place(NamedTuple):
    """A line and a column, from 1."""

    line: int
    column: int


class Positions:
    """The places of a file's keys and values, by their path from the top."""

    def __init__(self) -> None:
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}

    def find(self, path: Path, *, key: bool = False) -> Place:
        """The place of a value (or of its key); if the path leads out of the file, of what it leaves the file from."""
        while path and path not in self.values:
            path = path[:-1]
        if key and path in self.keys:
            return self.keys[path]
        return self.values.get(path, Place(1, 1))


def positions(text: str, *, json_syntax: bool) -> Positions:
    """The places of everything in a text that is known to be JSON or YAML."""
    found = Positions()
    if json_syntax:
        _JsonScan(text, found).value(())
    else:
        import yaml

        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        node = yaml.compose(text, Loader=loader)
        if node is not None:
            _scan_yaml(node, (), found, set())
    return found


def _scan_yaml(node: Any, path: Path, found: Positions, above: set[int]) -> None:
    found.values[path] = Place(node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in above:  # an alias to what it stands in
        return
    if node.id == "mapping":
        for key, value in node.value:
            inner = (*path, str(key.value))
            found.keys[inner] = Place(key.start_mark.line + 1, key.start_mark.column + 1)
            _scan_yaml(value, inner, found, above | {id(node)})
    elif node.id == "sequence":
        for place, item in enumerate(node.value):
            _scan_yaml(item, (*path, place), found, above | {id(node)})


class _JsonScan:
    """Goes through JSON that is known to be well-formed."""

    def __init__(self, text: str, found: Positions) -> None:
        self.tokens = [(match[1], match.start(1)) for match in _TOKEN.finditer(text)]
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.at = 0
        self.found = found

    def place(self, offset: int) -> Place:
        line = bisect_right(self.starts, offset)
        return Place(line, offset - self.starts[line - 1] + 1)

    def take(self) -> tuple[str, Place]:
        token, offset = self.tokens[self.at]
        self.at += 1
        return token, self.place(offset)

    def value(self, path: Path) -> None:
        token, self.found.values[path] = self.take()
        if token == "{":
            while True:
                key, place = self.take()
                if key == "}":
                    return
                if key == ",":
                    continue
                inner = (*path, json.loads(key))
                self.found.keys[inner] = place
                self.take()  # the colon
                self.value(inner)
        elif token == "[":
            count = 0
            while True:
                following = self.tokens[self.at][0]
                if following in ("]", ","):
                    self.take()
                    if following == "]":
                        return
                else:
                    self.value((*path, count))
                    count += 1
