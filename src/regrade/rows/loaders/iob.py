"""Loader of tagged sentences: a token and its tag per line, an empty line between sentences (IOB, CoNLL-U and kin)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import msgspec

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.streams import Row
from regrade.errors import InputError
from regrade.rows.loaders.files import find_file
from regrade.rows.loaders.loader import Loader, Loading
from regrade.schema import Malformed


@artifact("load_iob")
class LoadIOB(Loader, kw_only=True):
    """Sentences whose tokens bear tags, such as those of named entities.

    A row has ``idx`` (the sentence's id as text, else its number), ``text`` (as the file's comment says, else the
    tokens with blanks between), ``tokens``, ``ner_tags`` and ``annotator`` (empty texts where there are none).

    Args:
        files: By stream a path or URL.
        column_names: What the columns are; ``token`` and ``tag`` are among them.
        fix_tags: Tags that are no entities (``OTH`` in them, ``B-O``) become ``O``.
        encoding: Of the files; UTF-8 is the only one.

    >>> LoadIOB(files={"test": "en-test.iob2"}).column_names[1:3]
    ['token', 'tag']
    """

    files: dict[str, str]
    column_names: list[str] = msgspec.field(default_factory=lambda: ["id", "token", "tag", "misc", "annotator"])
    fix_tags: bool = True
    encoding: str = "utf-8"

    def verify(self) -> None:
        if not {"token", "tag"} <= set(self.column_names):
            raise ArtifactError("'column_names' needs 'token' and 'tag'", path=("column_names",))
        if self.encoding.lower().replace("_", "-") not in ("utf-8", "utf8", "ascii"):
            raise ArtifactError(f"files must be in UTF-8, not {self.encoding}", path=("encoding",))

    def readers(self, loading: Loading) -> dict[str, Callable[[], Iterable[Row]]]:
        return {stream: partial(self._rows, name, stream, loading) for stream, name in self.files.items()}

    def _rows(self, name: str, stream: str, loading: Loading) -> Iterator[Row]:
        from regrade.files import reading as files
        from regrade.files.chunk import Chunk
        from regrade.rows.loaders.tables import unzip

        path = unzip(find_file(name, stream, loading))
        loading.files[str(path)] = None
        comments: dict[str, str] = {}
        lines: list[list[str]] = []
        number = start = count = 0
        try:
            for number, line in enumerate(files.read_lines(Chunk(str(path))), 1):
                text = line.decode().rstrip("\r")
                if not text.strip():
                    if lines:
                        if (row := self._row(lines, comments, count, loading, str(path), start)) is not None:
                            yield row
                            count += 1
                        lines = []
                    comments = {}
                elif text.startswith("#") and not lines:
                    key, equals, value = text[1:].partition("=")
                    if equals:
                        comments[key.strip()] = value.strip()
                else:
                    start = start if lines else number
                    lines.append(text.split("\t") if "\t" in text else text.split())
        except UnicodeDecodeError as error:
            raise InputError(f"not valid UTF-8 (byte {error.start + 1})", where=f"{path}:{number}") from None
        if lines and (row := self._row(lines, comments, count, loading, str(path), start)) is not None:
            yield row

    def _row(
        self, lines: list[list[str]], comments: dict[str, str], count: int, loading: Loading, path: str, start: int
    ) -> Row | None:
        names = self.column_names
        token, tag = names.index("token"), names.index("tag")
        annotator = names.index("annotator") if "annotator" in names else len(names)
        for place, fields in enumerate(lines):
            if len(fields) <= max(token, tag):
                loading.put_aside(
                    Malformed(path, start + place, f"{len(fields)} columns, {max(token, tag) + 1} are wanted")
                )
                return None
        tags = [fields[tag] for fields in lines]
        tokens = [fields[token] for fields in lines]
        return {
            "idx": comments.get("sent_id", str(count)),
            "text": comments.get("text", " ".join(tokens)),
            "tokens": tokens,
            "ner_tags": ["O" if "OTH" in name or name == "B-O" else name for name in tags] if self.fix_tags else tags,
            "annotator": [
                fields[annotator] if annotator < len(fields) and fields[annotator] != "_" else "" for fields in lines
            ],
        }
