"""Operators that give rows ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import StreamOperator
from regrade.artifacts.places import writer
from regrade.artifacts.streams import Row


@artifact("add_incremental_id")
class AddIncrementalId(StreamOperator, kw_only=True):
    """Numbers the rows of each stream, from 0.

    Args:
        to_field: Path of the number.

    >>> list(AddIncrementalId(to_field="id").process([{"a": 1}, {"a": 2}]))
    [{'a': 1, 'id': 0}, {'a': 2, 'id': 1}]
    """

    to_field: str

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        write = writer(self.to_field)
        for number, row in enumerate(rows):
            yield write(row.copy(), number)


@artifact("add_id")
class AddId(StreamOperator, kw_only=True):
    """Gives each row an id of 32 hexadecimal digits.

    Unlike Unitxt's random ones, it says what is in the row: the same data get the same ids every time. Rows that are
    alike get different ones.

    Args:
        id_field_name: Name of the id's field.

    >>> first, second = AddId().process([{"a": 1}, {"a": 1}])
    >>> len(first["id"]), first["id"] != second["id"]
    (32, True)
    """

    id_field_name: str = "id"

    def process(self, rows: Iterable[Row], stream: str | None = None) -> Iterator[Row]:
        seen: Counter[str] = Counter()
        for row in rows:
            digest = _digest(repr(row))
            again = seen[digest]
            seen[digest] += 1
            yield {**row, self.id_field_name: _digest(f"{digest} {again}") if again else digest}


def _digest(text: str) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
