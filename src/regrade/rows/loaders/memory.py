"""Loaders of rows that stand in the card, and of several loaders' rows together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.streams import Row, Streams
from regrade.rows.loaders.loader import Loader, Loading


@artifact("load_from_dictionary")
class LoadFromDictionary(Loader, kw_only=True):
    """Rows that stand in the card itself.

    Args:
        data: The rows, by stream; all rows of a stream have the same fields.

    >>> loader = LoadFromDictionary(data={"test": [{"question": "1+1?", "answer": "2"}]})
    >>> [row["question"] for row in loader.load()["test"]]
    ['1+1?']
    """

    data: dict[str, list[dict[str, Any]]]

    def verify(self) -> None:
        for stream, rows in self.data.items():
            if not rows:
                raise ArtifactError(f"the stream {stream!r} has no rows", path=("data", stream))
            for place, row in enumerate(rows):
                if row.keys() != rows[0].keys():
                    odd = sorted(map(str, row.keys() ^ rows[0].keys()))
                    raise ArtifactError(
                        f"rows of the stream {stream!r} do not all have the same fields: {', '.join(odd)}",
                        path=("data", stream, place),
                    )

    def readers(self, loading: Loading) -> dict[str, Callable[[], Iterable[Row]]]:
        return {stream: rows.copy for stream, rows in self.data.items()}


@artifact("multiple_source_loader")
class MultipleSourceLoader(Loader, kw_only=True):
    """Several loaders' streams together; streams of one name follow each other.

    Args:
        sources: The loaders. ``loader_limit`` holds for each of them.

    >>> one = LoadFromDictionary(data={"train": [{"n": 1}], "test": [{"n": 2}]})
    >>> two = LoadFromDictionary(data={"test": [{"n": 3}]})
    >>> [row["n"] for row in MultipleSourceLoader(sources=[one, two]).load()["test"]]
    [2, 3]
    """

    sources: list[Loader]

    def load(self, loading: Loading | None = None) -> Streams:
        from regrade.artifacts.streams import Stream

        loaded = [loader.load(loading) for loader in self.sources]
        names = dict.fromkeys(name for streams in loaded for name in streams)
        return {name: Stream(partial(self._together, name, loaded)) for name in names}

    def _together(self, name: str, loaded: list[Streams]) -> Iterator[Row]:
        policy = self.data_classification_policy
        for streams in loaded:
            for row in islice(streams.get(name, ()), self.loader_limit):
                yield row if policy is None else {**row, "data_classification_policy": policy}
