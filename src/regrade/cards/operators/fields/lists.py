"""Operators on lists, tuples, sets and dicts in a field."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, ClassVar, Literal

from regrade.artifacts.artifact import artifact
from regrade.artifacts.operator import FieldOperator, RowOperator
from regrade.artifacts.paths import get_path, set_path
from regrade.artifacts.streams import Row


@artifact("dictify")
class Dictify(FieldOperator):
    """Makes a dict of a list: each item gets its key; items without a key go.

    >>> Dictify(field="point", with_keys=["x", "y"]).process_row({"point": [3, 4]})
    {'point': {'x': 3, 'y': 4}}

    Args:
        with_keys: The keys, in the order of the items.
    """

    with_keys: list[str]

    def process_value(self, value: Any) -> Any:
        return dict(zip(self.with_keys, value, strict=False))


@artifact("zip")
class Zip(RowOperator):
    """Puts the items of several lists together, first with first, as far as the shortest list goes.

    >>> Zip(fields=["q", "a"], to_field="qa").process_row({"q": ["2+2?"], "a": ["4", "5"]})["qa"]
    [('2+2?', '4')]

    Args:
        fields: Paths of the lists.
        to_field: Path of the list of tuples.
    """

    fields: list[str]
    to_field: str

    def zip(self, values: list[Any]) -> list[tuple[Any, ...]]:
        """The tuples of these lists."""
        return list(zip(*values, strict=False))

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        return set_path(row, self.to_field, self.zip([get_path(row, field) for field in self.fields]))  # type: ignore[no-any-return]


@artifact("zip_longest")
class ZipLongest(Zip):
    """Puts the items of several lists together, as far as the longest list goes.

    >>> ZipLongest(fields=["q", "a"], to_field="qa").process_row({"q": ["2+2?"], "a": ["4", "5"]})["qa"]
    [('2+2?', '4'), (None, '5')]

    Args:
        fill_value: Stands in where a list has ended.
    """

    fill_value: Any = None

    def zip(self, values: list[Any]) -> list[tuple[Any, ...]]:
        return list(zip_longest(*values, fillvalue=self.fill_value))


@artifact("dict_to_tuples_list")
class DictToTuplesList(FieldOperator):
    """Makes a list of (key, value) of a dict.

    >>> DictToTuplesList(field="a").process_row({"a": {"x": 1}})
    {'a': [('x', 1)]}
    """

    def process_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"a dict is wanted, not {type(value).__name__}")
        return list(value.items())


@artifact("flatten")
class Flatten(FieldOperator):
    """Takes the items of lists and tuples inside a list or tuple out of them, however deep.

    >>> Flatten(field="a").process_row({"a": [1, [2, (3, [4])]]})
    {'a': [1, 2, 3, 4]}
    """

    def process_value(self, value: Any) -> Any:
        return type(value)(_leaves(value))


def _leaves(items: Any) -> Iterator[Any]:
    for item in items:
        if isinstance(item, list | tuple):
            yield from _leaves(item)
        else:
            yield item


@artifact("wrap")
class Wrap(FieldOperator):
    """Makes a list, tuple or set with the value as its only item.

    >>> Wrap(field="answer", to_field="answers", inside="list").process_row({"answer": "4"})
    {'answer': '4', 'answers': ['4']}

    Args:
        inside: ``list``, ``tuple`` or ``set``.
    """

    inside: Literal["list", "tuple", "set"]
    _KINDS: ClassVar[dict[str, type[Any]]] = {"list": list, "tuple": tuple, "set": set}

    def process_value(self, value: Any) -> Any:
        return self._KINDS[self.inside]((value,))


@artifact("chunk")
class Chunk(FieldOperator):
    """Cuts a list (or text) into pieces of equal size; the last may be shorter.

    >>> Chunk(field="a", size=2).process_row({"a": [1, 2, 3]})
    {'a': [[1, 2], [3]]}

    Args:
        size: How many items a piece has.
    """

    size: int

    def process_value(self, value: Any) -> Any:
        return [value[start : start + self.size] for start in range(0, len(value), self.size)]


@artifact("slice")
class Slice(FieldOperator):
    """Takes a part of a list (or text), as Python's slices do.

    >>> Slice(field="a", start=1, stop=-1).process_row({"a": [1, 2, 3, 4]})
    {'a': [2, 3]}

    Args:
        start: Position of the first item taken; negative ones count from the end.
        stop: Position of the first item that is not taken.
        step: Take every how manieth item.
    """

    start: int | None = None
    stop: int | None = None
    step: int | None = None

    def process_value(self, value: Any) -> Any:
        return value[self.start : self.stop : self.step]


@artifact("get")
class Get(FieldOperator):
    """Takes one item of a list, or one value of a dict.

    >>> Get(field="a", item=-1, to_field="last").process_row({"a": [1, 2, 3]})
    {'a': [1, 2, 3], 'last': 3}

    Args:
        item: The position or key.
    """

    item: Any

    def process_value(self, value: Any) -> Any:
        return _item(value, self.item)


def _item(holder: Any, item: Any) -> Any:
    try:
        return holder[item]
    except LookupError:
        raise KeyError(f"there is no item {item!r} among {len(holder)}") from None


@artifact("pop")
class Pop(FieldOperator):
    """Takes one item out of a list or dict, to ``to_field`` (in its holder's place if there is none).

    >>> Pop(field="turns", item=-1, to_field="last").process_row({"turns": ["a", "b", "c"]})
    {'turns': ['a', 'b'], 'last': 'c'}

    Args:
        item: The position or key; the last item of a list if not given.
    """

    item: Any = None

    def process_value(self, value: Any) -> Any:
        return _item(value, -1 if self.item is None and isinstance(value, list) else self.item)

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        result = super().process_row(row, stream)
        for source, target in self.pairs:
            if source == target:
                continue
            if self.process_every_value:
                result = set_path(result, source, [self._rest(value) for value in get_path(row, source)])
            elif result is not row:
                result = set_path(result, source, self._rest(get_path(row, source)))
        return result

    def _rest(self, holder: Any) -> Any:
        rest = holder.copy()
        if self.item is None and isinstance(rest, list):
            rest.pop()
        else:
            rest.pop(self.item)
        return rest


@artifact("get_length")
class GetLength(FieldOperator):
    """Counts items (or characters).

    >>> GetLength(field="a", to_field="n").process_row({"a": ["x", "y"]})
    {'a': ['x', 'y'], 'n': 2}
    """

    def process_value(self, value: Any) -> Any:
        return len(value)


@artifact("filter")
class Filter(FieldOperator):
    """Leaves out of a list, tuple or set the items that are among ``values``, and out of a dict those keys.

    >>> Filter(field="images", values=[None]).process_row({"images": ["a.png", None]})
    {'images': ['a.png']}

    Args:
        values: What is left out.
    """

    values: list[Any]

    def process_value(self, value: Any) -> Any:
        if isinstance(value, list | tuple | set):
            return type(value)(item for item in value if item not in self.values)
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if key not in self.values}
        raise TypeError(f"a list, tuple, set or dict is wanted, not {type(value).__name__}")


@artifact("normalize_list_fields")
class NormalizeListFields(RowOperator):
    """Makes a text of a list of texts: nothing of none, the only one of one, several joined.

    >>> NormalizeListFields(fields=["a", "b"]).process_row({"a": ["x", "y"], "b": []})
    {'a': 'x, y', 'b': ''}

    Args:
        fields: Names of the lists' fields.
        key_prefix: Put before a field's name to name the field of its text.
        empty_value: Stands for an empty list.
        separator: Stands between several.
    """

    fields: list[str]
    key_prefix: str = ""
    empty_value: str = ""
    separator: str = ", "

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        result = dict(row)
        for field in self.fields:
            if field not in row:
                raise KeyError(f"there is no field {field!r}")
            items = row[field]
            if not isinstance(items, list):
                raise TypeError(f"{field!r} is to be a list, not {type(items).__name__}")
            text = self.empty_value if not items else items[0] if len(items) == 1 else self.separator.join(items)
            result[self.key_prefix + field] = text
        return result
