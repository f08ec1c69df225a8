"""Loaders of data sets and spaces of the Hugging Face hub."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Final

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.streams import Row
from regrade.errors import InputError
from regrade.files import hub
from regrade.rows.loaders import local_data
from regrade.rows.loaders.loader import Loader, Loading

DataFiles = str | list[str] | dict[str, str | list[str]]
"""Names or patterns of files; by stream, or those of the stream ``train``."""

#: Names that mean a kind of file instead of a data set of the hub.
_KINDS_OF_FILES: Final = frozenset(("csv", "json", "parquet"))
_SPLIT: Final = re.compile(r"(?P<name>[^\[\]+]+)(?:\[(?P<start>-?\d*%?):(?P<stop>-?\d*%?)\])?")
#: Where the hub keeps its own Parquet copy of data sets whose repository holds a program instead of rows.
_CONVERTED: Final = "refs/convert/parquet"


def _by_stream(data_files: DataFiles) -> dict[str, list[str]]:
    given = data_files if isinstance(data_files, dict) else {"train": data_files}
    return {stream: [names] if isinstance(names, str) else list(names) for stream, names in given.items()}


@artifact("load_hf")
class LoadHF(Loader, kw_only=True):
    """A data set of the Hugging Face hub: its rows are read from its files, no program of it runs.

    Which files a split has is what the data set's own card says, else what the files' names say. Files come through
    the hub's cache, so that they are there offline too. With ``--data DIR`` they are looked for in ``DIR/ORG/NAME``,
    ``DIR/NAME`` and ``DIR``, by the same rules: ``test.jsonl``, ``CONFIG/test.parquet``, ``data/test-0.csv``.

    Args:
        path: ``ORG/NAME`` on the hub, a folder of this machine, or ``csv``, ``json`` or ``parquet`` with
            ``data_files``.
        name: The configuration.
        data_dir: Only files below this folder.
        split: Only this split; a part of it in brackets (``train[:100]``, ``test[10%:20%]``), several with ``+``.
        data_files: Names or patterns of files, by split; instead of what the data set says.
        revision: Commit, tag or branch. The commit that it stands for is recorded with the samples.
        filtering_lambda: Rows are kept where it holds. It is translated, not run: comparisons of fields with
            constants, and membership in lists of them.
        splits: Names of the splits.
        requirements_list: Accepted for Unitxt's sake; nothing is imported.

    >>> LoadHF(path="ORG/NAME", name="physics", filtering_lambda="lambda x: x['level'] == 5").name
    'physics'
    """

    default_policy: ClassVar[str] = "public"
    path: str
    name: str | None = None
    data_dir: str | None = None
    split: str | None = None
    data_files: DataFiles | None = None
    revision: str | None = None
    filtering_lambda: str | None = None
    splits: list[str] | None = None
    requirements_list: list[str] | dict[str, str] | None = None

    def verify(self) -> None:
        if self.filtering_lambda is not None:
            self.keeps  # noqa: B018 - raises where it cannot be translated
        if self.split is not None:
            _parts(self.split)

    @property
    def keeps(self) -> Callable[[Row], Any]:
        """What tells of a row whether the filter keeps it."""
        from regrade.artifacts.python_expressions import ExpressionRefused, translate_lambda

        assert self.filtering_lambda is not None
        try:
            return translate_lambda(self.filtering_lambda)
        except ExpressionRefused as error:
            raise ArtifactError(
                str(error),
                path=("filtering_lambda",),
                hint="a condition on the row, such as lambda x: x['language'] == 'en'; code is never run",
            ) from None

    def readers(self, loading: Loading) -> dict[str, Callable[[], Iterable[Row]]]:
        repo, files = self._files(loading)
        available: dict[str, Callable[[], Iterable[Row]]] = {
            split: partial(self._rows, repo, names, loading) for split, names in files.items()
        }
        if self.split is not None:
            wanted = self.split
            missing = [name for name, _, _ in _parts(wanted) if name not in available]
            if missing:
                raise self._no_split(missing[0], list(available))
            return {wanted: lambda: _slices(wanted, available)}
        if self.splits is not None:
            for name in self.splits:
                if name not in available:
                    raise self._no_split(name, list(available))
            return {name: available[name] for name in self.splits}
        return available

    def _no_split(self, name: str, known: list[str]) -> InputError:
        return InputError(f"no split {name!r}", where=self._called, hint=f"it has {', '.join(known)}")

    @property
    def _called(self) -> str:
        return f"hf://datasets/{self.path}" + (f"/{self.name}" if self.name else "")

    def _files(self, loading: Loading) -> tuple[hub.Files, dict[str, list[str]]]:
        """Where the files are, and their names by split."""
        if loading.data is not None:
            folder = hub.Folder(local_data.dataset_folder(loading.data, self.path), loading.access)
            return folder, self._local_splits(folder)
        if self.path in _KINDS_OF_FILES and self.data_files is not None:
            return _Named(loading), _by_stream(self.data_files)
        if Path(self.path).is_dir():
            folder = hub.Folder(loading.access.path(Path(self.path)), loading.access)
            return folder, self._local_splits(folder)
        with hub.explain_errors(self._called):
            token = hub_token(loading)
            repo = hub.Repository(self.path, self.revision, token=token)
            try:
                splits = self._splits(repo)
            except InputError:
                if self.revision is not None or self.data_files is not None:
                    raise
                repo, splits = self._converted(repo, token)
        if repo.commit is not None:
            loading.revisions[self._called] = repo.commit
        return repo, splits

    def _local_splits(self, folder: hub.Folder) -> dict[str, list[str]]:
        if self.data_files is not None:
            return {
                stream: [
                    str(path.relative_to(folder.path))
                    for name in names
                    for path in local_data.below(folder.path, name, folder.files)
                ]
                for stream, names in _by_stream(self.data_files).items()
            }
        names = [self.name, None] if self.name is not None else [None]
        for place, name in enumerate(names):
            try:
                splits = hub.splits_of(folder, name, str(folder.path))
            except InputError:
                if place == len(names) - 1:
                    raise InputError(
                        f"holds no rows of {self.path}" + (f", configuration {self.name}" if self.name else ""),
                        where=str(folder.path),
                        hint="put SPLIT.jsonl there (or .json, .csv, .parquet), in a folder named after the "
                        "configuration if there are several",
                    ) from None
            else:
                # Files that are named after a split are that split, whatever words are in the name of others.
                return {**splits, **self._named_after(folder, name)}
        raise AssertionError("unreachable")

    def _named_after(self, folder: hub.Folder, config: str | None) -> dict[str, list[str]]:
        found = {}
        for split in self.splits or ([] if self.split is None else [name for name, _, _ in _parts(self.split)]):
            place = folder.path / config if config else folder.path
            if (path := local_data.named_after(place, split)) is not None:
                found[split] = [path.relative_to(folder.path).as_posix()]
        return found

    def _splits(self, repo: hub.Files) -> dict[str, list[str]]:
        if self.data_files is not None:
            base = f"{self.data_dir.strip('/')}/" if self.data_dir else ""
            splits = {
                stream: [file for name in names for file in local_data.matching(base + name, repo.files)]
                for stream, names in _by_stream(self.data_files).items()
            }
            if empty := [stream for stream, files in splits.items() if not files]:
                raise InputError(f"no file is what data_files names for {empty[0]!r}", where=self._called)
            return splits
        if self.data_dir is not None:
            folder = self.data_dir.strip("/")
            if any(file.startswith(f"{folder}/") for file in repo.files):
                return hub.splits_of(repo, folder, self._called)
        return hub.splits_of(repo, self.name, self._called)

    def _converted(self, repo: hub.Repository, token: str | bool | None) -> tuple[hub.Repository, dict[str, list[str]]]:
        """The hub's own Parquet copy, for a data set whose repository has no file of rows for what is wanted."""
        config = self.name or "default"
        try:
            other = hub.Repository(self.path, _CONVERTED, token=token)
            names = [file for file in other.files if file.startswith(f"{config}/")]
        except Exception:  # there is no copy: what was wrong with the data set itself is told
            names = []
        if not names:
            self._splits(repo)  # raises what is wrong
        splits: dict[str, list[str]] = {}
        for file in names:
            splits.setdefault(file.split("/")[1].removeprefix("partial-"), []).append(file)
        return other, splits

    def _rows(self, repo: hub.Files, names: list[str], loading: Loading) -> Iterator[Row]:
        from regrade.rows.loaders.tables import rows_of, unzip

        keeps = self.keeps if self.filtering_lambda is not None else None
        for name in names:
            with hub.explain_errors(self._called) if isinstance(repo, hub.Repository) else _untold():
                path = unzip(Path(repo.fetch(name)))
            rows = rows_of(path, loading)
            yield from rows if keeps is None else filter(keeps, rows)


def hub_token(loading: Loading) -> bool | None:
    """Whether the hub is sent the token that its package finds on this machine: where data may name that."""
    return None if "HF_TOKEN" in loading.access.variables else False


class _untold:
    """A context that does nothing."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


class _Named:
    """Files by path or URL, each fetched by its own name."""

    def __init__(self, loading: Loading) -> None:
        self.loading = loading
        self.files: list[str] = []

    def fetch(self, file: str) -> str:
        from regrade.rows.loaders.files import find_file

        return str(find_file(file, Path(file).stem, self.loading))


def _parts(split: str) -> list[tuple[str, str, str]]:
    """Name, start and end of the parts of ``train[:10]+test``.

    Raises:
        ArtifactError: it does not have that form.
    """
    parts = []
    for text in split.split("+"):
        found = _SPLIT.fullmatch(text.strip())
        if found is None:
            raise ArtifactError(
                f"{split!r} is no split", path=("split",), hint="for example: test, train[:100], train[10%:20%]+test"
            )
        parts.append((found["name"].strip(), found["start"] or "", found["stop"] or ""))
    return parts


def _slices(split: str, available: dict[str, Callable[[], Iterable[Row]]]) -> Iterator[Row]:
    for name, start, stop in _parts(split):
        total = None
        if "%" in start + stop or "-" in start + stop:
            total = sum(1 for _ in available[name]())
        first, last = (_position(text, total) for text in (start, stop))
        yield from islice(available[name](), first, last)


def _position(text: str, total: int | None) -> int | None:
    if not text:
        return None
    if total is None:
        return int(text)
    position = round(int(text[:-1]) * total / 100) if text.endswith("%") else int(text)
    return max(0, position + total) if position < 0 else position


@artifact("load_from_hf_space")
class LoadFromHFSpace(Loader, kw_only=True):
    """Files of a space of the Hugging Face hub, as rows.

    With ``--data DIR`` the files are looked for below DIR by their names in the space, whole or without leading
    folders: ``data/x/rows.jsonl`` may be ``DIR/data/x/rows.jsonl``, ``DIR/x/rows.jsonl`` or ``DIR/rows.jsonl``.

    Args:
        space_name: ``ORG/NAME``.
        data_files: Names or patterns of files; by stream, or those of the stream ``train``.
        path: Accepted for Unitxt's sake; files stay in the hub's cache.
        revision: Commit, tag or branch.
        use_token: Sign in with the token that is stored on this machine.
        token_env: Name of an environment variable that holds a token; one that cards may name (``HF_TOKEN``, and what
            ``--allow-env`` adds).
        requirements_list: Accepted for Unitxt's sake.

    >>> LoadFromHFSpace(space_name="ORG/NAME", data_files={"answers": "answers/*.jsonl"}).revision is None
    True
    """

    default_policy: ClassVar[str] = "public"
    space_name: str
    data_files: DataFiles
    path: str | None = None
    revision: str | None = None
    use_token: bool | None = None
    token_env: str | None = None
    requirements_list: list[str] | dict[str, str] | None = None

    def readers(self, loading: Loading) -> dict[str, Callable[[], Iterable[Row]]]:
        if loading.data is not None:
            folder = hub.Folder(loading.data, loading.access)
            given = {
                stream: [loading.access.path(path, folder.path) for name in names for path in self._local(folder, name)]
                for stream, names in _by_stream(self.data_files).items()
            }
            return {stream: partial(self._rows, files, loading) for stream, files in given.items()}
        where = f"hf://spaces/{self.space_name}"
        with hub.explain_errors(where, "space"):
            repo = hub.Repository(self.space_name, self.revision, kind="space", token=self._token(loading))
        if repo.commit is not None:
            loading.revisions[where] = repo.commit
        named = {
            stream: [file for name in names for file in self._remote(repo, name, where)]
            for stream, names in _by_stream(self.data_files).items()
        }

        return {stream: partial(self._fetched_rows, repo, names, loading) for stream, names in named.items()}

    def _token(self, loading: Loading) -> str | bool | None:
        if self.token_env:
            return loading.access.env(self.token_env)
        return self.use_token if hub_token(loading) is None else False

    def _local(self, folder: hub.Folder, name: str) -> list[Path]:
        found = local_data.below(folder.path, name, folder.files)
        if not found:
            raise InputError(
                f"no file stands in for {name} of the space {self.space_name}",
                where=str(folder.path),
                hint="put it there under its name in the space, with or without the folders above it",
            )
        return found

    def _remote(self, repo: hub.Repository, name: str, where: str) -> list[str]:
        found = local_data.matching(name, repo.files)
        if not found:
            raise InputError(f"the space has no file {name}", where=where)
        return found

    def _fetched_rows(self, repo: hub.Repository, names: list[str], loading: Loading) -> Iterator[Row]:
        for name in names:
            with hub.explain_errors(f"hf://spaces/{self.space_name}", "space"):
                path = Path(repo.fetch(name))
            yield from self._rows([path], loading)

    def _rows(self, paths: Iterable[Path], loading: Loading) -> Iterator[Row]:
        from regrade.files import reading as files
        from regrade.files import tables as table_files
        from regrade.files.tables import Table
        from regrade.rows.loaders.tables import csv_rows, plain_rows

        for path in paths:
            if path.suffix in (".jsonl", ".ndjson"):
                yield from plain_rows(Table(str(path), "lines", "by its name"), loading)
            elif files.read_head(path, 1) != b"":
                table = table_files.open_table(path)
                yield from csv_rows(table, loading) if table.format == "csv" else plain_rows(table, loading)
