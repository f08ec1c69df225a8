"""The documents of a task of lm-evaluation-harness: from the files that stand in for its data set, or from the hub.

No program of a data set runs. What a task makes of its rows (``process_docs``) is a function, and runs only where the
task's functions may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from regrade import extras
from regrade.access import Access
from regrade.errors import InputError, RecipeError, UnavailableError
from regrade.lm_eval.fewshot import Shots, inline_samples
from regrade.rows.loaders import local_data
from regrade.rows.loaders.hub import LoadHF
from regrade.rows.loaders.loader import Loading
from regrade.rows.loaders.tables import rows_of
from regrade.schema import FunctionRef, Recipe

Resolve = Callable[[FunctionRef], Callable[..., Any]]
Doc = dict[str, Any]

_HARMLESS = frozenset({"trust_remote_code", "streaming", "verification_mode", "download_mode", "cache_dir", "num_proc"})
"""Settings of ``datasets.load_dataset`` that change no row."""


class TaskDocuments:
    """The documents of one task.

    Args:
        recipe: The task.
        resolve: Finds its functions.
        data: A file that holds the documents asked about, or a folder with a file per split.
        folder: The folder of the task's own file; relative names in it may be relative to it.
        split: The split that is asked about; None for the task's own.
        access: What the task may name; if not given, what a command line allows.

    Attributes:
        split: The split that is asked about.
        loading: What was read: files, revisions, rows that cannot be read.
    """

    def __init__(
        self,
        recipe: Recipe,
        resolve: Resolve,
        *,
        data: Path | None = None,
        folder: Path | None = None,
        split: str | None = None,
        access: Access | None = None,
    ) -> None:
        self.recipe = recipe
        self.config = recipe.metadata
        self.data = data
        self._resolve = resolve
        own = self.config.get("test_split") or self.config.get("validation_split")
        if split is None and own is None and (data is None or data.is_dir()):
            raise RecipeError("it names no test_split and no validation_split", where=self._where, hint="--split NAME")
        self.split: str = split or own or "test"
        self.loading = Loading(data if data is not None and data.is_dir() else None, folder=folder, access=access)

    @property
    def _where(self) -> str:
        return f"task {self.recipe.task}"

    def select_documents(self) -> list[Doc]:
        """The documents that are asked about.

        Raises:
            InputError: they are not there.
            UnavailableError: they are made by a function that may not run here.
        """
        docs = self._processed(self._split(self.split), self.config.get("process_docs"))
        if not docs:
            raise InputError(f"its split {self.split!r} has no documents", where=self._where)
        return docs

    def examples(self, shots: Shots) -> list[Doc]:
        """The documents that examples are taken from.

        As in the harness: those of ``fewshot_split``, else those that the task holds, else the training, the validation
        or the test split.
        """
        if (inline := inline_samples(shots, self._resolve)) is not None:
            return inline
        if shots.split is not None:
            return self._processed(self._split(shots.split), shots.process_docs)
        named = (self.config.get(f"{kind}_split") for kind in ("training", "validation", "test"))
        split = next((name for name in named if name is not None), self.split)
        return self._processed(self._split(split), self.config.get("process_docs"))

    def _processed(self, rows: list[Doc], function: Any) -> list[Doc]:
        if not isinstance(function, FunctionRef):
            return rows
        process = self._resolve(function)
        datasets = extras.require("datasets", to="process_docs", where=self._where)
        try:
            return [dict(row) for row in process(datasets.Dataset.from_list(rows))]
        except UnavailableError:
            raise
        except Exception as error:
            raise RecipeError(
                f"its function {function.name!r} fails on the documents: {type(error).__name__}: {error}",
                where=self._where,
            ) from error

    def _split(self, name: str) -> list[Doc]:
        return list(self._rows(name))

    def _rows(self, name: str) -> Iterable[Doc]:
        data = self.data
        if data is not None and not data.exists():
            raise InputError("no such file or folder", where=f"--data {data}")
        if data is not None and data.is_file() and name == self.split:
            return rows_of(data, self.loading)
        if data is not None and data.is_dir() and (file := local_data.named_after(data, name)) is not None:
            return rows_of(self.loading.access.path(file, data), self.loading)
        if self.config.get("custom_dataset") is not None:
            raise UnavailableError(
                "its documents are made by a program (custom_dataset)", where=self._where, hint="--data FILE gives them"
            )
        try:
            return self._loader(name).readers(self.loading)[name]()
        except InputError as error:
            if data is not None and data.is_file():
                raise InputError(
                    f"examples come from the split {name!r}, which cannot be read ({error.what})",
                    where=self._where,
                    hint=f"--data may be a folder with {name}.jsonl and {self.split}.jsonl",
                ) from None
            raise

    def _loader(self, split: str) -> LoadHF:
        path = self.config.get("dataset_path")
        if not isinstance(path, str):
            raise InputError("it names no data set (dataset_path)", where=self._where, hint="--data FILE gives it one")
        settings = dict(self.config.get("dataset_kwargs") or {})
        known = {key: settings.pop(key) for key in ("data_files", "data_dir", "revision") if key in settings}
        if strange := sorted(settings.keys() - _HARMLESS):
            raise UnavailableError(
                f"its data set is read by settings that are not understood here: {', '.join(strange)}",
                where=self._where,
                hint="--data FILE gives the documents",
            )
        name = self.config.get("dataset_name")
        return LoadHF(path=path, name=None if name is None else str(name), split=split, **known)
