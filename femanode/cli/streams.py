"""Standard streams that outlast their reader: a closed pipe, a terminal that is gone, a disk that is full."""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
from contextlib import suppress
from typing import Any

from femanode.errors import one_line

#: The reader has left, which is its right; what else goes wrong with a stream is worth a word.
_LEFT = (errno.EPIPE, errno.EBADF, errno.EIO)

#: What a stream could not take, by descriptor.
lost: dict[int, str] = {}


class OneLine(logging.Formatter):
    """Writes warnings as errors are written: one line, in which nothing that a file holds acts upon the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; a traceback, where there is one, keeps its own."""
        said = one_line(record.getMessage())
        return super().format(logging.makeLogRecord({**record.__dict__, "msg": said, "args": None}))


class _Lasting(io.FileIO):
    """A descriptor that becomes the null device at the first write it refuses."""

    def write(self, data: Any, /) -> int:
        """Write, or lose it."""
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _LEFT:
                lost[self.fileno()] = error.strerror or str(error)
            _to_nowhere(self.fileno())
            return memoryview(data).nbytes


def _to_nowhere(descriptor: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    if null != descriptor:
        os.dup2(null, descriptor)
        os.close(null)


def make_lasting() -> None:
    """Have output go on whatever becomes of its reader; a stream that is closed from the beginning goes nowhere.

    A descriptor that is closed is filled first: the next file opened would get its number, and with it what libraries
    print.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            _to_nowhere(descriptor)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(descriptor, "w", encoding="utf-8", errors="replace", closefd=False))  # noqa: SIM115
            continue
        with suppress(OSError, ValueError, AttributeError):  # not a file, as in a notebook or a test
            if stream.fileno() != descriptor:
                continue
            stream.flush()
            raw = io.BufferedWriter(_Lasting(descriptor, "w", closefd=False))
            setattr(sys, name, io.TextIOWrapper(raw, encoding=stream.encoding, errors=stream.errors,
                                                line_buffering=stream.line_buffering or descriptor == 2))
