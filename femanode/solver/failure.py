"""Why a step cannot be made as it was tried."""

from __future__ import annotations


class StepFailed(RuntimeError):
    """A step leads nowhere: it is too long, or asks for what the section cannot give. The message says which."""
