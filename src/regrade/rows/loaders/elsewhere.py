"""Loaders of other places: scikit-learn's data sets, tables with annotated columns, and services that are not asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec

from regrade import extras
from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.streams import Row
from regrade.errors import InputError, UnavailableError
from regrade.files import hub
from regrade.rows.loaders import local_data
from regrade.rows.loaders.hub import hub_token
from regrade.rows.loaders.loader import Loader, Loading

#: Data sets of scikit-learn that have texts, subsets and names of targets.
_SKLEARN: Final = ("20newsgroups",)


@artifact("load_from_sklearn")
class LoadFromSklearn(Loader, kw_only=True):
    """A text data set that scikit-learn fetches: rows of ``data`` (a text) and ``target`` (the name of its class).

    With ``--data DIR`` its rows are in ``DIR/train.jsonl`` and so on (or .json, .csv, .parquet).

    Args:
        dataset_name: ``20newsgroups``.
        splits: The subsets.
        requirements_list: Accepted for Unitxt's sake.

    >>> LoadFromSklearn(dataset_name="20newsgroups").splits
    ['train', 'test']
    """

    default_policy: ClassVar[str] = "public"
    dataset_name: str
    splits: list[str] = msgspec.field(default_factory=lambda: ["train", "test"])
    requirements_list: list[str] | dict[str, str] | None = None

    def verify(self) -> None:
        if self.dataset_name not in _SKLEARN:
            raise ArtifactError(
                f"{self.dataset_name!r} is no text data set of scikit-learn",
                path=("dataset_name",),
                hint=f"it has {', '.join(_SKLEARN)}",
            )

    def readers(self, loading: Loading) -> dict[str, Callable[[], Iterable[Row]]]:
        return {split: partial(self._rows, split, loading) for split in self.splits}

    def _rows(self, split: str, loading: Loading) -> Iterator[Row]:
        if loading.data is not None:
            yield from _local_rows(loading.data, split, loading)
            return
        datasets = extras.require(
            "sklearn.datasets", to="load_from_sklearn", hint="name a folder with the rows by --data"
        )
        loading.access.url("https://ndownloader.figshare.com/files/5975967")  # where scikit-learn has it from
        try:
            found: Any = datasets.fetch_20newsgroups(subset=split)
        except OSError as error:
            raise InputError(f"scikit-learn cannot fetch it: {error}", where=self.dataset_name) from None
        names = [str(name) for name in found["target_names"]]
        for text, target in zip(found["data"], found["target"], strict=True):
            yield {"data": text, "target": names[int(target)]}


def _local_rows(data: Path, stream: str, loading: Loading) -> Iterable[Row]:
    from regrade.rows.loaders.tables import rows_of

    path = local_data.named_after(data, stream)
    if path is None:
        raise InputError(
            f"holds no rows of {stream}", where=str(data), hint=f"put {stream}.jsonl there, or .json, .csv or .parquet"
        )
    return rows_of(loading.access.path(path, data), loading)


class ServiceLoader(Loader, kw_only=True):
    """A loader of a service that Regrade does not ask: its rows come from files below ``--data`` only."""

    service: ClassVar[str] = ""

    def readers(self, loading: Loading) -> dict[str, Callable[[], Iterable[Row]]]:
        if loading.data is None:
            raise UnavailableError(
                f"{self.service} is not asked: it wants an account of yours",
                where=type(self).__name__,
                hint="download the data and name its folder by --data",
            )
        folder = hub.Folder(loading.data, loading.access)
        splits = hub.splits_of(folder, None, str(loading.data))
        return {split: partial(self._rows, folder, names, loading) for split, names in splits.items()}

    def _rows(self, folder: hub.Folder, names: list[str], loading: Loading) -> Iterator[Row]:
        from regrade.rows.loaders.tables import rows_of

        for name in names:
            yield from rows_of(Path(folder.fetch(name)), loading)


@artifact("load_from_kaggle")
class LoadFromKaggle(ServiceLoader, kw_only=True):
    """A data set of Kaggle, which gives its files to people with an account: download it, and name the folder by
    ``--data``.

    Args:
        url: Where the data set is.

    >>> LoadFromKaggle(url="https://www.kaggle.com/datasets/someone/something").policy
    ['public']
    """

    service: ClassVar[str] = "Kaggle"
    default_policy: ClassVar[str] = "public"
    url: str


@artifact("load_from_ibm_cloud")
class LoadFromIBMCloud(ServiceLoader, kw_only=True):
    """Files of an object store of IBM's: download them and name the folder by ``--data``.

    Args:
        endpoint_url_env: Accepted for Unitxt's sake, as are the other names of environment variables.
        aws_access_key_id_env: See there.
        aws_secret_access_key_env: See there.
        bucket_name: The bucket.
        data_files: Names of files, by stream.
        data_dir: Folder in the bucket.
        data_field: Path of the rows inside a JSON document.
        caching: Accepted for Unitxt's sake.
    """

    service: ClassVar[str] = "the object store"
    endpoint_url_env: str
    aws_access_key_id_env: str
    aws_secret_access_key_env: str
    bucket_name: str
    data_files: list[str] | dict[str, str | list[str]]
    data_dir: str | None = None
    data_field: str | None = None
    caching: bool = True


@artifact("load_from_api")
class LoadFromAPI(ServiceLoader, kw_only=True):
    """Rows that a web service gives: save its answers and name the folder by ``--data``.

    Args:
        urls: By stream where the service is.
        chunksize: Accepted for Unitxt's sake, as are the arguments below.
        api_key_env_var: See there.
        headers: See there.
        data_field: See there.
        method: See there.
        verify_cert: See there.
    """

    service: ClassVar[str] = "the web service"
    urls: dict[str, str]
    chunksize: int = 100_000
    api_key_env_var: str | None = None
    headers: dict[str, Any] | None = None
    data_field: str | None = "data"
    method: str = "GET"
    verify_cert: bool = True


@artifact("turl_column_type_annotation_loader")
class TURLColumnTypeAnnotationLoader(Loader, kw_only=True):
    """Tables of Wikipedia whose columns bear types (TURL, as HELM has it): a row per column.

    A row has ``page_title``, ``section_title``, ``table_caption``, ``table`` (``header`` and ``rows``), ``colname`` and
    ``annotations``. With ``--data DIR`` the files are ``DIR/train.table_col_type.json``, ``dev...`` and ``test...``.

    >>> TURLColumnTypeAnnotationLoader().policy
    ['public']
    """

    default_policy: ClassVar[str] = "public"

    def readers(self, loading: Loading) -> dict[str, Callable[[], Iterable[Row]]]:
        names = {"train": "train", "validation": "dev", "test": "test"}
        return {
            split: partial(self._rows, f"turl-column-type-annotation/{name}.table_col_type.json", loading)
            for split, name in names.items()
        }

    def _rows(self, name: str, loading: Loading) -> Iterator[Row]:
        from regrade.files import json_lines
        from regrade.files import reading as files

        if loading.data is not None:
            path = str(loading.access.path(local_data.stand_in(loading.data, name, Path(name).stem), loading.data))
        else:
            where = "hf://datasets/stanford-crfm/helm-scenarios"
            with hub.explain_errors(where):
                repo = hub.Repository("stanford-crfm/helm-scenarios", "main", token=hub_token(loading))
                path = repo.fetch(name)
            if repo.commit is not None:
                loading.revisions[where] = repo.commit
        loading.files[path] = None
        try:
            tables = json_lines.decode_any(files.read_all(path))
            for table in tables:
                content = _table(table[5], table[6])
                for place, column in enumerate(table[5]):
                    yield {
                        "page_title": table[1],
                        "section_title": table[3],
                        "table_caption": table[4],
                        "table": content,
                        "colname": column,
                        "annotations": table[7][place],
                    }
        except (ValueError, TypeError, IndexError, KeyError) as error:
            raise InputError(f"is no file of annotated tables: {error}", where=path) from None


def _table(header: list[str], columns: list[Any]) -> dict[str, Any]:
    """A table of its columns, each a list of ``[[row, column], [id, text]]``; rows without any text are left out."""
    count = max((column[-1][0][0] for column in columns), default=0)
    texts = [{cell[0][0]: cell[1][1] for cell in reversed(column)} for column in columns]
    rows = ([column.get(row, "") for column in texts] for row in range(count))
    return {"header": header, "rows": [row for row in rows if any(row)]}
