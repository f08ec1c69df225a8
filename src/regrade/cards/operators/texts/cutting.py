"""Operators on a text in a field: cutting, joining, replacing."""

from __future__ import annotations

import re
from functools import cached_property
from string import Formatter
from typing import Any

from regrade import extras
from regrade.artifacts.artifact import ArtifactError, artifact
from regrade.artifacts.operator import FieldOperator, RowOperator
from regrade.artifacts.reaching import Reaching
from regrade.artifacts.streams import Row
from regrade.errors import UnavailableError
from regrade.patterns import compile_pattern


class TextOperator(FieldOperator):
    """A field operator on texts, which refuses everything else."""

    def process_text(self, text: str) -> Any:
        """The result for one text."""
        raise NotImplementedError

    def process_value(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise TypeError(f"a text is wanted, not {type(value).__name__}: {value!r:.60}")
        return self.process_text(value)


def compile_argument(pattern: str, argument: str, flags: int = 0) -> re.Pattern[str]:
    """A regular expression that is an argument.

    Raises:
        ArtifactError: it is none.
    """
    try:
        return compile_pattern(pattern, argument, flags)
    except (TypeError, ValueError) as error:
        raise ArtifactError(str(error), path=(argument,)) from None


def check_format(text: str, argument: str) -> None:
    """Raise ArtifactError unless ``text`` is a format whose fields are names and their items, never attributes."""
    try:
        for _, name, spec, _ in Formatter().parse(text):
            if name is not None and "." in name:
                raise ArtifactError(f"{name!r} reaches for an attribute; write name[key]", path=(argument,))
            if spec:
                check_format(spec, argument)
    except ValueError as error:
        raise ArtifactError(f"{text!r} is no format: {error}", path=(argument,)) from None


@artifact("split")
class Split(TextOperator):
    """Cuts a text wherever ``by`` stands.

    >>> Split(field="a", by=",").process_row({"a": "x,y"})
    {'a': ['x', 'y']}

    Args:
        by: What stands between the parts.
    """

    by: str

    def process_text(self, text: str) -> Any:
        return text.split(self.by)


@artifact("regex_split")
class RegexSplit(TextOperator):
    """Cuts a text wherever a pattern matches; what its groups match becomes parts too.

    >>> RegexSplit(field="a", by="[,;] *").process_row({"a": "x, y;z"})
    {'a': ['x', 'y', 'z']}

    Args:
        by: The regular expression.
    """

    by: str

    def verify(self) -> None:
        compile_argument(self.by, "by")

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.by)

    def process_text(self, text: str) -> Any:
        return self._pattern.split(text)


@artifact("split_strip")
class SplitStrip(TextOperator):
    """Cuts a text at a delimiter, and takes white space off the parts if asked.

    >>> SplitStrip(field="a", delimiter=";", strip_every_element=True).process_row({"a": "x ; y"})
    {'a': ['x', 'y']}

    Args:
        delimiter: What stands between the parts.
        strip_every_element: Whether white space at a part's ends goes.
    """

    delimiter: str = " "
    strip_every_element: bool = False

    def process_text(self, text: str) -> Any:
        parts = text.split(self.delimiter)
        return [part.strip() for part in parts] if self.strip_every_element else parts


@artifact("to_list_by_comma")
class ToListByComma(SplitStrip):
    """Cuts a text at commas, and takes white space off the parts.

    >>> ToListByComma(field="a").process_row({"a": "cat,  dog"})
    {'a': ['cat', 'dog']}
    """

    delimiter: str = ","
    strip_every_element: bool = True


@artifact("to_list_by_comma_space")
class ToListByCommaSpace(SplitStrip):
    """Cuts a text at commas that a space follows, and takes white space off the parts.

    >>> ToListByCommaSpace(field="a").process_row({"a": "1,000, 2,000"})
    {'a': ['1,000', '2,000']}
    """

    delimiter: str = ", "
    strip_every_element: bool = True


@artifact("join")
class Join(FieldOperator):
    """Makes one text of a list of texts.

    >>> Join(field="a", by=" ").process_row({"a": ["x", "y"]})
    {'a': 'x y'}

    Args:
        by: What is put between them.
    """

    by: str

    def process_value(self, value: Any) -> Any:
        return self.by.join(value)


@artifact("format_text")
class FormatText(RowOperator):
    """Fills the row's fields into a text.

    >>> FormatText(text="{a[0]} and {b}", to_field="c").process_row({"a": [1], "b": 2})["c"]
    '1 and 2'

    Args:
        text: The text, with fields in braces as in Python's formats; attributes cannot be reached.
        to_field: Name of the field for the result.
    """

    text: str
    to_field: str

    def verify(self) -> None:
        check_format(self.text, "text")

    def process_row(self, row: Row, stream: str | None = None) -> Row:
        return {**row, self.to_field: self.text.format_map(row)}


@artifact("strip")
class Strip(TextOperator):
    """Takes white space off both ends.

    >>> Strip(field="a").process_row({"a": " x "})
    {'a': 'x'}
    """

    def process_text(self, text: str) -> Any:
        return text.strip()


@artifact("replace")
class Replace(TextOperator):
    """Replaces a text in the text, wherever it stands.

    >>> Replace(field="a", old="_", new=" ").process_row({"a": "New_York"})
    {'a': 'New York'}

    Args:
        old: What goes.
        new: What comes.
    """

    old: str
    new: str

    def process_text(self, text: str) -> Any:
        return text.replace(self.old, self.new)


@artifact("map_replace")
class MapReplace(TextOperator):
    """Replaces several texts in the text, one after the other: what one put there, the next may replace.

    >>> MapReplace(field="a", mapping={"-LRB-": "(", "-RRB-": ")"}).process_row({"a": "-LRB-x-RRB-"})
    {'a': '(x)'}

    Args:
        mapping: What goes, and what comes instead.
    """

    mapping: dict[str, str]

    def process_text(self, text: str) -> Any:
        for old, new in self.mapping.items():
            text = text.replace(old, new)
        return text


@artifact("regex_replace")
class RegexReplace(FieldOperator):
    r"""Replaces what a pattern matches; what is no text stays as it is.

    >>> RegexReplace(field="a", pattern="<.*?>", replacement="").process_row({"a": "<b>x</b>"})
    {'a': 'x'}

    Args:
        pattern: The regular expression.
        replacement: What comes instead; ``\1`` stands for the first group.
    """

    pattern: str
    replacement: str

    def verify(self) -> None:
        compile_argument(self.pattern, "pattern")

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def process_value(self, value: Any) -> Any:
        return self._pattern.sub(self.replacement, value) if isinstance(value, str) else value


class _Tokens(Reaching, TextOperator):
    """An operator that needs a model's tokenizer (package ``transformers``).

    Args:
        model: The model's name on the hub, or a folder.
    """

    model: str

    def needs(self) -> str | None:
        return extras.find_missing("transformers", to=self._use)

    @property
    def _use(self) -> str:
        return f"cutting texts by the tokens of {self.model}"

    def prepare(self) -> None:
        super().prepare()
        self._tokenizer  # noqa: B018  it may be large, or fetched

    @cached_property
    def _tokenizer(self) -> Any:
        transformers = extras.require("transformers", to=self._use)
        try:
            return transformers.AutoTokenizer.from_pretrained(self.named_model(self.model))
        except (OSError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise UnavailableError(f"the tokenizer of {self.model} cannot be had: {reason}") from None


@artifact("tokens_split")
class TokensSplit(_Tokens):
    """Cuts a text into a model's tokens.

    >>> TokensSplit(field="a", model="gpt2").model
    'gpt2'

    Args:
        model: The model's name on the hub, or a folder.
    """

    def process_text(self, text: str) -> Any:
        return self._tokenizer.tokenize(text)


@artifact("tokens_slice")
class TokensSlice(_Tokens):
    """Takes a part of a text, counted in a model's tokens.

    >>> TokensSlice(field="a", model="gpt2", stop=512).stop
    512

    Args:
        model: The model's name on the hub, or a folder.
        start: Position of the first token taken; negative ones count from the end.
        stop: Position of the first token that is not taken.
        step: Take every how manieth token.
    """

    start: int | None = None
    stop: int | None = None
    step: int | None = None

    def process_text(self, text: str) -> Any:
        tokenizer = self._tokenizer
        return tokenizer.decode(tokenizer.encode(text)[self.start : self.stop : self.step])
