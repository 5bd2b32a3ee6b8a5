"""The command line: what is typed in a terminal, and what is said there."""

from __future__ import annotations

from femanode.cli.commands import app, main

__all__ = ["app", "main"]
