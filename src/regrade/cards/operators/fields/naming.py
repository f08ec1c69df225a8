"""Operators that rename, copy, set, keep and take away fields; the values stay as they are."""

from __future__ import annotations

from functools import cached_property
from itertools import zip_longest
from typing import Any, Final

from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import FieldOperator, RowOperator
from regrade.artifacts.paths import delete_path, is_subpath, set_path
from regrade.artifacts.places import Write, is_plain, reader, writer
from regrade.artifacts.streams import Batch, Row, for_each

_ALWAYS_KEPT: Final = ("data_classification_policy", "recipe_metadata")
"""What a card itself keeps in rows; no selection of fields is about it."""


@artifact("rename", "rename_fields")
class Rename(FieldOperator, kw_only=True):
    """Renames fields: the value moves from one path to another.

    Args:
        field: Path of the value.
        to_field: Its new path.
        field_to_field: Several of them at once.

    >>> Rename(field_to_field={"b": "c/d"}).process_row({"a": 1, "b": 2})
    {'a': 1, 'c': {'d': 2}}
    """

    def process_value(self, value: Any) -> Any:
        return value

    @cached_property
    def _names(self) -> list[tuple[str, str]] | None:
        """The pairs, where all are names of fields and none is named twice: the order does not matter then."""
        names = [name for pair in self.pairs for name in pair]
        plain = all(map(is_plain, names)) and len(set(names)) == len(names)
        return self.pairs if plain and not (self.process_every_value or self.set_every_value) else None

    @property
    def by_column(self) -> bool:
        return self._names is not None

    def process_batch(self, batch: Batch, stream: str | None = None) -> Batch:
        columns = batch.columns.copy()
        for source, target in self.pairs:
            if source in columns or not self.not_exist_do_nothing:
                columns[target] = columns.pop(source)
        return Batch(columns, batch.size)

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        if self._names is not None and all(source in row for source, _ in self._names):
            result = row.copy()
            for source, target in self._names:
                result[target] = result.pop(source)
            return result
        result = super().process_row(row, stream)
        for source, target in self.pairs:
            if not is_subpath(source, target) and not is_subpath(target, source):
                result = delete_path(
                    result,
                    source,
                    remove_empty_ancestors=True,
                    not_exist_ok=self.not_exist_ok or self.not_exist_do_nothing,
                )
        return result


@artifact("copy", "copy_fields", "recursive_copy")
class Copy(FieldOperator, kw_only=True):
    """Copies values from one path to another.

    Rows are values here, so that a copy never changes with its original, however deep (``recursive_copy``).

    Args:
        field: Path of the value.
        to_field: Path of the copy.
        field_to_field: Several of them at once.

    >>> Copy(field="a/0", to_field="first").process_row({"a": [1, 3]})
    {'a': [1, 3], 'first': 1}
    """

    def process_value(self, value: Any) -> Any:
        return value


@artifact("move")
class Move(RowOperator, kw_only=True):
    """Moves one value to another path; what held it stays, even if it is empty then (unlike ``rename``).

    Args:
        field: Path of the value.
        to_field: Its new path.

    >>> Move(field="a/b", to_field="c").process_row({"a": {"b": 1}})
    {'a': {}, 'c': 1}
    """

    field: str
    to_field: str

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        value = reader(self.field)(row)
        return set_path(delete_path(row, self.field), self.to_field, value)  # type: ignore[no-any-return]


@artifact("set", "add_fields")
class Set(RowOperator, kw_only=True):
    """Sets fields to constants, whether they were there or not.

    Args:
        fields: Values by path.
        use_query: Accepted for Unitxt's sake.
        use_deepcopy: Accepted for Unitxt's sake: rows never change their values.

    >>> Set(fields={"classes": ["yes", "no"], "span/start": 0}).process_row({"a": 1})
    {'a': 1, 'classes': ['yes', 'no'], 'span': {'start': 0}}
    """

    fields: dict[str, Any]
    use_query: bool | None = None
    use_deepcopy: bool = False

    @cached_property
    def _writes(self) -> list[tuple[Write, Any]] | None:
        """How to write each value; None where all are names of fields."""
        if all(map(is_plain, self.fields)):
            return None
        return [(writer(path), value) for path, value in self.fields.items()]

    @property
    def by_column(self) -> bool:
        return self._writes is None

    def process_batch(self, batch: Batch, stream: str | None = None) -> Batch:
        """The rows after this step."""
        return batch.with_columns({name: [value] * batch.size for name, value in self.fields.items()})

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        if self._writes is None:
            return {**row, **self.fields}
        result = row.copy()
        for write, value in self._writes:
            result = write(result, value)
        return result


@artifact("remove_fields")
class RemoveFields(RowOperator, kw_only=True):
    """Takes fields away.

    Args:
        fields: Their names, or paths.

    >>> RemoveFields(fields=["b"]).process_row({"a": 1, "b": 2})
    {'a': 1}
    """

    fields: list[str]

    def process_batch(self, batch: Batch, stream: str | None = None) -> Batch:
        """The rows after this step."""
        columns = batch.columns.copy()
        for field in self.fields:
            del columns[field]
        return Batch(columns, batch.size)

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        result = row.copy()
        for field in self.fields:
            if field in result:
                del result[field]
            else:
                result = delete_path(result, field)
        return result


@artifact("select_fields")
class SelectFields(RowOperator, kw_only=True):
    """Keeps some fields only.

    Args:
        fields: Their names. What the card itself notes in rows (``data_classification_policy``, ``recipe_metadata``) is
            kept too.

    >>> SelectFields(fields=["b"]).process_row({"a": 1, "b": 2})
    {'b': 2}
    """

    fields: list[str]

    def process_batch(self, batch: Batch, stream: str | None = None) -> Batch:
        """The rows after this step."""
        columns = {field: batch.columns[field] for field in self.fields}
        columns |= {field: batch.columns[field] for field in _ALWAYS_KEPT if field in batch.columns}
        return Batch(columns, batch.size)

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        try:
            result = {field: row[field] for field in self.fields}
        except KeyError:
            missing = next(field for field in self.fields if field not in row)
            raise ValueError(f"there is no field {missing!r} to keep; the row has {', '.join(row)}") from None
        for field in _ALWAYS_KEPT:
            if field in row:
                result[field] = row[field]
        return result


@artifact("flatten_instances")
class FlattenInstances(RowOperator, kw_only=True):
    """Makes fields of what is in dicts, however deep; the names are joined.

    Args:
        parent_key: Put before all names.
        sep: Put between names.

    >>> FlattenInstances(sep=".").process_row({"a": {"b": 1, "c": {"d": 2}}})
    {'a.b': 1, 'a.c.d': 2}
    """

    parent_key: str = ""
    sep: str = "_"

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        return self._flat(row, self.parent_key)

    def _flat(self, value: dict[str, Any], start: str) -> Row:
        result: Row = {}
        for key, item in value.items():
            name = f"{start}{self.sep}{key}" if start else key
            if isinstance(item, dict):
                result.update(self._flat(item, name))
            else:
                result[name] = item
        return result


@artifact("list_field_values")
class ListFieldValues(RowOperator, kw_only=True):
    """Puts the values of several fields in a list.

    Args:
        fields: Paths of the values.
        to_field: Path of the list.
        use_query: Accepted for Unitxt's sake.

    >>> ListFieldValues(fields=["a", "b/0"], to_field="c").process_row({"a": 1, "b": [2, 3]})
    {'a': 1, 'b': [2, 3], 'c': [1, 2]}
    """

    fields: list[str]
    to_field: str
    use_query: bool | None = None

    @cached_property
    def _reads(self) -> list[Any]:
        return [reader(path) for path in self.fields]

    @cached_property
    def _write(self) -> Write:
        return writer(self.to_field)

    @property
    def by_column(self) -> bool:
        return all(map(is_plain, [*self.fields, self.to_field]))

    def process_batch(self, batch: Batch, stream: str | None = None) -> Batch:
        """The rows after this step."""
        values = zip(*[batch.columns[field] for field in self.fields], strict=True)
        return batch.with_columns({self.to_field: list(map(list, values))})

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        return self._write(row.copy(), [read(row) for read in self._reads])


@artifact("zip_field_values")
class ZipFieldValues(RowOperator, kw_only=True):
    """Zips lists in several fields: first values with first values, and so on.

    Args:
        fields: Paths of the lists.
        to_field: Path of the list of tuples.
        longest: The longest list decides, shorter ones are filled up with None; otherwise the shortest decides.
        use_query: Accepted for Unitxt's sake.

    >>> ZipFieldValues(fields=["a", "b"], to_field="c", longest=True).process_row({"a": [1, 2], "b": [3]})
    {'a': [1, 2], 'b': [3], 'c': [(1, 3), (2, None)]}
    """

    fields: list[str]
    to_field: str
    longest: bool = False
    use_query: bool | None = None

    def verify(self) -> None:
        if not self.fields:
            raise ArtifactError("'fields' names no list to zip", path=("fields",))

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        lists = [reader(path)(row) for path in self.fields]
        zipped = zip_longest(*lists) if self.longest else zip(*lists, strict=False)
        return set_path(row, self.to_field, list(zipped))  # type: ignore[no-any-return]


@artifact("index_of")
class IndexOf(RowOperator, kw_only=True):
    """Finds the position of one field's value in another field's list (or text).

    Args:
        search_in: Path of the list.
        index_of: Path of the value.
        to_field: Field of the position, from 0.
        use_query: Accepted for Unitxt's sake.

    >>> IndexOf(search_in="choices", index_of="answer", to_field="label").process_row({"choices": "ab", "answer": "b"})
    {'choices': 'ab', 'answer': 'b', 'label': 1}
    """

    search_in: str
    index_of: str
    to_field: str
    use_query: bool | None = None

    @cached_property
    def _reads(self) -> tuple[Any, Any]:
        return reader(self.search_in), reader(self.index_of)

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        holder, value = (read(row) for read in self._reads)
        try:
            position = holder.index(value)
        except ValueError:
            raise ValueError(f"{value!r} (of {self.index_of!r}) is not in {self.search_in!r}") from None
        return {**row, self.to_field: position}


@artifact("take_by_field")
class TakeByField(RowOperator, kw_only=True):
    """Takes the item of one field's list or dict that another field names.

    Args:
        field: Path of the list or dict.
        index: Path of the position or key.
        to_field: Field of the item; ``field`` if not given.
        use_query: Accepted for Unitxt's sake.

    >>> TakeByField(field="choices", index="label", to_field="answer").process_row({"choices": ["a", "b"], "label": 1})
    {'choices': ['a', 'b'], 'label': 1, 'answer': 'b'}
    """

    field: str
    index: str
    to_field: str | None = None
    use_query: bool | None = None

    @cached_property
    def _reads(self) -> tuple[Any, Any]:
        return reader(self.field), reader(self.index)

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        holder, index = (read(row) for read in self._reads)
        try:
            item = holder[index]
        except (LookupError, TypeError):
            raise ValueError(f"{self.field!r} has nothing at {index!r} (of {self.index!r})") from None
        return {**row, self.field if self.to_field is None else self.to_field: item}


@artifact("interleave_lists_to_dialog_operator", "interleave_lists_to_dialog")
class InterleaveListsToDialogOperator(RowOperator, kw_only=True):
    """Makes a dialog of the user's turns and the assistant's, in turns.

    Args:
        user_turns_field: Field of the list of what the user said.
        assistant_turns_field: Field of the list of what the assistant said: as many, or one less.
        user_role_label: What the user is called.
        assistant_role_label: What the assistant is called.
        to_field: Field of the dialog, a list of (role, text).

    >>> asked = {"q": ["Hi", "Why?"], "a": ["Hello", "Because."]}
    >>> interleave = InterleaveListsToDialogOperator(user_turns_field="q", assistant_turns_field="a", to_field="d")
    >>> interleave.process_row(asked)["d"]
    [('user', 'Hi'), ('assistant', 'Hello'), ('user', 'Why?'), ('assistant', 'Because.')]
    """

    user_turns_field: str
    assistant_turns_field: str
    user_role_label: str = "user"
    assistant_role_label: str = "assistant"
    to_field: str

    @cached_property
    def _reads(self) -> tuple[Any, Any]:
        return reader(self.user_turns_field), reader(self.assistant_turns_field)

    def process_batch(self, batch: Batch, stream: str | None = None) -> Batch:
        """The rows after this step."""
        asked, answered = batch.columns[self.user_turns_field], batch.columns[self.assistant_turns_field]
        return batch.with_columns({self.to_field: for_each(self._dialog, asked, answered)})

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        read_asked, read_answered = self._reads
        return {**row, self.to_field: self._dialog(read_asked(row), read_answered(row))}

    def _dialog(self, asked: Any, answered: Any) -> list[tuple[str, Any]]:
        if len(asked) - len(answered) not in (0, 1):
            raise ValueError(
                f"{len(asked)} turns of {self.user_turns_field!r} and {len(answered)} of "
                f"{self.assistant_turns_field!r} make no dialog in turns"
            )
        user, assistant = self.user_role_label, self.assistant_role_label
        dialog = []
        for question, answer in zip(asked, answered, strict=False):
            dialog.append((user, question))
            dialog.append((assistant, answer))
        if len(asked) > len(answered):
            dialog.append((user, asked[-1]))
        return dialog
