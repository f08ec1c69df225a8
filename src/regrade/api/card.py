r"""Cards from Python: load one, make its samples, score what a model said to them.

>>> import regrade
>>> card = regrade.load_card({
...     "__type__": "task_card",
...     "loader": {"__type__": "load_from_dictionary", "data": {"test": [{"q": "1+1?", "a": "2"}]}},
...     "task": {"__type__": "task", "input_fields": {"q": "str"}, "reference_fields": {"a": "str"},
...              "prediction_type": "str", "metrics": ["metrics.accuracy"]},
...     "templates": [{"__type__": "input_output_template", "input_format": "{q}", "output_format": "{a}"}],
... })
>>> samples = list(card.samples())
>>> samples[0].prompt, samples[0].references
('1+1?\n', ['2'])
>>> card.score({samples[0].sample_id: "2"}).results[0].value
1.0
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from weakref import finalize

import msgspec

from regrade.access import Access
from regrade.atomic import protecting_inputs, refuse_unwritable
from regrade.cards.account import Account
from regrade.cards.choices import Choices, choices_of
from regrade.cards.load import LoadedCard, load
from regrade.cards.pipeline import Pipeline
from regrade.cards.prepare import watched
from regrade.cards.record import about
from regrade.errors import Exit, InputError, UsageError
from regrade.schema import Answer, Malformed, Sample
from regrade.store.samples import FORMATS, encode, write

if TYPE_CHECKING:
    from regrade.api.scores import Scores
    from regrade.artifacts import Catalogs
    from regrade.cards.trace import Trace
    from regrade.models.model import Model
    from regrade.store.run import Run


def load_card(
    card: Any,
    catalog: str | PathLike[str] | Sequence[str | PathLike[str]] | Catalogs = (),
    *,
    data: Any = None,
    allow_paths: Iterable[str | PathLike[str]] = (),
    allow_env: Iterable[str] = (),
    allow_hosts: Iterable[str] = (),
    access: Access | None = None,
) -> Card:
    """Load a card.

    Args:
        card: The name of a card or recipe in a catalog (``cards.`` may be left out), a file (YAML or JSON), or data.
        catalog: A folder of artifacts, or several, to look for names in before the bundled catalog; ``unitxt`` is the
            catalog of the installed package.
        data: A folder whose files stand in for remote ones.
        allow_paths: Folders below which the card may name files, besides its own, that of ``data`` and the working one.
        allow_env: Environment variables that it may name, besides the hub's token.
        allow_hosts: Hosts that it may name, besides those of the public internet.
        access: What it may name, whole: nothing is added to it. Instead of the three before it.

    Raises:
        ArtifactError: there is no such card, or it is wrong.
        UsageError: what was given is neither.
    """
    folders: Any = [catalog] if isinstance(catalog, str | PathLike) else catalog
    loaded, folder = load(card, folders), None if data is None else folder_of(data)
    if access is None:
        access = Access.of_user(loaded.folder, folder, *map(Path, allow_paths), env=allow_env, hosts=allow_hosts)
    return Card(loaded, folder, access)


def refuse_unwritable_samples(path: str | PathLike[str]) -> None:
    """Refuse a file that samples cannot be written to, before any work is done.

    Raises:
        UsageError: it is of no known kind, or cannot be written.
    """
    refuse_unwritable(Path(path), "--out", *FORMATS)


def encode_data(value: Any) -> str:
    """Samples, or what was done with them, as JSON."""
    return encode(value).decode()


def folder_of(data: Any) -> Path:
    """A folder whose files stand in for remote ones.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(data, str | PathLike) or not Path(data).is_dir():
        raise UsageError.about("data", data, "is no folder")
    return Path(data)


class Card:
    """A card, ready to be used.

    Attributes:
        name: What it is called.
        access: What it may name.
        data: The folder whose files stand in for remote ones; None without one.
    """

    def __init__(self, loaded: LoadedCard, data: Path | None, access: Access) -> None:
        self.loaded = loaded
        self.name = loaded.name
        self.access = access
        self.data = data

    def __repr__(self) -> str:
        return f"Card({self.name!r})"

    @property
    def warnings(self) -> list[str]:
        """What words of the card were taken for."""
        return list(self.loaded.warnings)

    def samples(self, *, data: Any = None, **choices: Any) -> Samples:
        """The card's samples. They are made anew whenever they are gone through, and not kept.

        Args:
            data: A folder whose files stand in for remote ones.
            choices: See :class:`regrade.cards.choices.Choices`: ``template``, ``format``, ``system_prompt``,
                ``split``, ``num_demos``, ``limit``, ...

        Raises:
            UsageError: there is no such choice, or it cannot be that.
            ArtifactError: a template, format or system prompt does not exist.
        """
        return Samples(self.loaded, choices_of(choices), *self._folder(data))

    def _folder(self, data: Any) -> tuple[Path | None, Access]:
        if data is None:
            return self.data, self.access
        folder = folder_of(data)
        return folder, self.access.below(folder)

    def ask(
        self,
        model: str | Model,
        *,
        name: str | None = None,
        workspace: str | PathLike[str] | None = None,
        parameters: dict[str, Any] | None = None,
        repeats: int | None = None,
        fresh: bool = False,
        data: Any = None,
        choices: dict[str, Any] | None = None,
        **options: Any,
    ) -> Run:
        """Ask a model every question of the card; every answer is on disk before it counts.

        ``regrade.score(run.folder)`` scores the answers, and calling this again costs nothing for what is known.

        Args:
            model: ``[KIND:]NAME``, as ``regrade run --model`` takes it, or a model.
            name: The run's name; else the card's and the model's.
            workspace: The folder of runs; else ``REGRADE_WORKSPACE``, else ``runs``.
            parameters: Generation parameters, as the API names them.
            repeats: Answers per sample.
            fresh: Ask anew what the workspace's cache knows.
            data: A folder whose files stand in for remote ones.
            choices: As for :meth:`samples`.
            options: Of the model's kind: ``base_url``, ``api_key_env``, ``device``, ...; ``concurrency`` and the like
                are those of :class:`regrade.models.limits.RequestLimits`.

        Raises:
            RegradeError: the samples cannot be made, or there is no point in asking.
        """
        from regrade.api.run import run

        asked = run(
            self,
            model=model,
            name=name,
            workspace=workspace,
            parameters=parameters,
            repeats=repeats,
            fresh=fresh,
            data=data,
            score=False,
            **{**options, **(choices or {})},
        )
        return asked[0].run

    def score(self, answers: Any, *, by: str | Sequence[str] = (), data: Any = None, **options: Any) -> Scores:
        """Score answers to the card's samples.

        Args:
            answers: Texts (or lists of repeats) by sample id, :class:`regrade.schema.Answer` objects, or a file.
            by: Expressions to break results down by: ``doc.category``, ``metadata.swapped``.
            data: A folder whose files stand in for remote ones.
            options: Choices as for :meth:`samples`, with the answers' own if they are not the card's usual ones; and
                options of :func:`regrade.score` (``where``, ``metric``, ``keep``, ``compat``, ...).

        Raises:
            RegradeError: the samples cannot be made, or the answers not be read.
        """
        chosen = {field.name for field in msgspec.structs.fields(Choices)} - {"compat", "strict", "limit"}
        choices = {name: options.pop(name) for name in list(options) if name in chosen}
        return self.samples(data=data, **choices).score(answers, by=by, **options)


class Samples:
    """The samples of a card, made anew whenever they are gone through.

    Attributes:
        account: What each step did with the rows, in the last time through.
        malformed: Rows that could not be read, in the last time through.
    """

    def __init__(self, loaded: LoadedCard, choices: Choices, data: Path | None, access: Access) -> None:
        self.loaded = loaded
        self.choices = choices
        self.data = data
        self.access = access
        self._pipeline = self._fresh()

    def _fresh(self) -> Pipeline:
        loaded = self.loaded
        return Pipeline(
            loaded.artifact,
            self.choices,
            catalog=loaded.catalogs,
            data=self.data,
            folder=loaded.folder,
            access=self.access,
        )

    @property
    def account(self) -> Account:
        """What each step did with the rows."""
        return self._pipeline.account

    @property
    def malformed(self) -> list[Malformed]:
        """Rows that could not be read."""
        return self._pipeline.loading.malformed

    def __iter__(self) -> Iterator[Sample]:
        self._pipeline = self._fresh()
        return self._pipeline.samples()

    def __repr__(self) -> str:
        return f"<Samples of {self.loaded.name!r}>"

    @property
    def split(self) -> str:
        """The stream whose rows become samples."""
        return self._pipeline.split

    @property
    def revisions(self) -> dict[str, str]:
        """By source of rows the revision that was read, in the last time through."""
        return self._pipeline.loading.revisions

    @property
    def exit_code(self) -> Exit:
        """3 where rows could not be read or processed, in the last time through."""
        return Exit.INCOMPLETE if self.account.failed or self.malformed else Exit.DONE

    def about(self) -> dict[str, Any]:
        """What was done, in the last time through, as JSON: recipe, steps, counts."""
        return about(self.loaded, self._pipeline)

    def count(self) -> int:
        """Make the samples and count them; checks that the references of the first ones can be scored."""
        self._pipeline = pipeline = self._fresh()
        return sum(1 for _ in pipeline.samples(watched))

    def trace(self, row: int = 0) -> Trace:
        """Follow one row through the steps.

        Args:
            row: Which sample, counted from 0.

        Raises:
            UsageError: there are not as many.
        """
        from regrade.cards.trace import trace

        if row < 0:
            raise UsageError("must be at least 0", where=f"--row {row}")
        return trace(self._fresh(), row)

    def write(self, path: str | PathLike[str]) -> int:
        """Write the samples to a Parquet or JSON lines file; how many there were."""
        self._pipeline = pipeline = self._fresh()
        with protecting_inputs():
            return write(pipeline.samples(watched), Path(path), lambda: about(self.loaded, pipeline))

    def score(self, answers: Any, **options: Any) -> Scores:
        """Score answers to these samples; see :meth:`Card.score`."""
        from regrade.api.score import score

        folder = Path(mkdtemp(prefix="regrade-card-"))
        try:
            self.write(folder / "samples.parquet")
            where = answers
            if not isinstance(answers, str | PathLike):
                where = folder / "answers.jsonl"
                where.write_bytes(b"".join(encode(row) + b"\n" for row in _rows(answers)))
            scores = score(
                folder / "samples.parquet",
                task_name=self.loaded.name,
                answers=str(where),
                **{"keep": True, **options},
            )
        except BaseException as error:
            rmtree(folder, ignore_errors=True)
            if isinstance(error, InputError) and (error.where or "").startswith(str(folder)):
                # a file that only stands in for what was given
                raise InputError(error.what, where="score(answers)", hint=error.hint) from None
            raise
        finalize(scores, rmtree, folder, ignore_errors=True)  # the scores read texts from it: it goes when they do
        return scores


def _rows(answers: Any) -> Iterable[Any]:
    if isinstance(answers, Mapping) and answers:
        return ({"sample_id": name, "answer": value} for name, value in answers.items())
    rows = list(answers) if isinstance(answers, Iterable) else [answers]
    if not rows:
        raise UsageError("there are no answers", where="score(answers)")
    if not all(isinstance(row, Answer | dict) for row in rows):
        raise UsageError(
            "answers are matched by sample id, never by position",
            where="score(answers)",
            hint="give a dict of sample_id to text, Answer objects, or rows with sample_id and answer",
        )
    return rows
