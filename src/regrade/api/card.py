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
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec

from regrade.access import Access
from regrade.atomic import protecting_inputs
from regrade.cards.account import Account
from regrade.cards.choices import Choices, choices_of
from regrade.cards.load import LoadedCard, load
from regrade.cards.pipeline import Pipeline
from regrade.cards.record import about
from regrade.errors import InputError, UsageError
from regrade.schema import Answer, Malformed, Sample
from regrade.store.samples import encode, write

if TYPE_CHECKING:
    from regrade.artifacts import Catalogs
    from regrade.models.model import Model
    from regrade.scoring.scores import Scores
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


def folder_of(data: Any) -> Path:
    """A folder whose files stand in for remote ones.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(data, str | PathLike) or not Path(data).is_dir():
        raise UsageError("is no folder", where=f"data={data!r:.80}")
    return Path(data)


class Card:
    """A card, ready to be used.

    Attributes:
        name: What it is called.
        access: What it may name.
    """

    def __init__(self, loaded: LoadedCard, data: Path | None, access: Access) -> None:
        self.loaded = loaded
        self.name = loaded.name
        self.access = access
        self._data = data

    def __repr__(self) -> str:
        return f"Card({self.name!r})"

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
            return self._data, self.access
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
        from regrade.asking.ask import Again
        from regrade.asking.launch import Asked, ask_all, create_in
        from regrade.cards.prepare import prepare_card
        from regrade.models.limits import RequestLimits
        from regrade.models.named import named_model
        from regrade.store.workspace import Workspace

        known = {field.name for field in msgspec.structs.fields(RequestLimits)}
        limits = {key: options.pop(key) for key in list(options) if key in known}
        asker = named_model(model, options, RequestLimits(**limits)) if isinstance(model, str) else model
        asked = Asked(
            model=model if isinstance(model, str) else asker.name,
            options=options,
            parameters=parameters or {},
            repeats=repeats,
            kind="chat",
            limits=limits,
        )
        chosen = choices_of(choices or {})
        folder, access = self._folder(data)
        prepared = prepare_card(self.loaded, choices=chosen, data=folder, access=access, chat=True)
        place = Workspace(str(workspace) if workspace is not None else None)
        caches = []
        run = create_in(
            *(place, [name] if name else [prepared.name, asker.name], prepared, asked, asker),
            title=name or "",
            ready=lambda made: caches.append(place.cache() if asker.costs else None),
        )
        cache = caches[0]
        try:
            ask_all(run, asker, cache=cache, again=Again(fresh=fresh))
        finally:
            if cache is not None:
                cache.close()
        return run

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

    def write(self, path: str | PathLike[str]) -> int:
        """Write the samples to a Parquet or JSON lines file; how many there were."""
        self._pipeline = pipeline = self._fresh()
        with protecting_inputs():
            return write(pipeline.samples(), Path(path), lambda: about(self.loaded, pipeline))

    def score(self, answers: Any, **options: Any) -> Scores:
        """Score answers to these samples; see :meth:`Card.score`."""
        from regrade.scoring.score import score

        with TemporaryDirectory(prefix="regrade-card-") as name:
            folder = Path(name)
            self.write(folder / "samples.parquet")
            where = answers
            if not isinstance(answers, str | PathLike):
                where = folder / "answers.jsonl"
                where.write_bytes(b"".join(encode(row) + b"\n" for row in _rows(answers)))
            try:
                return score(
                    folder / "samples.parquet",
                    task_name=self.loaded.name,
                    answers=str(where),
                    **{"keep": True, **options},
                )
            except InputError as error:
                if (error.where or "").startswith(name):  # a file that only stands in for what was given
                    raise InputError(error.what, where="score(answers)", hint=error.hint) from None
                raise


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
