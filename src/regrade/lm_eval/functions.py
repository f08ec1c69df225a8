"""Python functions that recipes name: which may run, and how they are run.

A function of an installed package's tasks may run; one of a loose file only with trust; source text that a results file
quotes never. Functions run as lm-evaluation-harness runs them, with three differences, so that a score depends on the
answers alone:

* **No network.** While a module is imported and while its functions run, connections of that thread fail (loopback
  excepted). What a function would fetch, it needs, and that is said by name.
* **No chance.** Where a module's sources mention ``random``, the global generators of ``random`` and ``numpy.random``
  are seeded before each call from the call's own arguments, and put back afterwards; ``langdetect`` is seeded with 0.
* **No weight.** A task's module imports ``lm_eval.tasks.<task>``, and so the package that loads the harness, pandas and
  datasets, seconds of work. The packages ``lm_eval`` and ``lm_eval.tasks`` are put in place unexecuted, and execute on
  the first use of anything they define themselves.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import io
import re
import site
import socket
import sys
import sysconfig
import threading
import types
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from regrade import extras
from regrade.access import Access
from regrade.errors import UnavailableError
from regrade.lm_eval.inspection import inspect_function
from regrade.schema import FunctionRef

INSTALL_HINT = f"install the harness and what its tasks need: {extras.install_command('lm_eval')}"

_RANDOM = re.compile(rb"\brandom\b")
_NUMPY_RANDOM = re.compile(rb"\b(?:np|numpy)\.random\b")


# -- which functions may run -------------------------------------------------------------------------------------------


@functools.cache
def package_root(package: str = "lm_eval") -> Path | None:
    """The directory of an installed package, found without importing it; None if it is not installed."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        origin = getattr(sys.modules.get(package), "__path__", None)
        return Path(origin[0]).resolve() if origin else None
    return Path(next(iter(spec.submodule_search_locations))).resolve()


@functools.cache
def _install_directories() -> tuple[Path, ...]:
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()}
    with contextlib.suppress(Exception):
        paths.add(site.getusersitepackages())
    return tuple(Path(path).resolve() for path in paths if path)


def in_harness(path: str | Path) -> bool:
    """Whether a file belongs to the installed lm-evaluation-harness."""
    root = package_root()
    return root is not None and Path(path).resolve().is_relative_to(root)


def in_package(path: str | Path) -> bool:
    """Whether a file belongs to the installed harness or to any other installed distribution."""
    return in_harness(path) or in_install_directory(path)


def in_install_directory(path: str | Path) -> bool:
    """Whether a file lies where distributions are installed (an editable install does not)."""
    resolved = Path(path).resolve()
    return any(resolved.is_relative_to(directory) for directory in _install_directories())


def resolve(ref: FunctionRef, trust_code: bool = False) -> Callable[..., Any]:
    """Find the function that a reference names, ready to be called.

    Args:
        ref: The reference. Its ``origin`` is checked, not believed.
        trust_code: Whether functions of loose files may run.

    Returns:
        The function, guarded as this module's head describes; a class is returned as it is.

    Raises:
        UnavailableError: it may not run, cannot be imported, or needs code execution, a model, a hub, a dataset or the
            network; the message says which and why. The function raises it too, where a call turns out to need such.
    """
    if ref.origin == "quoted" or ref.file is None:
        raise UnavailableError(
            f"function {ref.name!r} is only quoted in the results file, and quoted code never runs",
            hint="pass --task NAME (from an installed lm-eval) or --task FILE --trust-code",
        )
    path = Path(ref.file).resolve()
    trusted = ref.origin == "package" and in_package(path)
    Access(trust_code=trust_code).function(path, packaged=trusted, name=ref.name)
    if not path.is_file():
        raise UnavailableError(f"the file of function {ref.name!r} does not exist", where=str(path))
    if trusted:
        _refuse(ref, path)
    module = _import(path)
    found: Any = module
    for part in ref.name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise UnavailableError(f"no function {ref.name!r} is defined", where=str(path)) from None
    if isinstance(found, type):
        return functools.partial(found, **ref.partial) if ref.partial else found
    if not callable(found):
        raise UnavailableError(f"{ref.name!r} is no function", where=str(path))
    function = functools.partial(found, **ref.partial) if ref.partial else found
    return _guard(function, ref.name, path)


def _refuse(ref: FunctionRef, path: Path) -> None:
    """Refuse a function of a package that needs more than a document and an answer, as far as reading it tells."""
    for finding in inspect_function(path, ref.name, package_root()):
        if finding.need != "the network":  # fetching something at import is often optional: let it try, and fail
            raise UnavailableError(
                f"function {ref.name!r} needs {finding.need}: {finding.what}",
                where=f"{finding.file}:{finding.line}",
            )


# -- importing its module ----------------------------------------------------------------------------------------------


class _Deferred(types.ModuleType):
    """A package in place but unexecuted: its submodules can be imported; the first use of its own names executes it."""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        machinery = name.startswith("__") and name not in ("__all__", "__version__")
        if machinery or spec is None or spec.loader is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        self.__class__ = types.ModuleType  # type: ignore[assignment]
        spec.loader.exec_module(self)
        return getattr(self, name)


def _defer(*packages: str) -> None:
    for package in packages:
        if package not in sys.modules:
            spec = importlib.util.find_spec(package)
            if spec is not None and spec.loader is not None:
                module = _Deferred(package)
                module.__spec__, module.__loader__ = spec, spec.loader
                module.__file__, module.__package__ = spec.origin, package
                module.__path__ = list(spec.submodule_search_locations or [])
                sys.modules[package] = module
                parent, _, child = package.rpartition(".")
                if parent:
                    setattr(sys.modules[parent], child, module)


def _module_name(path: Path) -> str:
    """The module's own name in its package; a made-up one, unique to the file, for a loose file."""
    for base in [root.parent for root in [package_root()] if root] + list(_install_directories()):
        if path.is_relative_to(base):
            return ".".join(path.relative_to(base).with_suffix("").parts)
    folder = hashlib.sha256(str(path.parent).encode()).hexdigest()[:12]
    return f"_regrade_task_{folder}.{path.stem}"


def _import(path: Path) -> types.ModuleType:
    """Import a Python file without touching ``sys.path``; modules beside it can be had by ``from . import``."""
    name = _module_name(path)
    known = sys.modules.get(name)
    if known is not None and Path(getattr(known, "__file__", None) or "").resolve() == path:
        return known
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UnavailableError("this is no Python file", where=str(path))
    parent = name.rpartition(".")[0]
    if package_root() is not None:
        _defer("lm_eval", "lm_eval.tasks")
    if parent.startswith("_regrade_task_") and parent not in sys.modules:
        package = types.ModuleType(parent)
        package.__path__ = [str(path.parent)]
        sys.modules[parent] = package
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    chatter = io.StringIO()
    try:
        with (
            _offline(),
            warnings.catch_warnings(),
            contextlib.redirect_stdout(chatter),
            contextlib.redirect_stderr(chatter),
        ):
            warnings.simplefilter("ignore")
            spec.loader.exec_module(module)
    except BaseException as error:
        sys.modules.pop(name, None)
        if isinstance(error, Exception | SystemExit):
            raise _cannot_import(path, error) from error
        raise
    _spare_resampling()
    return module


def _spare_resampling() -> None:
    """Let ``rouge_score`` not resample a single score a thousand times, to the same end: the score itself.

    Tasks that score one answer at a time (truthfulqa_gen) spend all their time on that.
    """
    scoring = sys.modules.get("rouge_score.scoring")
    aggregator = getattr(scoring, "BootstrapAggregator", None)
    resample = getattr(aggregator, "_bootstrap_resample", None)
    if aggregator is None or resample is None or hasattr(resample, "__wrapped__"):
        return

    @functools.wraps(resample)
    def spared(self: Any, matrix: Any) -> Any:
        return matrix.repeat(3, axis=0) if len(matrix) == 1 else resample(self, matrix)

    aggregator._bootstrap_resample = spared


def _cannot_import(path: Path, error: BaseException) -> UnavailableError:
    text = f"{type(error).__name__}: {error}"
    chain = list(_chain(error))
    for cause in chain:
        if isinstance(cause, NoNetworkError):
            return UnavailableError(f"importing it needs the network ({cause})", where=str(path))
    for cause in chain:
        if isinstance(cause, ImportError) and cause.name:
            return UnavailableError(
                f"importing it needs the module {cause.name!r} ({text})", where=str(path), hint=INSTALL_HINT
            )
    return UnavailableError(f"importing it fails: {text}", where=str(path))


# -- calling it --------------------------------------------------------------------------------------------------------


def _guard(function: Callable[..., Any], name: str, path: Path) -> Callable[..., Any]:
    draws, numpy_draws = _draws(path)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        _seed_langdetect()
        try:
            with _offline(), _seeded(args, draws, numpy_draws):
                return function(*args, **kwargs)
        except Exception as error:
            reason = _missing(error)
            if reason is None:
                raise
            raise UnavailableError(f"function {name!r} needs {reason}", where=str(path), hint=_hint(error)) from error

    return call


def _missing(error: Exception) -> str | None:
    """What a call failed for want of; None where it failed for another reason."""
    for cause in _chain(error):
        if isinstance(cause, NoNetworkError):
            return f"the network ({cause})"
    if isinstance(error, ImportError):
        return f"the module {error.name!r}" if error.name else f"a module ({error})"
    if resource := _nltk_resource(error):
        return f"the NLTK data {resource!r}"
    return None


def _hint(error: Exception) -> str | None:
    if resource := _nltk_resource(error):
        return f"python -m nltk.downloader {resource}"
    return INSTALL_HINT if isinstance(error, ImportError) else None


def _nltk_resource(error: Exception) -> str | None:
    match = re.search(r"nltk\.download\('([\w-]+)'\)", str(error)) if isinstance(error, LookupError) else None
    return match[1] if match else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and those that led to it."""
    seen: set[int] = set()
    current: Any = error
    while isinstance(current, BaseException) and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__ or getattr(current, "reason", None)


# -- chance ------------------------------------------------------------------------------------------------------------


@functools.cache
def _draws(path: Path) -> tuple[bool, bool]:
    """Whether a module, or one beside it that may serve it, uses ``random`` and ``numpy.random``."""
    sources = []
    for beside in sorted(path.parent.glob("*.py")):
        with contextlib.suppress(OSError):
            sources.append(beside.read_bytes())
    return any(map(_RANDOM.search, sources)), any(map(_NUMPY_RANDOM.search, sources))


def _seed_langdetect() -> None:
    langdetect = sys.modules.get("langdetect")
    factory = getattr(langdetect, "DetectorFactory", None)
    if factory is not None and factory.seed is None:
        factory.seed = 0


@contextlib.contextmanager
def _seeded(args: tuple[Any, ...], draws: bool, numpy_draws: bool) -> Iterator[None]:
    if not draws:
        yield
        return
    import random

    seed = zlib.crc32(repr(args).encode("utf-8", "surrogatepass"))
    state = random.getstate()
    random.seed(seed)
    numpy_state: Any = None
    if numpy_draws:
        import numpy

        numpy_state = numpy.random.get_state()
        numpy.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
        if numpy_draws:
            numpy.random.set_state(numpy_state)


# -- the network -------------------------------------------------------------------------------------------------------


class NoNetworkError(OSError):
    """A scoring function tried to reach the network."""


_closed = threading.local()
_watching = False
_LOOPBACK = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+|::1)\Z")


@contextlib.contextmanager
def _offline() -> Iterator[None]:
    """Close the network to this thread."""
    _watch()
    _closed.depth = getattr(_closed, "depth", 0) + 1
    try:
        yield
    finally:
        _closed.depth -= 1


def _watch() -> None:
    """Let connections and look-ups ask first whether the network is closed to their thread; done once per process."""
    global _watching
    if _watching:
        return
    _watching = True
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(host: Any) -> None:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        if getattr(_closed, "depth", 0) and host is not None and not _LOOPBACK.match(name):
            raise NoNetworkError(f"it wanted to reach {name}, and scoring does not use the network")

    @functools.wraps(connect)
    def guarded_connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple):
            check(address[0])
        connect(self, address)

    @functools.wraps(connect_ex)
    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if isinstance(address, tuple):
            check(address[0])
        return connect_ex(self, address)

    @functools.wraps(getaddrinfo)
    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        check(host)
        return getaddrinfo(host, *args, **kwargs)

    socket.socket.connect = guarded_connect  # type: ignore[assignment,method-assign]
    socket.socket.connect_ex = guarded_connect_ex  # type: ignore[assignment,method-assign]
    socket.getaddrinfo = guarded_getaddrinfo
