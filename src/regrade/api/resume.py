"""Ask for what a run lacks, then score it."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from regrade.api.asking import ask_run, choose_model_again, conditions_of, open_model
from regrade.api.outcome import RunResult
from regrade.api.score_run import score_run
from regrade.plugin_files import check_recorded
from regrade.progress import Finished
from regrade.store.workspace import Workspace

if TYPE_CHECKING:
    from regrade.models.model import Model
    from regrade.progress import CancelToken, Progress
    from regrade.store.journal_writer import Fsync


def resume(
    run: str | PathLike[str],
    *,
    model: Model | None = None,
    workspace: str | PathLike[str] | None = None,
    retry_failed: bool = False,
    fresh: bool = False,
    share_equal: bool = False,
    fsync: Fsync = "group",
    score: bool = True,
    trust_code: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
    **options: Any,
) -> RunResult:
    """Ask for what a run lacks, then score it. Nothing that was answered is asked again.

    What was not asked when it was stopped or killed, what failed, and what a batch has answered since.

    Args:
        run: The run's folder, or its name in the workspace.
        model: A model to ask in place of the one that the run names; for runs that were made with a model object.
        workspace: The folder of runs; else ``REGRADE_WORKSPACE``, else ``runs``.
        retry_failed: Ask also for what the server refused as wrong (400 and the like).
        fresh: Ask anew what the workspace's cache knows.
        share_equal: Ask once for samples that ask exactly the same, even where answers are drawn.
        fsync: ``group``: an answer counts when it would survive a power failure; ``none``: the process.
        score: Score the answers.
        trust_code: Run Python functions from task files.
        progress: Called with events while it works.
        cancel: Ends the work from another thread; what was answered is kept.
        options: Of the connection (``base_url``, ``api_key_env``, ``headers``, ``ca_file``, ``max_reply``) and limits
            (``concurrency``, ...), where they are to be others than when the run was made.

    Raises:
        InputError: there is no such run.
        UsageError: the run names a server that the user never did, here or before.
        Cancelled: the work was ended.
    """
    found = Workspace(workspace).find(str(run))
    check_recorded(found.manifest.recipe.get("plugins"), str(found.folder))
    asked = choose_model_again(found, options)
    asker = open_model(asked) if model is None else model
    conditions = conditions_of(
        fresh=fresh,
        retry_failed=retry_failed or options.get("base_url") is not None,
        share_equal=share_equal,
        fsync=fsync,
        progress=progress,
        cancel=cancel,
    )
    outcome = ask_run(found, asker, asked, conditions)
    result = RunResult(found, outcome)
    if score and outcome.tally.done:
        result = score_run(found, outcome, trust_code=trust_code, report=conditions.report, cancel=cancel)
    conditions.report(Finished(result=result))
    return result
