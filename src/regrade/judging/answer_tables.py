"""Answers in files: FastChat's ``model_answer``, AlpacaEval's ``model_outputs``, and plain tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from regrade.errors import InputError
from regrade.files.columns import guess_one, guess_pair, list_names, names_of, require
from regrade.files.guard import malformed_row
from regrade.files.tables import Row, Table, all_rows, first_rows, open_table
from regrade.judging.conversation import Conversation
from regrade.schema import Malformed

IDS = ("sample_id", "question_id", "id", "key", "doc_id")
SYSTEMS = ("model", "model_id", "generator", "system")
QUESTIONS = ("question", "instruction", "input", "prompt", "query")
ANSWERS = ("answer", "output", "response", "prediction", "text", "completion", "generated_text")
REFERENCES = ("reference", "expected", "target", "reference_answer", "ground_truth")
CATEGORIES = ("category", "group", "dataset", "subject")


class Questions:
    """FastChat's ``question.jsonl``, and reference answers to it.

    Args:
        questions: The file of questions: ``question_id``, ``turns``, ``category``.
        references: A file of reference answers in the form of ``model_answer``; those in the questions' own column
            ``reference`` are taken where it is None.
    """

    def __init__(self, questions: Path, references: Path | None = None) -> None:
        self.rows = {str(row["question_id"]): row for row in _rows(questions) if row.get("question_id") is not None}
        if not self.rows:
            raise InputError("holds no questions: there is no question_id", where=str(questions))
        self.references: dict[str, list[str]] = {
            key: list(row["reference"]) for key, row in self.rows.items() if isinstance(row.get("reference"), list)
        }
        if references is not None:
            self.references = {str(row["question_id"]): _turns(row) or [] for row in _rows(references)}


def questions_beside(path: Path) -> Questions | None:
    """The questions where FastChat keeps them: ``question.jsonl`` beside the folder ``model_answer``, and the first
    file of ``reference_answer`` there.
    """
    for folder in (path.parent.parent, path.parent):
        if (folder / "question.jsonl").is_file():
            references = sorted((folder / "reference_answer").glob("*.jsonl"))
            return Questions(folder / "question.jsonl", references[0] if references else None)
    return None


def conversations_of_table(
    path: Path,
    *,
    system: str | None = None,
    questions: Questions | None = None,
    columns: Mapping[str, str] | None = None,
) -> Iterator[Conversation | Malformed]:
    """The conversations in a file, one row each; a row that cannot be read, or lacks an answer, comes as Malformed.

    Args:
        path: JSON lines, a JSON array, CSV, TSV or Parquet.
        system: Who answered, instead of what the rows say; where neither does, the file's name.
        questions: What was asked, for FastChat's files of answers; found where FastChat keeps it if not given.
        columns: The columns of ``id``, ``question``, ``answer`` or ``reference``, where their names do not tell.

    Raises:
        InputError: there is no such column, or the questions cannot be had.
    """
    table = open_table(path)
    names = names_of(first_rows(table))
    if "choices" in names and "question_id" in names:
        found = questions or questions_beside(path)
        if found is None:
            raise InputError(
                "these are answers without questions", where=str(path), hint="name the questions: --questions FILE"
            )
        for item in all_rows(table):
            if isinstance(item, Malformed):
                yield item
                continue
            line, row = item
            try:
                yield _fastchat(row, system, found)
            except Exception as error:
                yield malformed_row(str(path), line, error)
        return
    chosen = _choose_columns(table, names, columns or {}, path)
    repeats: dict[tuple[str, str], int] = {}
    models: set[str] = set()
    for item in all_rows(table):
        if isinstance(item, Malformed):
            yield item
            continue
        line, row = item
        if system is not None and chosen["system"] is not None:
            models.add(str(row.get(chosen["system"])))
            if len(models) > 1:
                what = f"holds answers of several models, which cannot all be called {system}"
                raise InputError(what, where=f"{path}:{line}", hint="leave the name out")
        conversation = _plain(row, chosen, system or path.stem, system is not None, line, questions)
        key = conversation.system, conversation.item
        conversation.repeat = repeats.get(key, 0)
        repeats[key] = conversation.repeat + 1
        yield conversation


_KINDS = {
    "id": IDS,
    "system": SYSTEMS,
    "question": QUESTIONS,
    "answer": ANSWERS,
    "reference": REFERENCES,
    "category": CATEGORIES,
}


def _choose_columns(table: Table, names: list[str], named: Mapping[str, str], path: Path) -> dict[str, str | None]:
    """Which column is what: as the person says, else by its name."""
    for kind, column in named.items():
        require(column, first_rows(table), flag=f"--{'expected' if kind == 'reference' else kind}", where=str(path))
    chosen: dict[str, str | None] = {
        kind: named.get(kind) or next((name for name in known if name in names), None) for kind, known in _KINDS.items()
    }
    if chosen["answer"] is None:  # by the names that tables to be scored have
        answer, reference = guess_pair(names, where=str(path)) or (guess_one(names, 0), guess_one(names, 1))
        chosen |= {"answer": answer, "reference": chosen["reference"] or reference}
    if chosen["answer"] is None:
        raise InputError(
            "which column holds the answers cannot be told",
            where=str(path),
            hint=f"--answer COLUMN names it; there are {list_names(names)}",
        )
    return chosen


def _plain(
    row: Row, columns: dict[str, str | None], name: str, fixed: bool, line: int, questions: Questions | None
) -> Conversation:
    def value(kind: str) -> Any:
        column = columns[kind]
        return row.get(column) if column is not None else None

    item = str(value("id") if value("id") is not None else line)
    asked, references = texts_of(value("question")), texts_of(value("reference"))
    if questions is not None and item in questions.rows:
        asked = asked or texts_of(questions.rows[item].get("turns"))
        references = references or questions.references.get(item, [])
    answers = texts_of(value("answer"))
    return Conversation(
        item=item,
        system=name if fixed or value("system") is None else str(value("system")),
        questions=asked + [""] * (len(answers) - len(asked)),
        answers=answers,
        references=references,
        category=None if value("category") is None else str(value("category")),
        doc=row,
    )


def _fastchat(row: Row, system: str | None, questions: Questions) -> Conversation:
    item, answers = str(row.get("question_id")), _turns(row)
    if answers is None:
        raise InputError("holds no answer: there is no choices[0].turns")
    question = questions.rows.get(item)
    if question is None:
        raise InputError(f"there is no question {item}: --questions names the file it is in")
    return Conversation(
        item=item,
        system=system or str(row.get("model_id") or row.get("model")),
        questions=texts_of(question.get("turns")),
        answers=answers,
        references=questions.references.get(item, []),
        category=question.get("category"),
        doc=question,
    )


def texts_of(value: Any) -> list[str]:
    """A text or a list of texts as a list of texts; empty for none."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [value]
    return [str(text) for text in value] if isinstance(value, Sequence) else [str(value)]


def _turns(row: Row) -> list[str] | None:
    choices = row.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        turns = choices[0].get("turns")
        if isinstance(turns, list):
            return [str(text) for text in turns]
    return None


def _rows(path: Path) -> Iterator[Row]:
    for item in all_rows(open_table(path)):
        if isinstance(item, Malformed):
            raise InputError(item.reason, where=f"{item.file}:{item.line}")
        yield item[1]
