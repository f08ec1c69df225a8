"""Templates of a task: from a document to prompt, reference and choices."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from regrade.errors import NoReferenceError, RecipeError, TimeLimitExceeded, UnavailableError
from regrade.jinja import compile_template, sole_value, template_fault
from regrade.schema import FunctionRef
from regrade.time_limit import TimeLimit
from regrade.versions import parse_version

if TYPE_CHECKING:
    from collections.abc import Collection

    from regrade.schema import Recipe, Record, Template

Resolver: TypeAlias = Callable[[FunctionRef], Callable[..., Any]]
"""Finds the function that a reference names, or raises UnavailableError (:func:`regrade.lm_eval.functions.resolve`)."""

Part: TypeAlias = Literal["doc_to_text", "doc_to_target", "doc_to_choice"]

Origin: TypeAlias = Literal["constant", "field", "template", "function", "recorded"]
"""Where a part's values come from; ``recorded``: from what the log kept, because the part itself cannot run here."""

_KEEPS_TRAILING_NEWLINE = (0, 4, 4)
_TARGETS_AS_TEXT = (0, 4, 4)
_CHAT_DROPS_DELIMITER = (0, 4, 6)
_PREFIX_KEEPS_DELIMITER = (0, 4, 10)
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)


def _literal(text: str) -> Any:
    import ast  # most logs need none, and it takes longer to load than a thousand rows to score

    with warnings.catch_warnings():  # "\d" inside a quoted answer is no concern of the user's
        warnings.simplefilter("ignore")
        return ast.literal_eval(text)


_cached_literal = lru_cache(maxsize=1024)(_literal)


def _digits(text: str) -> Any:
    """The number that a text of digits is, by Python's rules: ``007`` and ``²`` are none."""
    plain = text.isascii() and (text[0] != "0" or text == "0")
    return int(text) if plain else _literal(text)


def _same_as_literal(value: Any) -> bool:
    """Whether ``ast.literal_eval(str(value)) == value`` for certain: a list of plain values, however nested."""
    return type(value) is list and all(
        item is None or type(item) in (str, int, bool) or _same_as_literal(item) for item in value
    )


class TaskTemplates:
    """The compiled templates of one task over one log.

    They mean what they mean to lm-evaluation-harness (``doc_to_text``, ``doc_to_target`` and ``doc_to_choice`` of its
    ``ConfigurableTask``): a constant, the name of a column, a Jinja template, or a function. Where a part is a function
    that cannot be had, or a template that is not Jinja, what the log recorded stands in for it: its target, and its
    continuations for the choices.

    Args:
        recipe: The recipe the templates come from.
        first: The first record of the log; it decides for all whether there are several references or inputs. Without
            one, there are neither.
        resolve: Finds the functions of the recipe; without it none is found.
        limit_s: CPU seconds that each part may take for the first record; 0 is no limit.

    Raises:
        RecipeError: a template is of a type that can mean nothing. (One that merely fails on the first document does
            not raise here: each document reports its own failure.)

    Attributes:
        recipe: The recipe they come from.
        features: Names of the dataset's columns (the keys of the first document); a template that is a column's
            name means that column.
        multiple_target: Number of references of the first document when it is a list, else 0. As in the harness,
            the first document decides for all.
        multiple_input: Number of choices when ``doc_to_text`` of the first document is an int, else 0.
        origins: For each part that the recipe has (or the log must supply), where its values come from.
        faults: For each part that means nothing whatever the document, what is wrong with it.
        reasons: For each part whose values are recorded ones, why; for a part that fails on the first document, how.
    """

    def __init__(
        self, recipe: Recipe, first: Record | None, *, resolve: Resolver | None = None, limit_s: float = 0
    ) -> None:
        self.recipe = recipe
        self._limit_s = limit_s
        self._late: str | None = None
        self.features: Collection[str] = frozenset(first.doc) if first and isinstance(first.doc, dict) else frozenset()
        self.multiple_target = 0
        self._single = False
        self.multiple_input = 0
        self.origins: dict[Part, Origin] = {}
        self.reasons: dict[Part, str] = {}
        self.faults: dict[Part, str] = {}
        self._resolve = resolve
        self._version = parse_version(recipe.harness_version)
        self._has_choices = recipe.doc_to_choice is not None
        self._text = self._compile("doc_to_text", recipe.doc_to_text)
        self._target = self._compile("doc_to_target", recipe.doc_to_target)
        self._choices = self._compile("doc_to_choice", recipe.doc_to_choice)
        if first is not None:
            self._decide(first)

    def target(self, record: Record) -> Any:
        """The reference: ``doc_to_target`` of the document; where that cannot run, the reference the log recorded.

        Returns:
            A text, an index of a choice, a list of either, or whatever a column or function holds.

        Raises:
            RecipeError: the template does not fit this document.
            UnavailableError: it cannot run here and the log recorded no reference.
        """
        found = self._target(record)
        if not self._single or not isinstance(found, list):
            return found
        if len(found) != 1:
            raise RecipeError(f"the first sample has one reference, this one has {len(found)}")
        return found[0]

    def replace_target(self, target: Callable[[Record], Any]) -> None:
        """Take references from a function of the record from now on."""
        self._target = target

    def choices(self, record: Record) -> list[str]:
        """The choices: ``doc_to_choice`` of the document; where that cannot run, the recorded continuations.

        Raises:
            RecipeError: the template does not fit this document, or does not make a list.
            UnavailableError: it cannot run here and the log's arguments do not tell the choices.
        """
        choices = self._choices(record)
        if not isinstance(choices, list | tuple):
            raise self._error(
                "doc_to_choice", f"makes {type(choices).__name__} {_short(choices)}, not a list of choices"
            )
        return choices if isinstance(choices, list) else list(choices)

    def text(self, record: Record) -> Any:
        """``doc_to_text`` of the document; an int in multiple-input tasks.

        Where it cannot run, the whole recorded prompt of the first request stands in for it.

        Raises:
            RecipeError: the template does not fit this document.
            UnavailableError: it cannot run here and the log kept no prompt, or this is a multiple-input task.
        """
        return self._text(record)

    # -- the first document --------------------------------------------------------------------------------------------

    def _decide(self, first: Record) -> None:
        """Let the first document decide what the harness lets it decide."""
        if self._has_choices:
            choices = self._attempt("doc_to_choice", lambda: self.choices(first))
            if self.origins.get("doc_to_text") == "recorded":
                if _varies_inputs(first):
                    self.multiple_input = len(choices or [])
            elif (self.origins["doc_to_text"] != "template" or _may_be_digits(self.recipe.doc_to_text)) and isinstance(
                self._attempt("doc_to_text", lambda: self.text(first)), int
            ):
                self.multiple_input = len(choices or [])
        target = self._attempt("doc_to_target", lambda: self.target(first))
        if isinstance(target, list) and len(target) == 1 and "card" in self.recipe.metadata:
            self._single = True  # a card's samples have lists; metrics of other kinds know no such thing
        elif isinstance(target, list):
            self.multiple_target = len(target)

    def _attempt(self, part: Part, make: Callable[[], Any]) -> Any:
        """A value of the first document; a failure is remembered, and each record will report its own.

        One that takes too long ends the matter: what it leaves undecided holds for every document, so no template or
        function is evaluated for any.
        """
        if self._late is not None:
            return None
        with TimeLimit(self._limit_s) as limit:
            try:
                limit.start()
                value = make()
                limit.finish()
                return value
            except (RecipeError, TimeLimitExceeded) as error:
                self.reasons[part] = (limit.error() if limit.exceeded else error).what
                if limit.exceeded:
                    self._give_up(part)
                return None

    def _give_up(self, part: Part) -> None:
        """Evaluate no template or function from now on, because the first document's part took too long."""
        self._late = f"{self.reasons[part]} in {part} of the first document, which decides for all"
        evaluated = {name for name, origin in self.origins.items() if origin in ("template", "function")}
        if "doc_to_text" in evaluated:
            self._text = self._refuse
        if "doc_to_target" in evaluated:
            self._target = self._refuse
        if "doc_to_choice" in evaluated:
            self._choices = self._refuse

    def _refuse(self, record: Record) -> Any:
        raise TimeLimitExceeded(self._late or "")

    # -- compiling a part ----------------------------------------------------------------------------------------------

    def _compile(self, part: Part, template: Template) -> Callable[[Record], Any]:
        if prompt := self.recipe.metadata.get("use_prompt"):
            return self._recorded(part, f"the prompt {prompt!r} of promptsource is not to be had")
        match template:
            case None:
                if part != "doc_to_choice" or self.recipe.output_type == "multiple_choice":
                    self.origins[part] = "recorded"
                return self._as_recorded if part == "doc_to_target" else _RECORDED[part].__get__(self)
            case FunctionRef():
                return self._function(part, template)
            case str() if template in self.features:
                return self._field(part, template)
            case str():
                return self._jinja(part, template)
            case dict() if part == "doc_to_choice":
                return self._constant(part, list(template.values()))
            case list() if part != "doc_to_text":
                return self._constant(part, template)
            case int() if part != "doc_to_choice":
                return self._constant(part, template)
        raise self._error(part, f"is {type(template).__name__} {_short(template)}, which means nothing here")

    def _constant(self, part: Part, value: Any) -> Callable[[Record], Any]:
        self.origins[part] = "constant"
        return lambda record: value

    def _field(self, part: Part, name: str) -> Callable[[Record], Any]:
        self.origins[part] = "field"

        def make(record: Record) -> Any:
            try:
                return record.doc[name]
            except (KeyError, TypeError, IndexError):
                raise self._no_field(part, name, record.doc) from None

        return make

    def _function(self, part: Part, ref: FunctionRef) -> Callable[[Record], Any]:
        try:
            if self._resolve is None:
                raise UnavailableError(f"function {ref.name!r} is not to be had")
            function = self._resolve(ref)
        except UnavailableError as error:
            return self._recorded(part, error.what)
        self.origins[part] = "function"

        def make(record: Record) -> Any:
            try:
                return function(record.doc)
            except RecipeError:
                raise
            except Exception as error:
                raise self._error(part, f"function {ref.name!r} failed: {type(error).__name__}: {error}") from error

        return make

    def _jinja(self, part: Part, source: str) -> Callable[[Record], Any]:
        self.origins[part] = "template"
        keep = self._version >= _KEEPS_TRAILING_NEWLINE
        if part != "doc_to_text" and (fault := template_fault(source, keep)) is not None:
            self.faults[part] = f"the template {_short(source)} is not Jinja: {fault}"
            return self._recorded(part, self.faults[part])
        render = compile_template(source, keep)
        value = sole_value(source, keep)
        finish = {
            "doc_to_text": self._finish_text,
            "doc_to_target": self._finish_target,
            "doc_to_choice": self._finish_choices,
        }[part]

        def make(record: Record) -> Any:
            document = record.doc
            if value is not None and part != "doc_to_text":
                # The harness prints such a value and reads it back; for plain lists that changes nothing.
                try:
                    plain = value(document)
                except LookupError:
                    plain = None
                if _same_as_literal(plain):
                    return plain
            if not isinstance(document, dict):
                raise self._no_field(part, source, document)
            try:
                return finish(render(document))
            except Exception as error:
                detail = getattr(error, "message", None) or str(error) or type(error).__name__
                raise self._error(part, f"the template {_short(source)} fails: {detail}") from error

        return make

    def _finish_text(self, text: str) -> Any:
        return _digits(text) if self._has_choices and text.isdigit() else text

    def _finish_target(self, text: str) -> Any:
        if self._has_choices and text.isdigit():
            return _digits(text)
        if len(text) >= 2 and text[0] == "[" and text[-1] == "]":
            try:
                return _literal(text)
            except (SyntaxError, ValueError):
                return text
        return text

    def _finish_choices(self, text: str) -> Any:
        choices = _cached_literal(text) if len(text) <= 1024 else _literal(text)
        return list(choices) if type(choices) is list else choices

    # -- what the log recorded -----------------------------------------------------------------------------------------

    def _recorded(self, part: Part, reason: str) -> Callable[[Record], Any]:
        self.origins[part] = "recorded"
        self.reasons[part] = reason
        return _RECORDED[part].__get__(self)  # type: ignore[no-any-return]

    def _as_recorded(self, record: Record) -> Any:
        """The target of a recipe that has no template for it: a table's column, another tool's log."""
        if record.target is None:
            raise NoReferenceError("no reference")
        return record.target

    def _recorded_target(self, record: Record) -> Any:
        """The recorded target, as the type it had before it was written as text."""
        target = record.target
        if target is None:
            arguments = record.arguments
            place = {"loglikelihood": 1, "loglikelihood_rolling": 0}.get(self.recipe.output_type)
            if place is None or not arguments or len(arguments[0]) <= place:
                raise self._missing("doc_to_target", "no reference")
            return arguments[0][place]
        if not isinstance(target, str) or self._version < _TARGETS_AS_TEXT or self.multiple_input:
            return target
        if self.recipe.output_type in ("loglikelihood", "loglikelihood_rolling"):
            return target
        if _INTEGER.fullmatch(target) and (self._has_choices or self.recipe.output_type == "multiple_choice"):
            return self._index_or_choice(target, record)
        if target.startswith("[") and target.endswith("]"):
            try:
                items = _literal(target)
            except (SyntaxError, ValueError, MemoryError, RecursionError):
                return target
            return items if isinstance(items, list) and str(items) == target else target
        return target

    def _index_or_choice(self, target: str, record: Record) -> int | str:
        """Digits are an index, unless there is no such index and they are the text of a choice."""
        index = int(target)
        try:
            choices = self.choices(record)
        except RecipeError:
            return index
        return target if not -len(choices) <= index < len(choices) and target in choices else index

    def _recorded_choices(self, record: Record) -> list[str]:
        """The continuations that were sent, without the delimiter and the second half of mutual information."""
        arguments = record.arguments
        if not arguments or any(len(request) < 2 or not isinstance(request[1], str) for request in arguments):
            raise self._missing("doc_to_choice", "no continuations")
        half, odd = divmod(len(arguments), 2)
        if half and not odd and any(metric.name == "acc_mutual_info" for metric in self.recipe.metrics):
            arguments = arguments[:half]
        if _differ(request[0] for request in arguments) and not _differ(request[1] for request in arguments):
            raise self._missing("doc_to_choice", "its choices only as parts of the prompts")
        continuations = [request[1] for request in arguments]
        delimiter = self._sent_delimiter()
        if all(text.startswith(delimiter) for text in continuations):
            return [text[len(delimiter) :] for text in continuations]
        return continuations

    def _sent_delimiter(self) -> str:
        """What stood before each continuation: nothing under a chat template, unless the answer's prefix needs it."""
        settings = self.recipe.metadata
        prefix = settings.get("gen_prefix") if self._version >= _PREFIX_KEEPS_DELIMITER else None
        templated = settings.get("chat_template") and self._version >= _CHAT_DROPS_DELIMITER
        if templated and (not prefix or prefix[-1].isspace()):
            return ""
        return self.recipe.target_delimiter

    def _recorded_text(self, record: Record) -> Any:
        arguments = record.arguments
        if not arguments or not arguments[0]:
            raise self._missing("doc_to_text", "no prompt")
        if self._has_choices and _varies_inputs(record):
            raise self._missing("doc_to_text", "only prompts, and a multiple-input task needs the index it makes")
        return arguments[0][0]

    # -- errors --------------------------------------------------------------------------------------------------------

    def _error(self, part: Part, what: str) -> RecipeError:
        return RecipeError(f"{part} {what}", where=f"task {self.recipe.task}")

    def _no_field(self, part: Part, name: str, document: Any) -> RecipeError:
        if not isinstance(document, dict):
            return self._error(part, f"needs a document with fields; this one is {type(document).__name__}")
        return self._error(part, f"names the field {name!r}, which this document does not have")

    def _missing(self, part: Part, what: str) -> UnavailableError:
        reason = self.reasons.get(part)
        return UnavailableError(
            f"{part} cannot run here{f' ({reason})' if reason else ''}, and the log recorded {what}",
            where=f"task {self.recipe.task}",
            hint="pass the task itself: --task NAME (from an installed lm-eval) or --task FILE",
        )


_RECORDED: dict[Part, Any] = {
    "doc_to_text": TaskTemplates._recorded_text,
    "doc_to_target": TaskTemplates._recorded_target,
    "doc_to_choice": TaskTemplates._recorded_choices,
}


def _may_be_digits(template: Template) -> bool:
    """Whether a prompt's template can make digits alone; most hold other text, and need not be rendered to know."""
    if not isinstance(template, str) or "{%" in template or "{#" in template:
        return True
    residue = _EXPRESSION.sub("", template)
    return "{" in residue or "}" in residue or all(character.isspace() or character.isdigit() for character in residue)


def _differ(values: Any) -> bool:
    """Whether not all values are equal."""
    first, *rest = list(values)
    return any(value != first for value in rest)


def _varies_inputs(record: Record) -> bool:
    """Whether the requests of a record differ in prompt and share their continuation: a multiple-input task."""
    requests = [request for request in record.arguments if len(request) >= 2]
    return len(requests) > 1 and _differ(r[0] for r in requests) and not _differ(r[1] for r in requests)


def _short(value: Any, limit: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
