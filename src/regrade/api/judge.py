"""Have a judge look at the answers of runs, logs or tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from regrade.api.asking import ask_run, choose_model, choose_model_again, conditions_of, create_run, open_model
from regrade.api.estimate import Estimate, estimate_prepared
from regrade.api.outcome import AskOutcome, RunResult
from regrade.api.score_run import report_judge
from regrade.asking.ask import Tally
from regrade.dialect import Prepared
from regrade.errors import UsageError
from regrade.models.model import Model
from regrade.models.named import split_name
from regrade.progress import Finished, Remark, cancelling
from regrade.scoring.options import pipelines_from
from regrade.store.judge_run import JudgeRun, judge_run_at
from regrade.store.manifest import MANIFEST
from regrade.store.run import ANSWERED, Run
from regrade.store.workspace import Workspace

if TYPE_CHECKING:
    from regrade.asking.launch import Asked
    from regrade.judging.find import FoundJudge
    from regrade.judging.prepare import Judged
    from regrade.progress import CancelToken, Progress
    from regrade.store.journal_writer import Fsync


Order: TypeAlias = Literal["both", "content", "given"]
"""How pairs are shown: in both orders, in one that the content draws, or as given."""


def judge(
    *answers: str | PathLike[str],
    judge: str,
    model: str | Model,
    parameters: Mapping[str, Any] | None = None,
    repeats: int | None = None,
    name: str | None = None,
    workspace: str | PathLike[str] | None = None,
    catalog: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    prompts: str | PathLike[str] | None = None,
    questions: str | PathLike[str] | None = None,
    references: str | PathLike[str] | None = None,
    columns: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
    form: str | None = None,
    order: Order | None = None,
    baseline: str | None = None,
    limit: int | None = None,
    gates: Sequence[str] = (),
    fresh: bool = False,
    share_equal: bool = False,
    fsync: Fsync = "group",
    score: bool = True,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> RunResult:
    """Have a judge look at answers: a run of its own, whose words are kept, resumed and scored like any other's.

    Args:
        answers: Runs, logs (lm-eval, Inspect, ...), folders of logs or tables of answers; ``NAME=PATH`` names the
            system.
        judge: A judge's name in a catalog (rating, pairwise, rubric, correctness, mt_bench.rating, mt_bench.pairwise),
            its file, or a scorer of the autoevals package.
        model: Who judges: ``[KIND:]NAME``, or a model.
        parameters: Generation parameters, as the API names them.
        repeats: How often each question is asked, instead of what the judge says.
        name: The run's name; else made of judge and model.
        workspace: The folder of runs; else ``REGRADE_WORKSPACE``, else ``runs``.
        catalog: Folders to look for names in first.
        prompts: FastChat's ``judge_prompts.jsonl``, for MT-Bench as published.
        questions: FastChat's ``question.jsonl``, for its answers.
        references: FastChat's reference answers.
        columns: Of a table of answers, the columns of ``id``, ``question``, ``answer`` and ``expected``.
        fields: Where the judged samples have something: ``{"reference": "{{doc.gold}}"}``.
        form: How the verdict is given (``text``, ``json_schema``, ``tool``), instead of what the judge says.
        order: Of pairs: ``both`` orders (default), one by ``content``, or as ``given``.
        baseline: Of pairs: compare every system with this one.
        limit: Items at most.
        gates: Metrics that are to be among the judge's: refused before anything is asked where they are not.
        fresh: Ask anew what the workspace's cache knows.
        share_equal: Ask once for samples that ask exactly the same, even where answers are drawn.
        fsync: ``group``: an answer counts when it would survive a power failure; ``none``: the process.
        score: Read the verdicts and score them.
        progress: Called with events while it works.
        cancel: Ends the work from another thread; what was answered is kept.
        options: Limits (``concurrency``, ...) and options of the model's kind (``base_url``, ``api_key_env``, ...).

    Returns:
        The judge's run with scores; ``judging`` says what the verdicts come to.

    Raises:
        RegradeError: answers or judge cannot be read, or there is no point in asking.
        Cancelled: the work was ended.
    """
    from regrade.judging.rehearse import check_judge

    place = Workspace(workspace)
    conditions = conditions_of(
        fresh=fresh,
        share_equal=share_equal,
        retry_failed=options.get("base_url") is not None,
        fsync=fsync,
        progress=progress,
        cancel=cancel,
    )
    wish = _Wish(
        answers=answers,
        judge=judge,
        model=model,
        parameters=parameters,
        repeats=repeats,
        catalog=catalog,
        prompts=prompts,
        questions=questions,
        references=references,
        columns=columns,
        fields=fields,
        form=form,
        order=order,
        baseline=baseline,
        limit=limit,
    )
    asked, asker, prepared = _prepare(wish, options, place)
    called = Path(asker.name).stem if "file" in asker.identity else asker.name
    made, cache = create_run(
        *(place, [name] if name else ["judge", prepared.name, called], prepared, asked, asker),
        title=name or "",
        conditions=conditions,
        check=lambda made: check_judge(JudgeRun(made.folder), gates),
    )
    outcome = ask_run(made, asker, asked, conditions, cache)
    result = RunResult(made, outcome)
    if score and outcome.tally.done:
        result = report_judge(made, JudgeRun(made.folder), outcome, report=conditions.report, cancel=cancel)
    conditions.report(Finished(result=result))
    return result


def estimate_judge(
    *answers: str | PathLike[str],
    judge: str,
    model: str | Model,
    workspace: str | PathLike[str] | None = None,
    **options: Any,
) -> Estimate:
    """Say what :func:`judge` would ask and what that would take, with nobody asked.

    Args:
        answers: As for :func:`judge`, as is all that follows.
        judge: Likewise.
        model: Likewise.
        workspace: Likewise.
        options: Likewise.

    Raises:
        RegradeError: answers or judge cannot be read.
    """
    chosen = {name: options.pop(name) for name in list(options) if name in _Wish.__struct_fields__}
    wish = _Wish(answers=answers, judge=judge, model=model, **chosen)
    asked, asker, prepared = _prepare(wish, options, Workspace(workspace))
    return estimate_prepared(prepared, asked, asker)


def report(
    run: str | PathLike[str],
    *,
    filters: Any = None,
    workspace: str | PathLike[str] | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> RunResult:
    """Show the report of a judge's run again. Nobody is asked.

    Args:
        run: The run's folder, or its name in the workspace.
        filters: Pipelines to read the verdicts by, a file or a list; None for the run's own.
        workspace: The folder of runs.
        progress: Called with events while it works.
        cancel: Ends the work from another thread.

    Raises:
        UsageError: it is no judge's run.
    """
    found, judged = _judge_run(run, workspace)
    answered = found.find_answered().count(ANSWERED)
    outcome = AskOutcome(run=found, tally=Tally(wanted=found.wanted, before=answered))
    steps = pipelines_from(filters, [])
    notify = cancelling(progress, cancel)
    result = report_judge(found, judged, outcome, filters=steps, report=notify, cancel=cancel)
    notify(Finished(result=result))
    return result


def ask_again(
    run: str | PathLike[str],
    *,
    filters: Any = None,
    model: Model | None = None,
    workspace: str | PathLike[str] | None = None,
    share_equal: bool = False,
    fsync: Fsync = "group",
    score: bool = True,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> RunResult:
    """Ask a judge again where no verdict could be read, then report. Every answer is kept, the later one counts.

    Args:
        run: The run's folder, or its name in the workspace.
        filters: Pipelines to read the verdicts by, a file or a list; None for the run's own.
        model: A model to ask in place of the one that the run names.
        workspace: The folder of runs.
        share_equal: Ask once for samples that ask exactly the same, even where answers are drawn.
        fsync: ``group``: an answer counts when it would survive a power failure; ``none``: the process.
        score: Read the verdicts and score them.
        progress: Called with events while it works.
        cancel: Ends the work from another thread; what was answered is kept.
        options: As for :func:`regrade.resume`.

    Raises:
        UsageError: it is no judge's run.
    """
    from regrade.judging.rulings import rulings_of

    found, judged = _judge_run(run, workspace)
    steps = pipelines_from(filters, [])
    notify = cancelling(progress, cancel)
    unread = frozenset(one.sample_id for one in rulings_of(judged, filters=steps) if one.status == "unparsed")
    if not unread:
        notify(Remark(text="every verdict could be read; nothing is asked"))
        return report(run, filters=filters, workspace=workspace, progress=progress, cancel=cancel)
    asked = choose_model_again(found, options)
    notify(Remark(text=f"asking again for {len(unread):,} verdicts that could not be read"))
    asker = open_model(asked) if model is None else model
    asker.forget(unread)
    conditions = conditions_of(
        samples=unread,
        share_equal=share_equal,
        retry_failed=options.get("base_url") is not None,
        fsync=fsync,
        progress=progress,
        cancel=cancel,
    )
    outcome = ask_run(found, asker, asked, conditions)
    result = RunResult(found, outcome)
    if score and outcome.tally.done:
        result = report_judge(found, judged, outcome, filters=steps, report=conditions.report, cancel=cancel)
    conditions.report(Finished(result=result))
    return result


def _judge_run(run: str | PathLike[str], workspace: str | PathLike[str] | None) -> tuple[Run, JudgeRun]:
    found = Workspace(workspace).find(str(run))
    judged = judge_run_at(found.folder)
    if judged is None:
        raise UsageError("say which judge", where="regrade judge", hint="--with rating, --with pairwise, ...")
    return found, judged


class _Wish(msgspec.Struct, kw_only=True):
    """What is judged, by which judge and whom; see :func:`judge`."""

    answers: Sequence[str | PathLike[str]]
    judge: str
    model: str | Model
    parameters: Mapping[str, Any] | None = None
    repeats: int | None = None
    catalog: str | PathLike[str] | Sequence[str | PathLike[str]] = ()
    prompts: str | PathLike[str] | None = None
    questions: str | PathLike[str] | None = None
    references: str | PathLike[str] | None = None
    columns: Mapping[str, str] | None = None
    fields: Mapping[str, str] | None = None
    form: str | None = None
    order: Order | None = None
    baseline: str | None = None
    limit: int | None = None


def _prepare(wish: _Wish, options: Mapping[str, Any], workspace: Workspace) -> tuple[Asked, Model, Prepared]:
    from regrade.judging.answer_tables import Questions
    from regrade.judging.find import find_judge
    from regrade.judging.prepare import prepare_judge
    from regrade.judging.samples import Asking

    if not wish.answers:
        raise UsageError("name answers to judge: a run, a log or a table", where="regrade judge")
    folders: Any = [wish.catalog] if isinstance(wish.catalog, str | PathLike) else wish.catalog
    found = find_judge(wish.judge, prompts=_path(wish.prompts), catalogs=folders)
    found = _in_form(found, wish.form, published=wish.prompts is not None)
    _refuse_idle_options(found, wish.order, wish.baseline)
    chosen = choose_model(wish.model, options, parameters=wish.parameters, repeats=wish.repeats, kind="chat")
    asked = _asked(found, chosen)
    asker = open_model(asked) if isinstance(wish.model, str) else wish.model
    if wish.limit is not None and wish.limit < 1:
        raise UsageError("must be at least 1", where=f"--limit {wish.limit}")
    if wish.references is not None and wish.questions is None:
        raise UsageError("needs the questions", where="--references", hint="--questions question.jsonl")
    questions = Questions(Path(wish.questions), _path(wish.references)) if wish.questions is not None else None
    columns = {("reference" if kind == "expected" else kind): name for kind, name in (wish.columns or {}).items()}
    prepared = prepare_judge(
        [_judged(str(text), workspace, columns) for text in wish.answers],
        found,
        asking=Asking(order=wish.order or "both", baseline=wish.baseline),
        questions=questions,
        fields=dict(wish.fields or {}),
        limit=wish.limit,
        repeats=wish.repeats,
    )
    return asked, asker, prepared


def _path(given: str | PathLike[str] | None) -> Path | None:
    return None if given is None else Path(given)


def _refuse_idle_options(found: FoundJudge, order: str | None, baseline: str | None) -> None:
    """Refuse what is about pairs where the judge looks at one answer at a time.

    Raises:
        UsageError: something is.
    """
    if getattr(found.judge, "mode", None) == "pairwise":
        return
    for option, given in (("--baseline", baseline), ("--order", order)):
        if given:
            raise UsageError(f"is about pairs, and {found.name} looks at one answer at a time", where=option)


def _in_form(found: FoundJudge, form: str | None, *, published: bool) -> FoundJudge:
    """The judge, with its verdict given in another form where that is said."""
    from regrade.artifacts.data import to_data
    from regrade.judging.judge import Judge

    if form is None:
        return found
    if not isinstance(found.judge, Judge) or published:
        raise UsageError(f"{found.name} gives its verdict in one form only", where=f"--form {form}")
    own = {name: getattr(found.judge, name) for name in Judge.__struct_fields__}
    changed = Judge(**{**own, "form": form, "filters": None})
    return found._replace(judge=changed, data=to_data(changed))


def _asked(found: FoundJudge, asked: Asked) -> Asked:
    """What is asked of whom.

    Scorers of autoevals ask through a model of their own, which asks the one named. A server that is asked for a form
    of answer which it may not know is asked in words where it refuses.
    """
    from regrade.judging.judge import Judge

    if not isinstance(found.judge, Judge):
        return msgspec.structs.replace(asked, model=f"autoevals:{asked.model}")
    kind, name = split_name(asked.model)
    if kind == "openai" and found.judge.form != "text":
        return msgspec.structs.replace(asked, model=f"openai_in_words:{name}")
    return asked


def _judged(text: str, workspace: Workspace, columns: dict[str, str]) -> Judged:
    """What ``[NAME=]ANSWERS`` means: a file of answers, a log of another tool or a folder of them, or a run.

    Raises:
        InputError: there is neither.
    """
    from regrade.judging.log_answers import holds_logs
    from regrade.judging.prepare import Judged
    from regrade.rows.discover import inside_archive

    name, equals, place = text.partition("=")
    if not equals or Path(text).exists():
        name, place = "", text
    path = Path(place)
    if path.is_file() and path.name != MANIFEST:
        path = inside_archive(path)
    if path.is_file() and path.name != MANIFEST:
        if not columns and holds_logs(path):
            return Judged(name=name or None, log=path)
        return Judged(name=name or None, table=path, columns=columns)
    if path.is_dir() and not any((folder / MANIFEST).is_file() for folder in (path, workspace.folder / place)):
        return Judged(name=name or None, log=path)
    return Judged(name=name or None, run=workspace.find(place.removesuffix(f"/{MANIFEST}")))
