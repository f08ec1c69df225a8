"""Loaders of files that a card names by path or URL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.streams import Row
from regrade.errors import InputError
from regrade.files.location import is_url, locate
from regrade.rows.loaders import local_data
from regrade.rows.loaders.loader import Loader, Loading


def find_file(name: str, stream: str, loading: Loading) -> Path:
    """The file that a card means, on this machine: below ``--data``, relative to the card, or fetched.

    Raises:
        AccessDenied: a card may not name it.
        InputError: it is not there.
    """
    access = loading.access
    if loading.data is not None:
        return access.path(local_data.stand_in(loading.data, name, stream), loading.data)
    if name.startswith("file://"):
        return access.path(locate(name))
    if is_url(name):
        if name.startswith(("http://", "https://")):
            from regrade.files.downloads import fetch_url

            return fetch_url(name, access)
        return locate(access.url(name))
    starts = [folder for folder in (loading.folder, Path()) if folder is not None]
    if Path(name).is_absolute():
        starts = [Path()]
    for start in starts:
        path = start / name
        if access.allows(path, start) and os.path.isfile(path):  # noqa: PTH113 - that of paths fails for long names
            return path
    for start in starts:
        access.path(start / name, start)
    raise InputError("no such file", where=name, hint="a path is relative to the card, or to the folder you are in")


class FileLoader(Loader, kw_only=True):
    """A file per stream.

    Args:
        files: By stream a path (relative to the card's file, or to where one is) or URL; what comes from a URL is kept
            and not fetched again.
        compression: Accepted for Unitxt's sake; a file's own first bytes tell.
        chunksize: Accepted for Unitxt's sake.
        indirect_read: Accepted for Unitxt's sake.
    """

    files: dict[str, str]
    compression: str | None = None
    chunksize: int = 1000
    indirect_read: bool = False

    def verify(self) -> None:
        if not self.files:
            raise ArtifactError("'files' names no file", path=("files",))

    def readers(self, loading: Loading) -> dict[str, Callable[[], Iterable[Row]]]:
        return {stream: partial(self._rows_of, name, stream, loading) for stream, name in self.files.items()}

    def _rows_of(self, name: str, stream: str, loading: Loading) -> Iterable[Row]:
        from regrade.rows.loaders.tables import rows_of, unzip

        path = unzip(find_file(name, stream, loading))
        if loading.data is not None and Path(name).name != path.name:
            return rows_of(path, loading)  # another file, perhaps of another kind, stands in
        return self.rows(path, loading)

    def rows(self, path: Path, loading: Loading) -> Iterable[Row]:
        """The rows of one file."""
        raise NotImplementedError


@artifact("load_csv")
class LoadCSV(FileLoader, kw_only=True):
    r"""Rows of comma- or otherwise separated text with a header.

    Columns have types: whole numbers, numbers or truth values where all values are, else texts; empty values are None.

    Args:
        sep: Stands between fields; ``\t`` for a tab.
        column_names: Names of the columns, where the file's first line is a row already.

    >>> LoadCSV(files={"test": "capitals.tsv"}, sep="\t").files
    {'test': 'capitals.tsv'}
    """

    sep: str = ","
    column_names: list[str] | None = None

    def verify(self) -> None:
        super().verify()
        if len(self.sep) != 1:
            raise ArtifactError(f"'sep' must be one character, not {self.sep!r}", path=("sep",))

    def rows(self, path: Path, loading: Loading) -> Iterable[Row]:
        from regrade.rows.loaders.tables import read_delimited

        return read_delimited(path, self.sep, self.column_names, loading)


@artifact("load_json_file")
class LoadJsonFile(FileLoader, kw_only=True):
    """Rows of JSON: one document that is a list of objects or holds one, or an object per line.

    Every row has every column; what a row lacks is None.

    Args:
        lines: Each line is a row; else the file is one document.
        data_field: Path of the list of rows inside the document.

    >>> LoadJsonFile(files={"test": "exam.json"}, data_field="parts/0/questions").data_field
    'parts/0/questions'
    """

    lines: bool = False
    data_field: str | None = None

    def verify(self) -> None:
        super().verify()
        if self.lines and self.data_field is not None:
            raise ArtifactError("'data_field' is for a file that is one document, not for lines", path=("data_field",))

    def rows(self, path: Path, loading: Loading) -> Iterable[Row]:
        from regrade.files.tables import Table
        from regrade.rows.loaders import tables

        if self.lines:
            return tables.whole_rows(Table(str(path), "lines", "as the card says"), loading)
        return tables.json_document(path, self.data_field, loading)
