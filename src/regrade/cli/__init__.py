"""The command line: a door; it parses, calls a room, and prints.

``argparse``, because it costs 10 ms to import where the richer libraries cost 100 or more, and every command pays it.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from io import TextIOWrapper
from os import PathLike
from types import FrameType
from typing import Any, NoReturn

from regrade.atomic import protecting_inputs
from regrade.cli.arrow import leave_pandas_out
from regrade.cli.terminal import safe_output
from regrade.errors import Exit, InternalError, RegradeError, RegradeWarning, SystemCallError

#: Commands by name: the module that holds ``add_arguments`` and ``run``, and a line of help.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("regrade.cli.run", "ask a model every question of a card or task, and score the answers"),
    "resume": ("regrade.cli.resume", "ask for what a run lacks"),
    "runs": ("regrade.cli.runs", "list runs"),
    "score": ("regrade.cli.score", "score saved answers again"),
    "compare": ("regrade.cli.compare", "compare two runs, sample by sample"),
    "power": ("regrade.cli.power", "say what a number of samples can show, and how many a difference needs"),
    "judge": ("regrade.cli.judge", "have a judge look at the answers of runs"),
    "agree": ("regrade.cli.agree", "say how far judges agree with each other and with people"),
    "show": ("regrade.cli.show", "look at samples"),
    "export": ("regrade.cli.export", "write a run with its scores in the format of another tool"),
    "convert": ("regrade.cli.convert", "turn chat data of any format into OpenAI messages"),
    "detect": ("regrade.cli.detect", "say which chat format a file is of, and which rows do not fit"),
    "card": ("regrade.cli.card", "process, look at and check cards: evaluations as data"),
    "catalog": ("regrade.cli.catalog", "list and show the artifacts of catalogs, and what of them can be run"),
    "formats": ("regrade.cli.formats", "list the formats that can be read"),
    "explain": ("regrade.cli.explain", "say what an error's code means, and what to do about it"),
    "demo": ("regrade.cli.demo", "write the example logs into a folder, and say what to try on them"),
}


class Parser(argparse.ArgumentParser):
    """Errors as one line and a hint, with the exit code for wrong usage."""

    command: Parser | None = None
    """The parser of the command that was given."""

    def error(self, message: str) -> NoReturn:
        print(
            f"{self.prog}: {message} [usage]\n  {self._nearest(message)}{self.prog} --help lists the options",
            file=sys.stderr,
        )
        sys.exit(Exit.USAGE)

    def _nearest(self, message: str) -> str:
        """What a person may have meant, of options and choices."""
        import difflib
        import re

        choice = re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if choice:
            given, known = choice[1], re.findall(r"[\w.-]+", choice[2])
        else:
            option = re.search(r"unrecognized arguments:.*?(--[\w-]+)", message)
            given, known = option[1] if option else "", list(self._option_string_actions)
        near = difflib.get_close_matches(given, known, n=1) if given else []
        return f"did you mean {near[0]}? " if near else ""


def parser(command: str | None = None) -> Parser:
    """The parser; only ``command``'s own module is imported, all of them if None is given but asked for by docs."""
    top = Parser(
        prog="regrade",
        description="Keep every word a model said; score it again, any way, in seconds.",
        epilog="regrade COMMAND --help says more about a command.",
    )
    top.add_argument("--version", action="store_true", help="print the version")
    top.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for name, (module, help_text) in COMMANDS.items():
        sub = commands.add_parser(name, help=help_text, add_help=True)
        if name == command:
            import_module(module).add_arguments(sub)
            top.command = sub
            add_common(sub)
    return top


def add_common(parser: argparse.ArgumentParser) -> None:
    """What every command takes; plugins only where something is done, not where a command of its own is to follow."""
    parser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    if not any(isinstance(action, argparse._SubParsersAction) for action in parser._actions):
        parser.add_argument(
            "--plugin",
            action="append",
            default=[],
            metavar="FILE.py",
            help="load the plugins of this Python file: metrics, filters, readers, models, ... (repeatable)",
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit code: see :class:`regrade.errors.Exit`.
    """
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        _write_utf8(stream)
    with safe_output():
        return _main(list(sys.argv[1:] if arguments is None else arguments))


def _main(given: list[str]) -> int:
    command = next((word for word in given if not word.startswith("-")), None)
    top = parser(command if command in COMMANDS else None)
    try:
        options, unknown = top.parse_known_args(given)
        if unknown:
            (top.command or top).error(f"unrecognized arguments: {' '.join(unknown)}")
    except SystemExit as stop:
        return int(stop.code or 0)
    if options.version:
        from regrade import __version__

        print(f"regrade {__version__}")
        return Exit.DONE
    if options.command is None:
        top.print_help()
        return Exit.DONE
    leave_pandas_out()
    usual = gc.get_threshold()
    gc.set_threshold(50_000, 20, 50)  # rows are trees, which need no collector; by default it takes a tenth of the time
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)
    usual_warning = warnings.showwarning
    warnings.showwarning = partial(_show_warning, usual_warning)
    try:
        with protecting_inputs(*_named_files(options)):
            return _run(options)
    except KeyboardInterrupt as stop:
        terminated = isinstance(stop, _Terminated)
        what = "terminated" if terminated else "interrupted"
        notes = getattr(stop, "__notes__", ["nothing half-done was left behind"])
        print(f"regrade: {what}; {notes[0]}", file=sys.stderr)
        return 143 if terminated else 130
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    finally:
        gc.set_threshold(*usual)
        warnings.showwarning = usual_warning
        if signal.getsignal(signal.SIGTERM) is _terminate:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _open_closed_streams() -> None:
    """Have standard streams that the caller closed (``>&-``, as some daemons do) lead nowhere.

    Python has None in their place. Their numbers are free, and the null device takes them, lowest first: else the next
    file to be opened would, which may be a journal, and with the number whatever a library in C prints.
    """
    from pathlib import Path

    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - open as long as the process
            setattr(sys, name, nowhere)


def _write_utf8(stream: object) -> None:
    """Have a file or pipe take UTF-8, whatever the locale: what is JSON must be; a terminal keeps its encoding.

    What cannot be encoded (a terminal has no letter for it, half a surrogate pair) is written as an escape.
    """
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding=stream.encoding if stream.isatty() else "utf-8", errors="backslashreplace")


_OUTPUTS = frozenset(("out", "output", "radar"))
"""Options that name what is written."""


def _named_files(options: argparse.Namespace) -> list[str | PathLike[str]]:
    """Whatever on the command line may be the name of a file to be read."""
    named: list[str | PathLike[str]] = []
    for option, value in vars(options).items():
        if option not in _OUTPUTS:
            named += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str | PathLike)]
    return named


def _run(options: argparse.Namespace) -> int:
    """Run the command; an error is one line and a hint, with ``--debug`` or REGRADE_DEBUG its traceback."""
    debug = options.debug or bool(os.environ.get("REGRADE_DEBUG"))
    try:
        if options.plugin:
            from regrade.plugin_files import load_plugin

            for path in options.plugin:
                load_plugin(path)
        code = import_module(COMMANDS[options.command][0]).run(options)
        sys.stdout.flush()
        return int(code)
    except BrokenPipeError:
        raise
    except RegradeError as error:
        if debug:
            raise
        error.where = getattr(error, "option", None) or error.where
        return _report(error)
    except OSError as error:
        if debug:
            raise
        return _report(SystemCallError(error.strerror or str(error), where=str(error.filename or "operating system")))
    except Exception as error:
        if debug:
            raise
        return _report(_internal(error))


def _report(error: RegradeError) -> int:
    """Print an error with its code, which ``regrade explain`` explains; returns the exit code."""
    print(f"regrade: {error.with_code()}", file=sys.stderr)
    return int(error.exit_code)


def _internal(error: Exception) -> InternalError:
    """What is to be reported of a mistake of ours."""
    from regrade import __version__

    frame, line = next(reversed([*traceback_frames(error)]), (None, 0))
    place = f" at {frame.f_globals.get('__name__')}:{line}" if frame is not None else ""
    what = f"{type(error).__name__}: {error}".partition("\n")[0]
    return InternalError(
        f"{what[:300]}{place}",
        where="internal error",
        hint=f"this is a fault of regrade {__version__}: please report this line and the command; "
        "REGRADE_DEBUG=1 prints the traceback",
    )


def traceback_frames(error: Exception) -> Iterator[tuple[FrameType, int]]:
    """The frames of our own code that an exception came through, the outermost first."""
    trace = error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__", "")).startswith("regrade"):
            yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def _show_warning(
    usual: Callable[..., None], message: Warning | str, category: type[Warning], *place: Any, **more: Any
) -> None:
    """Print a warning of ours as one line; others as Python does."""
    if not issubclass(category, RegradeWarning):
        usual(message, category, *place, **more)
        return
    from regrade.reports.text import printable

    print(f"regrade: {printable(str(message))}", file=sys.stderr)


class _Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM): it tidies up as it does for Ctrl-C."""


def _terminate(*_: object) -> None:
    raise _Terminated
