"""``explain``: what an error's code means, and what to do about it."""

from __future__ import annotations

from importlib import import_module
from inspect import cleandoc

import msgspec

from regrade.errors import RegradeError, UsageError

#: The modules that define errors; a test finds others.
MODULES = (
    "regrade.access",
    "regrade.artifacts.artifact",
    "regrade.chat.row_error",
    "regrade.errors",
    "regrade.models.asking",
    "regrade.scoring.selection",
)


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of error.

    Attributes:
        code: Its stable name, which the command line prints behind a message.
        meaning: What has happened.
        mend: What to do about it.
        exit_code: What the command line ends with.
        error: The class to catch in Python; empty where an error has it by what it says (``wrong-value``).
    """

    code: str
    meaning: str
    mend: str
    exit_code: int
    error: str

    def __str__(self) -> str:
        return f"{self.code}: {self.meaning}\n  {self.mend}\n  exit code {self.exit_code}; in Python {self.error}"


def explanations() -> list[Explanation]:
    """Every kind of error, in order of the codes."""
    from regrade.artifacts.artifact import ARTIFACT_CODES, ArtifactError

    for module in MODULES:
        import_module(module)
    found = [
        Explanation(
            code=cls.code,
            meaning=_meaning(cls),
            mend=cls.mend,
            exit_code=int(cls.exit_code),
            error=f"{cls.__module__}.{cls.__qualname__}",
        )
        for cls in _classes(RegradeError)
    ]
    artifact = next(each for each in found if each.code == ArtifactError.code)
    found += [
        msgspec.structs.replace(artifact, code=code, meaning=meaning, mend=mend)
        for code, (meaning, mend) in ARTIFACT_CODES.items()
    ]
    return sorted(found, key=lambda each: each.code)


def explain(code: str) -> Explanation:
    """What an error's code means.

    Args:
        code: As it stands behind the message, without or with brackets: ``input``, ``[input]``.

    Raises:
        UsageError: there is no such code.
    """
    import difflib

    known = {each.code: each for each in explanations()}
    name = code.strip("[] ")
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "regrade explain lists the codes"
    raise UsageError(f"there is no error with the code {code!r}", hint=hint)


def _classes(cls: type[RegradeError]) -> list[type[RegradeError]]:
    """The class and all below it that have a code of their own and are public, of this package."""
    own = [cls] if "code" in vars(cls) and cls.__module__.startswith("regrade.") else []
    return own + [each for child in cls.__subclasses__() for each in _classes(child)]


def _meaning(cls: type[RegradeError]) -> str:
    return " ".join(cleandoc(cls.__doc__ or "").partition("\n\n")[0].split())
