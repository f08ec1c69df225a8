"""Random generators seeded by content: the same row gets the same draw, wherever it stands and whatever ran before.

The scheme is Unitxt's (1.26.10, ``random_utils.py``), so that draws which depend on content alone equal its own:
``random.Random("42/" + sub seed)``, where a text is its own sub seed, a number the text of its hash, and anything else
the first 32 bits of the MD5 of its ``str()``.
"""

from __future__ import annotations

from random import Random
from typing import Any, Final

SEED: Final = 42
"""The seed that all others derive from; Unitxt's default."""


def random_of(content: Any, *, seed: int = SEED) -> Random:
    """A random generator that depends on ``content`` (and ``seed``) only.

    >>> random_of("train").random() == random_of("train").random()
    True

    Args:
        content: Anything whose ``str()`` says what it is: a text, a number, a dict of lists.
        seed: What all sub seeds derive from.
    """
    if isinstance(content, str):
        sub_seed: str = str(content)
    elif isinstance(content, int | float):
        sub_seed = str(hash(content))
    else:  # hashes of tuples of texts differ between processes, so they are no seeds
        import hashlib

        digest = hashlib.md5(str(content).encode(), usedforsecurity=False).hexdigest()
        sub_seed = str(int(digest[:8], 16))
    return Random(f"{seed}/{sub_seed}")
