"""Errors a user can meet: where, what was found, what is allowed, what to do.

Each class carries the exit code the command line returns for it.
"""

from __future__ import annotations

from pathlib import Path

#: Options of the commands, as messages name them, and the arguments that they are in Python.
_ARGUMENTS = (("another folder with -o", "another folder as out"), ("beside --scheduler", "beside scheduler"),
              ("--extrapolate tells", "femanode.study.extrapolate tells"), ("--overwrite", "overwrite=True"),
              ("--resume", "resume=True"), ("--retry", "retry=True"), ("--set", "overrides"),
              ("--scheduler", "scheduler"), ("--workers", "workers"), ("--field", "field"), ("--at", "at"),
              ("--x", "x"), ("--y", "y"))


def one_line(text: str) -> str:
    """Text that stays one line and that a terminal shows instead of acting upon it.

    Files may hold anything, and messages quote them: ends of lines become blanks, other characters that cannot be
    printed are written as in a string of Python.

    Examples
    --------
    >>> one_line("129 nm\\x1b[2J")
    '129 nm\\\\x1b[2J'
    """
    return "".join(c if c.isprintable() else " " if c == "\n" else c.encode("unicode_escape").decode() for c in text)


class FemanodeError(Exception):
    """Base of all errors that femanode raises on purpose.

    Its text names arguments of Python, `for_command` the options of the command line.
    """

    exit_code = 1

    def __init__(self, text: str = "") -> None:
        super().__init__(one_line(text))

    @property
    def for_command(self) -> str:
        """The text as the command line prints it."""
        return super().__str__()

    def __str__(self) -> str:
        text = super().__str__()
        for option, argument in _ARGUMENTS:
            text = text.replace(option, argument)
        return text


class ConfigError(FemanodeError):
    """The user's input is wrong; nothing has been computed.

    Parameters
    ----------
    found : str
        What was found, in one clause.
    where : str, optional
        File, line and key path, e.g. ``case.yaml:12: geometry.diameter``.
    allowed : str, optional
        What would have been accepted.
    hint : str, optional
        What to do about it.
    """

    exit_code = 2

    def __init__(self, found: str, *, where: str = "", allowed: str = "", hint: str = "") -> None:
        self.found, self.where, self.allowed, self.hint = found, where, allowed, hint
        parts = [f"{where}: {found}" if where else found]
        if allowed:
            parts.append(f"allowed: {allowed}")
        if hint:
            parts.append(hint)
        super().__init__("; ".join(parts))


class MeshError(ConfigError):
    """A mesh (generated or read from file) cannot be used."""


class DiskError(FemanodeError):
    """A disk does not take a file, or does not give it back.

    Parameters
    ----------
    found : str
        Why, in one clause.
    where : str, optional
        The file or folder.
    kept : str, optional
        What is safe and where it is, or that nothing is. Given where computing had begun: the exit code is then 3.
    hint : str, optional
        What to do about it.
    """

    exit_code = 2

    def __init__(self, found: str, *, where: str = "", kept: str = "", hint: str = "") -> None:
        self.found, self.where, self.kept, self.hint = found, where, kept, hint
        if kept:
            self.exit_code = 3
        super().__init__("; ".join(filter(None, (f"{where}: {found}" if where else found, kept, hint))))


class ConvergenceError(FemanodeError):
    """The solver could not go on; the last good state has been saved.

    Parameters
    ----------
    message : str
        Quantity that stopped the run, with time, step and norms.
    state_path : Path or None
        Where the last good state is.
    """

    exit_code = 3

    def __init__(self, message: str, state_path: Path | None = None) -> None:
        self.state_path = state_path
        tail = f"; last good state: {state_path}" if state_path else ""
        super().__init__(message + tail)


class OutOfMemory(FemanodeError, MemoryError):
    """The system gives no more memory; the last good state has been saved where that was possible.

    Parameters
    ----------
    message : str
        When it happened, and what the system says.
    kept : str
        What is safe and where it is.
    """

    exit_code = 3

    def __init__(self, message: str, kept: str) -> None:
        super().__init__(f"{message}; {kept}; close other programs, or use a coarser mesh, then go on with --resume")
