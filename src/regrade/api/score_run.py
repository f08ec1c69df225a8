"""Score a run's answers, and keep the scores in its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regrade import __version__
from regrade.api.asking import naming_what_is_kept
from regrade.api.load_scores import load_scores
from regrade.api.outcome import AskOutcome, RunResult
from regrade.api.scores import Scores
from regrade.plugin_files import loaded_plugins
from regrade.progress import CancelToken, Progress, by_bytes
from regrade.reports.scores_folder import prepare, read_if_made_of, write
from regrade.scoring.options import Options
from regrade.scoring.score import score_paths
from regrade.store.judge_run import JudgeRun, judge_run_at
from regrade.store.run import Run
from regrade.store.samples import read_about

if TYPE_CHECKING:
    from regrade.schema import FilterPipeline


def score_run(
    run: Run, outcome: AskOutcome, *, trust_code: bool = False, report: Progress, cancel: CancelToken | None = None
) -> RunResult:
    """Score a run; a judge's by its verdicts. Where nothing has changed since it was scored, the kept scores are taken.

    Args:
        run: The run.
        outcome: What became of the asking.
        trust_code: Run Python functions from task files.
        report: Called with events.
        cancel: Ends the work.
    """
    with naming_what_is_kept(run):
        judge = judge_run_at(run.folder)
        if judge is not None:
            return report_judge(run, judge, outcome, report=report, cancel=cancel)
        if read_about(run.samples).get("card", {}).get("metrics") == []:
            remark = f"the card names no metric; a judge can score it: regrade judge {run.folder} --with NAME"
            return RunResult(run, outcome, remark=remark)
        folder = run.folder / "scores" / "default"
        inputs: dict[str, Any] = {**run.content_marks(), "regrade": __version__, "trust_code": trust_code}
        if plugins := loaded_plugins():
            inputs["plugins"] = [plugin.sha256 for plugin in plugins]
        if read_if_made_of(folder, inputs):
            return RunResult(run, outcome, scores=load_scores(folder), kept=True)
        prepare(folder, private=True)
        scores = _scored(run, Options(keep=True, trust_code=trust_code), report, cancel)
        write(scores, folder, inputs=inputs, private=True)
        return RunResult(run, outcome, scores=scores)


def report_judge(
    run: Run,
    judge: JudgeRun,
    outcome: AskOutcome,
    *,
    filters: list[FilterPipeline] | None = None,
    report: Progress,
    cancel: CancelToken | None = None,
) -> RunResult:
    """Score a judge's run and keep the scores in its folder, with what the verdicts come to.

    Args:
        run: The run.
        judge: The same, as a judge's.
        outcome: What became of the asking.
        filters: Pipelines to read the verdicts by, instead of the run's own; nothing is kept then.
        report: Called with events.
        cancel: Ends the work.
    """
    from regrade.judging.summary import summarise, write_summary

    scores = _scored(run, Options(keep=True, filters=filters), report, cancel)
    summary = summarise(judge, filters=filters)
    if filters is None:
        folder = run.folder / "scores" / "default"
        prepare(folder, private=True)
        write_summary(summary, folder)
        write(scores, folder, private=True)
    return RunResult(run, outcome, scores=scores, judging=summary)


def _scored(run: Run, options: Options, report: Progress, cancel: CancelToken | None) -> Scores:
    progress: Any = by_bytes("scoring", report)
    return Scores.of(score_paths([run.folder], options, progress=progress, cancel=cancel))
