"""What an input is: its format, decided on rows spread through it before anything is mixed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from regrade.chat.convert.lines import MESSAGES, BadRow, Converted, LineConverter
from regrade.chat.convert.regular import Shape, regular_lines
from regrade.chat.convert.rows import SAMPLED_ROWS, DataFile, Sample, open_file, sample
from regrade.chat.convert.table_schema import TableSchema
from regrade.chat.convert.work import SourceJob
from regrade.chat.converter import Converter, Options
from regrade.chat.detection import Detection, detect
from regrade.chat.mapping import Mapping, load_dataset_info
from regrade.errors import InputError
from regrade.files.location import is_url

DATASET_INFO = "dataset_info.json"


class Surveyed(msgspec.Struct):
    """A file that was looked at.

    Attributes:
        label: What a person calls it.
        file: Where and how its rows are; None if it is empty.
        detection: What format they have.
        shape: What regular rows look like.
        sample: The rows that were looked at.
    """

    label: str
    file: DataFile | None
    detection: Detection
    shape: Shape | None = None
    sample: Sample = Sample([], [], True)

    def job(self) -> SourceJob:
        """How its rows are converted."""
        assert self.file is not None
        return SourceJob(self.file, self.detection.format, self.detection.mapping, self.shape)

    def summarize(self) -> str:
        """One line for people."""
        found = self.detection
        if self.file is None:
            return f"{self.label}: empty"
        if found.problem is not None:
            return f"{self.label}: {found.problem}"
        others = {name: count for name, count in found.formats.items() if name != found.format}
        more = "".join(f"; {count} of {found.rows} {name}" for name, count in others.items())
        misfits = found.rows - found.fits
        bad = (
            f"; {misfits} of {found.rows} do not convert ({found.misfits[0].kind})" if misfits and found.misfits else ""
        )
        looked = f"all {found.rows} rows" if self.sample.whole else f"{found.rows} rows looked at"
        return f"{self.label}: {found.format}: {found.reason}{more}{bad} ({looked})"


def survey(path: str, label: str, mapping: Mapping | None, options: Options, rows: int = SAMPLED_ROWS) -> Surveyed:
    """Look at a file.

    Raises:
        InputError: it cannot be opened, or is of no kind that holds rows.
    """
    file = open_file(path, label)
    if file is None:
        return Surveyed(label, None, Detection(problem="the file is empty"))
    found = sample(file, rows)
    mapping = mapping or neighbouring_mapping(path) or neighbouring_mapping(label)
    detection = detect(found.rows, mapping)
    if not found.rows and found.bad is not None:
        detection.problem = f"no row can be read: {found.bad}"
    surveyed = Surveyed(label, file, detection, sample=found)
    if detection.problem is None and found.lines:
        regular = regular_lines(found.lines, found.rows, Converter(detection, options=options))
        surveyed.shape = regular.shape if regular is not None else None
    return surveyed


def neighbouring_mapping(path: str) -> Mapping | None:
    """What a ``dataset_info.json`` in the same folder says about a file."""
    if is_url(path):
        return None
    info = Path(path).with_name(DATASET_INFO)
    if not info.is_file() or info == Path(path):
        return None
    return mapping_in(info, Path(path).name)


def mapping_in(info: Path, name: str) -> Mapping | None:
    """What a ``dataset_info.json`` says about the file of a name; None if nothing, or two things."""
    try:
        entries = [entry for entry in load_dataset_info(info).values() if entry.file_name == name]
    except InputError:
        return None
    mappings = [entry.mapping for entry in entries]
    if not mappings or any((one.columns, one.roles) != (mappings[0].columns, mappings[0].roles) for one in mappings):
        return None
    return mappings[0]


def converted_sample(surveyed: Surveyed, options: Options, target: str) -> list[Converted]:
    """The rows that were looked at, converted, less those that cannot be."""
    if surveyed.file is None:
        return []
    detection = surveyed.detection
    converter = LineConverter(Converter(detection, options=options), target, raw=True)
    result = []
    lines: Sequence[Any] = surveyed.sample.lines or surveyed.sample.rows
    for one in lines:
        try:
            result.append(converter.line(one) if isinstance(one, bytes) else converter.row(one))
        except BadRow:
            continue
    return result


def regular_columns_hold(surveyed: Surveyed, schema: TableSchema, options: Options) -> bool:
    """Whether the quick way into columns does what the complete one does, on the rows that were looked at."""
    from regrade.chat.convert.columns import Filling, RegularColumns

    if surveyed.shape is None:
        return False
    try:
        quick = RegularColumns(surveyed.shape, schema)
    except (TypeError, ValueError):
        return False
    detection = surveyed.detection
    complete = LineConverter(Converter(detection, options=options), MESSAGES, raw=True)
    ours, theirs = Filling(schema), Filling(schema)
    for line in surveyed.sample.lines:
        if quick(line + b"\n", ours):
            try:
                theirs.append(complete.line(line))
            except BadRow:
                return False
    return bool(ours.batch().equals(theirs.batch()))
