"""``regrade judge``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regrade.cli.asking import (
    add_limits,
    add_model,
    again_of,
    ask_run,
    asked_again,
    asked_of,
    exit_code,
    make_run,
    model_of,
    naming_what_is_kept,
)
from regrade.errors import Exit, UsageError

if TYPE_CHECKING:
    from regrade.asking.launch import Asked
    from regrade.dialect import Prepared
    from regrade.judging.find import FoundJudge
    from regrade.judging.prepare import Judged
    from regrade.models.model import Model
    from regrade.store.cache import AnswerCache
    from regrade.store.judge_run import JudgeRun
    from regrade.store.run import Run
    from regrade.store.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.usage = (
        "%(prog)s ANSWERS [ANSWERS ...] --with JUDGE --judge MODEL [options]\n       %(prog)s JUDGE_RUN [--again WHICH]"
    )
    parser.description = (
        "Have a judge look at the answers of runs: a run of its own, whose words are kept, resumed and scored like any "
        "other's. Given a judge's run, show its report again, or ask again for verdicts that could not be read."
    )
    parser.add_argument(
        "answers",
        nargs="+",
        metavar="[NAME=]ANSWERS",
        help="a run, a log (lm-eval, Inspect, ...), a folder of logs or a table of answers; NAME is the system's name",
    )
    what = parser.add_argument_group("what is asked")
    what.add_argument(
        "--with",
        dest="judge",
        metavar="JUDGE",
        help="a judge's name in a catalog (rating, pairwise, rubric, correctness, mt_bench.rating, mt_bench.pairwise), "
        "its file, or a scorer of the autoevals package (answer_correctness, factuality, ...)",
    )
    what.add_argument(
        "--judge-prompts", type=Path, metavar="FILE", help="FastChat's judge_prompts.jsonl, for MT-Bench as published"
    )
    what.add_argument("--questions", type=Path, metavar="FILE", help="FastChat's question.jsonl, for its answers")
    what.add_argument("--references", type=Path, metavar="FILE", help="FastChat's reference answers")
    for name, holds in (("question", "question"), ("answer", "answer"), ("expected", "correct answer"), ("id", "id")):
        what.add_argument(f"--{name}", metavar="COLUMN", help=f"of a table of answers: the column of the {holds}")
    what.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="NAME=TEMPLATE",
        help="where the judged samples have something: reference={{doc.gold}}, context={{doc.passages}}, "
        "criteria='Is it polite?' (repeatable)",
    )
    what.add_argument(
        "--form",
        choices=["text", "json_schema", "tool"],
        help="how the verdict is given, instead of what the judge says",
    )
    what.add_argument("--limit", type=int, metavar="N", help="at most N items")
    what.add_argument("--catalog", action="append", default=[], metavar="DIR", help="look for names here first")
    two = parser.add_argument_group("pairs")
    orders = two.add_mutually_exclusive_group()
    orders.add_argument("--both-orders", action="store_true", help="show each pair in both orders (default)")
    orders.add_argument(
        "--order",
        choices=["both", "content", "given"],
        help="both; content: one order, drawn by the content; given: in the order of the command line",
    )
    two.add_argument("--baseline", metavar="NAME", help="compare every system with this one (default: all pairs)")
    add_model(parser, "--judge", required=False)
    add_limits(parser)
    again = parser.add_argument_group("a judge's run")
    again.add_argument("--again", choices=["unparsed"], help="ask again where no verdict could be read")
    again.add_argument("--filters", metavar="FILE", help="read the verdicts by other filters (no call)")
    out = parser.add_argument_group("what comes out")
    out.add_argument("--name", metavar="NAME", help="name of the judge's run (default: judge and model)")
    out.add_argument("--dry-run", action="store_true", help="print the first prompts and the estimated price")
    out.add_argument("--no-score", action="store_true", help="ask only")
    out.add_argument("--json", action="store_true", help="print JSON")
    out.add_argument(
        "--fail-under",
        action="append",
        default=[],
        metavar="METRIC=VALUE",
        help="exit 100 if a metric of any system is worse than VALUE (repeatable)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Prepare, ask, read the verdicts."""
    from regrade.cli.score import gate
    from regrade.store.workspace import Workspace

    workspace = Workspace(arguments.workspace)
    for text in arguments.fail_under:
        gate(text)
    if arguments.judge is None:
        return _again(arguments, workspace)
    if arguments.again is not None:
        raise UsageError("is for a judge's run", where="--again", hint="name the judge's run, and leave out --with")
    if arguments.filters is not None:
        raise UsageError(
            "reads kept verdicts by other filters",
            where="--filters",
            hint="name the judge's run, and leave out --with",
        )
    if arguments.model is None:
        raise UsageError("say who judges", where="regrade judge", hint="--judge gpt-4o-mini, --judge replay:FILE")
    found = _judge(arguments)
    _refuse_idle_options(arguments, found)
    asked = _asked(arguments, found)
    model = model_of(asked)
    prepared = _prepared(arguments, found, workspace)
    if arguments.dry_run:
        from regrade.cli.run import dry_run

        return dry_run(prepared, asked, model)
    made, cache = _created(arguments, workspace, prepared, asked, model)
    return _ask_and_report(arguments, made, model, asked, cache=cache)


def _refuse_idle_options(arguments: argparse.Namespace, found: FoundJudge) -> None:
    """Refuse what is about pairs where the judge looks at one answer at a time.

    Raises:
        UsageError: something is.
    """
    if getattr(found.judge, "mode", None) == "pairwise":
        return
    for option, given in (
        ("--baseline", arguments.baseline),
        ("--order", arguments.order),
        ("--both-orders", arguments.both_orders),
    ):
        if given:
            raise UsageError(f"is about pairs, and {found.name} looks at one answer at a time", where=option)


def _judge(arguments: argparse.Namespace) -> FoundJudge:
    from regrade.artifacts.data import to_data
    from regrade.judging.find import find_judge
    from regrade.judging.judge import Judge

    found = find_judge(arguments.judge, prompts=arguments.judge_prompts, catalogs=arguments.catalog)
    if arguments.form is None:
        return found
    if not isinstance(found.judge, Judge) or arguments.judge_prompts is not None:
        raise UsageError(f"{found.name} gives its verdict in one form only", where=f"--form {arguments.form}")
    judge = Judge(
        **{
            **{name: getattr(found.judge, name) for name in Judge.__struct_fields__},
            "form": arguments.form,
            "filters": None,
        }
    )
    return found._replace(judge=judge, data=to_data(judge))


def _asked(arguments: argparse.Namespace, found: FoundJudge) -> Asked:
    """What is asked of whom.

    Scorers of autoevals ask through a model of their own, which asks the one named. A server that is asked for a form
    of answer which it may not know is asked in words where it refuses.
    """
    import msgspec

    from regrade.judging.judge import Judge
    from regrade.models.named import split_name

    arguments.send_as = "chat"
    asked = asked_of(arguments)
    if not isinstance(found.judge, Judge):
        return msgspec.structs.replace(asked, model=f"autoevals:{asked.model}")
    kind, name = split_name(asked.model)
    if kind == "openai" and found.judge.form != "text":
        return msgspec.structs.replace(asked, model=f"openai_in_words:{name}")
    return asked


def _prepared(arguments: argparse.Namespace, found: FoundJudge, workspace: Workspace) -> Prepared:
    from regrade.judging.answer_tables import Questions
    from regrade.judging.prepare import prepare_judge
    from regrade.judging.samples import Asking

    if arguments.limit is not None and arguments.limit < 1:
        raise UsageError("must be at least 1", where=f"--limit {arguments.limit}")
    if arguments.references is not None and arguments.questions is None:
        raise UsageError("needs the questions", where="--references", hint="--questions question.jsonl")
    questions = Questions(arguments.questions, arguments.references) if arguments.questions is not None else None
    return prepare_judge(
        [judged(text, workspace, _columns(arguments)) for text in arguments.answers],
        found,
        asking=Asking(order=arguments.order or "both", baseline=arguments.baseline),
        questions=questions,
        fields=_texts(arguments.field),
        limit=arguments.limit,
        repeats=arguments.repeats,
    )


def _texts(given: list[str]) -> dict[str, str]:
    fields = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError("is no NAME=TEMPLATE", where=f"--field {text}")
        fields[name.strip()] = value
    return fields


def _columns(arguments: argparse.Namespace) -> dict[str, str]:
    named = {kind: getattr(arguments, kind) for kind in ("id", "question", "answer")}
    named["reference"] = arguments.expected
    return {kind: column for kind, column in named.items() if column is not None}


def judged(text: str, workspace: Workspace, columns: dict[str, str] | None = None) -> Judged:
    """What ``[NAME=]ANSWERS`` means: a file of answers, a log of another tool or a folder of them, or a run.

    Raises:
        InputError: there is neither.
    """
    from regrade.judging.prepare import Judged

    name, equals, place = text.partition("=")
    if not equals or Path(text).exists():
        name, place = "", text
    path = Path(place)
    if path.is_file() and path.name != "run.json":
        from regrade.judging.log_answers import holds_logs

        if not columns and holds_logs(path):
            return Judged(name=name or None, log=path)
        return Judged(name=name or None, table=path, columns=columns or {})
    if path.is_dir() and not any((folder / "run.json").is_file() for folder in (path, workspace.folder / place)):
        return Judged(name=name or None, log=path)
    return Judged(name=name or None, run=workspace.find(place.removesuffix("/run.json")))


def _created(
    arguments: argparse.Namespace, workspace: Workspace, prepared: Prepared, asked: Asked, model: Model
) -> tuple[Run, AnswerCache | None]:
    from regrade.cli.score import gate
    from regrade.judging.rehearse import check_judge
    from regrade.store.judge_run import JudgeRun

    name = Path(model.name).stem if "file" in model.identity else model.name
    names = [arguments.name] if arguments.name else ["judge", prepared.name, name]
    gates = [gate(text)[0] for text in arguments.fail_under]
    return make_run(
        *(workspace, names, prepared, asked, model),
        title=arguments.name or "",
        what=("question to the judge", "questions to the judge"),
        check=lambda made: check_judge(JudgeRun(made.folder), gates),
    )


def _ask_and_report(
    arguments: argparse.Namespace,
    made: Run,
    model: Model,
    asked: Asked,
    samples: frozenset[str] = frozenset(),
    *,
    cache: AnswerCache | None = None,
) -> int:
    from regrade.store.judge_run import JudgeRun

    tally = ask_run(made, model, asked, again=again_of(arguments, samples), fsync=arguments.fsync, cache=cache)
    code = int(exit_code(tally, model))
    if not arguments.no_score and tally.done:
        with naming_what_is_kept(made):
            code = max(code, report(JudgeRun(made.folder), as_json=arguments.json, gates=arguments.fail_under))
    if made.manifest.notes and code == Exit.DONE:
        code = Exit.INCOMPLETE
    return code


def _again(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """The report of a judge's run, once more verdicts were asked for where that is wanted."""
    from regrade.judging.rulings import rulings_of
    from regrade.store.judge_run import judge_run_at

    given = arguments.answers[0]
    made = workspace.find(given) if len(arguments.answers) == 1 and not Path(given).is_file() else None
    found = judge_run_at(made.folder) if made is not None else None
    if made is None or found is None:
        raise UsageError("say which judge", where="regrade judge", hint="--with rating, --with pairwise, ...")
    if arguments.again is None:
        return report(found, as_json=arguments.json, filters=_filters(arguments), gates=arguments.fail_under)
    unread = {
        ruling.sample_id for ruling in rulings_of(found, filters=_filters(arguments)) if ruling.status == "unparsed"
    }
    if not unread:
        print("regrade: every verdict could be read; nothing is asked", file=sys.stderr)
        return report(found, as_json=arguments.json, filters=_filters(arguments), gates=arguments.fail_under)
    asked = asked_again(made, arguments)
    print(f"regrade: asking again for {len(unread):,} verdicts that could not be read", file=sys.stderr)
    model = model_of(asked)
    model.forget(frozenset(unread))
    code = _ask_and_report(arguments, made, model, asked, frozenset(unread))
    if model.pending:  # to resume is to ask for what is missing, and these have an answer, if one of no use
        print(f"regrade: regrade judge {made.folder} --again unparsed collects them", file=sys.stderr)
    return code


def _filters(arguments: argparse.Namespace) -> Any:
    from regrade.scoring.options import pipelines_from

    return pipelines_from(arguments.filters, [])


def report(found: JudgeRun, *, as_json: bool, filters: Any = None, gates: Sequence[str] = ()) -> int:
    """Score a judge's run, keep the scores in its folder, and print them with what the verdicts come to.

    Args:
        found: The run.
        as_json: Print JSON.
        filters: Pipelines to read the verdicts by, instead of the run's own; nothing is kept then.
        gates: What ``--fail-under`` says.

    Returns:
        The exit code.
    """
    from regrade.cli.score import gate, gate_missed
    from regrade.judging.summary import summarise, write_summary
    from regrade.reports.judging import judging_data, render_judging
    from regrade.reports.scores_folder import prepare, write
    from regrade.scoring.options import Options
    from regrade.scoring.score import score_paths

    scores = score_paths([found.folder], Options(keep=True, filters=filters))
    summary = summarise(found, filters=filters)
    if filters is None:
        folder = found.folder / "scores" / "default"
        prepare(folder, private=True)
        write_summary(summary, folder)
        write(scores, folder, private=True)
    if as_json:
        from regrade.reports.layout import encode

        layout = scores.to_dict()
        layout["judging"] = judging_data(summary)
        sys.stdout.write(encode(layout).decode() + "\n")
    else:
        print(f"{scores.summary()}\n\n{render_judging(summary)}")
    missed = [named for named in map(gate, gates) if gate_missed(named, scores)]
    for name, least in missed:
        print(f"regrade: gate missed: {name} is worse than {least}", file=sys.stderr)
    if missed:
        return Exit.GATE
    return max(int(scores.exit_code), Exit.DONE if summary.complete else Exit.INCOMPLETE)
