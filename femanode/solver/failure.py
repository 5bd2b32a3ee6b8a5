"""The error that a failed step raises."""

from __future__ import annotations


class StepFailed(RuntimeError):
    """A step has no solution: it is too long, or the section cannot take what is applied. The message says which."""
