"""Parquet files made of parts: row groups are moved as they are, only the footers are written anew.

Encoding and compressing is nearly all the work of writing Parquet. So each part is made in the process that converted
its rows, as a file of its own, and its bytes go behind one another; what a footer says about places in the file is
shifted.

The format is parquet.thrift (apache/parquet-format) in Thrift's compact protocol. What is not a place is kept as it is,
so nothing here depends on the version of the writer.
"""

from __future__ import annotations

import struct
from typing import Any, Final, NamedTuple

MAGIC: Final = b"PAR1"

_I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(4, 13)
_TRUE, _FALSE, _BYTE = 1, 2, 3

#: FileMetaData, RowGroup, ColumnChunk and ColumnMetaData: the numbers of the fields that are used.
_NUM_ROWS, _ROW_GROUPS = 3, 4
_COLUMNS, _GROUP_OFFSET, _ORDINAL = 1, 5, 7
_CHUNK_OFFSET, _META_DATA, _OFFSET_INDEX, _COLUMN_INDEX = 2, 3, 4, 6
_PAGE_OFFSETS = (9, 10, 11, 14)  # data, index and dictionary pages, Bloom filter


class Field(NamedTuple):
    """A field of a Thrift struct: its number, type and value (of lists: the type of the elements, the elements)."""

    number: int
    kind: int
    value: Any


class Reader:
    """Reads Thrift's compact protocol."""

    def __init__(self, data: bytes | memoryview) -> None:
        self.data = data
        self.place = 0

    def struct(self) -> list[Field]:
        """A struct."""
        fields: list[Field] = []
        number = 0
        while header := self._byte():
            kind = header & 15
            number = number + (header >> 4) if header >> 4 else self._signed()
            fields.append(Field(number, kind, kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind)))
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (_I16, _I32, _I64):
            return self._signed()
        if kind == _BINARY:
            size = self._unsigned()
            self.place += size
            return bytes(self.data[self.place - size : self.place])
        if kind == _STRUCT:
            return self.struct()
        if kind in (_LIST, _SET):
            header = self._byte()
            size, element = header >> 4, header & 15
            size = self._unsigned() if size == 15 else size
            return element, [self._value(element) for _ in range(size)]
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if kind == _DOUBLE:
            self.place += 8
            return bytes(self.data[self.place - 8 : self.place])
        raise ValueError(f"a Parquet footer holds no value of type {kind}")

    def _byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)


def write_struct(fields: list[Field], out: bytearray) -> None:
    """Write a struct in the compact protocol."""
    last = 0
    for number, kind, value in fields:
        coded = (_TRUE if value else _FALSE) if kind in (_TRUE, _FALSE) else kind
        if 0 < number - last < 16:
            out.append((number - last) << 4 | coded)
        else:
            out.append(coded)
            _write_signed(number, out)
        last = number
        if kind not in (_TRUE, _FALSE):
            _write_value(kind, value, out)
    out.append(0)


def _write_value(kind: int, value: Any, out: bytearray) -> None:
    if kind in (_I16, _I32, _I64):
        _write_signed(value, out)
    elif kind == _BINARY:
        _write_unsigned(len(value), out)
        out += value
    elif kind == _STRUCT:
        write_struct(value, out)
    elif kind in (_LIST, _SET):
        element, values = value
        _write_list_header(element, len(values), out)
        for one in values:
            _write_value(element, one, out)
    elif kind == _DOUBLE:
        out += value
    else:
        out.append(value)


def _write_list_header(element: int, size: int, out: bytearray) -> None:
    out.append(min(size, 15) << 4 | element)
    if size >= 15:
        _write_unsigned(size, out)


def _write_unsigned(value: int, out: bytearray) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def _write_signed(value: int, out: bytearray) -> None:
    _write_unsigned(value << 1 if value >= 0 else (-value << 1) - 1, out)


class Part(NamedTuple):
    """Where the row groups of a Parquet file lie in it, and its footer.

    Attributes:
        start: The first byte of the row groups.
        stop: One past their last byte.
        footer: The fields of its FileMetaData.
    """

    start: int
    stop: int
    footer: list[Field]


def read_part(tail: bytes, size: int) -> Part | int:
    """Read a footer from the last bytes of a file of ``size`` bytes; or how many bytes that takes, if they are too few.

    Raises:
        ValueError: they end no Parquet file.
    """
    if len(tail) < 12 or tail[-4:] != MAGIC:
        raise ValueError("no Parquet file")
    length: int = struct.unpack("<I", tail[-8:-4])[0]
    if length + 8 > len(tail):
        return length + 8
    footer = Reader(memoryview(tail)[len(tail) - 8 - length : len(tail) - 8]).struct()
    return Part(len(MAGIC), size - 8 - length, footer)


class Footer:
    """The footer of a file into which parts are put one after another."""

    def __init__(self) -> None:
        self.rows = 0
        self._first: list[Field] | None = None
        self._groups: list[bytes] = []

    @property
    def empty(self) -> bool:
        """Whether no part was added."""
        return self._first is None

    def add(self, part: Part, place: int) -> None:
        """Take over a part whose row groups were put at ``place``."""
        self._first = self._first or part.footer
        for field in part.footer:
            if field.number == _NUM_ROWS:
                self.rows += field.value
            elif field.number == _ROW_GROUPS:
                for group in field.value[1]:
                    out = bytearray()
                    write_struct(_moved_group(group, place - part.start, len(self._groups)), out)
                    self._groups.append(bytes(out))

    def encode(self) -> bytes:
        """All that stands behind the row groups.

        Raises:
            ValueError: no part was added.
        """
        if self._first is None:
            raise ValueError("a Parquet file needs at least one part, if only for its schema")
        out = bytearray()
        # The row groups are written by hand, in their place among the other fields.
        before = [field for field in self._first if field.number < _NUM_ROWS]
        after = [field for field in self._first if field.number > _ROW_GROUPS]
        write_struct([*before, Field(_NUM_ROWS, _I64, self.rows)], out)
        out.pop()
        out.append((_ROW_GROUPS - _NUM_ROWS) << 4 | _LIST)
        _write_list_header(_STRUCT, len(self._groups), out)
        for group in self._groups:
            out += group
        rest = bytearray()
        write_struct(after, rest)
        if after:  # its first field was numbered as if nothing stood before it
            rest[0] = (after[0].number - _ROW_GROUPS) << 4 | rest[0] & 15
        out += rest
        return bytes(out) + struct.pack("<I", len(out)) + MAGIC


def _moved_group(group: list[Field], by: int, ordinal: int) -> list[Field]:
    moved = []
    for field in group:
        if field.number == _COLUMNS:
            moved.append(field._replace(value=(_STRUCT, [_moved_chunk(chunk, by) for chunk in field.value[1]])))
        elif field.number == _GROUP_OFFSET:
            moved.append(_shifted(field, by))
        elif field.number != _ORDINAL:
            moved.append(field)
        elif ordinal < 2**15:
            moved.append(field._replace(value=ordinal))
    return moved


def _moved_chunk(chunk: list[Field], by: int) -> list[Field]:
    moved = []
    for field in chunk:
        if field.number == _META_DATA:
            inner = [_shifted(one, by) if one.number in _PAGE_OFFSETS else one for one in field.value]
            moved.append(field._replace(value=inner))
        elif field.number in (_CHUNK_OFFSET, _OFFSET_INDEX, _COLUMN_INDEX):
            moved.append(_shifted(field, by))
        else:
            moved.append(field)
    return moved


def _shifted(field: Field, by: int) -> Field:
    return field._replace(value=field.value + by) if field.value > 0 else field
