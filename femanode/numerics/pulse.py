"""Signs of life of the thread that computes, for whoever watches it from another.

A library's call that hangs gives none. Work between two of them, in Python, always comes to the next.
"""

from __future__ import annotations

#: Goes up; read by `beats`.
_count = [0]


def beat() -> None:
    """Something has begun or come back."""
    _count[0] += 1


def beats() -> int:
    """How many signs there have been: the same number twice says that one call was on all the time between."""
    return _count[0]
