"""Compilation of inner loops by numba, and sharing them between threads.

Compiled functions are kept on disk where that is possible. Loading numba takes half a second, so modules whose
functions are :func:`compiled` are imported only when they are needed.

Each has a counterpart in plain numpy for systems without numba, as neither alone will do. The loops run as plain Python
would take 4.6 s for the stiffness of 3,500 elements, against 38 ms in numpy and 1.6 ms compiled. The point law with its
forces takes 9 ms in numpy and 2.1 ms compiled, the sparsity pattern 106 and 19 ms, an advance of the front 23 and 8 ms
(one thread; a factorisation of that mesh takes 100 ms). What gains nothing is written in numpy alone: the sums into a
sparse matrix take 0.6 ms as they are and took 1.8 ms in a compiled loop.

The threads are Python's own: a compiled function releases the interpreter lock and works on one range of elements. No
two ranges write to the same place, so no number depends on how many threads there are.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from femanode.numerics.caches import refusal, scratch_cache, user_cache

Function = TypeVar("Function", bound=Callable[..., Any])

#: Environment variable; ``numpy`` keeps to the plain path even where numba is installed.
SWITCH = "FEMANODE_KERNELS"
#: Environment variables that bound the number of threads, the first that is set.
THREADS = ("FEMANODE_THREADS", "OMP_NUM_THREADS")


_log = logging.getLogger(__name__)


def available() -> bool:
    """Whether compiled loops can and shall be used."""
    return os.environ.get(SWITCH, "") != "numpy" and _loads()


@cache
def _loads() -> bool:
    """Whether numba is there and works; one that is there and does not is told once."""
    if importlib.util.find_spec("numba") is None:
        return False
    try:
        import numba
    except Exception as error:  # versions that do not fit, a library that is missing, a disk that is full
        said = (str(error).splitlines() or [type(error).__name__])[0]
        _log.warning("loops run in plain numpy, which is slower: numba does not load (%s)", said)
        return False
    config: Any = numba.config
    if config.DISABLE_JIT:
        _log.warning("loops run in plain numpy, which is slower: NUMBA_DISABLE_JIT is set")
        return False
    return True


@cache
def cache_folder() -> str | None:
    """Where compiled functions are kept: what numba is told, the user's cache, the temporary folder, or nowhere.

    What is not the first choice is told once. The package's own folder is not among them: what is kept there would be
    left after uninstalling.
    """
    told, user, scratch = os.environ.get("NUMBA_CACHE_DIR"), user_cache(), scratch_cache()
    places = [Path(told)] if told else [user / "femanode" / "compiled"] if user else []
    refused: list[str] = []
    for place in (*places, *([scratch / "compiled"] if scratch else [])):
        why = refusal(place)
        if not why:
            if refused or not places:
                _log.warning("compiled loops are kept in %s, as %s", place, "; ".join(refused) or "there is no home")
            return str(place)
        refused.append(f"{place} cannot be written ({why})")
    _log.warning("loops are compiled anew in every run, which takes some 10 s: %s; set NUMBA_CACHE_DIR to a folder "
                 "that can be written, or %s=numpy to do without", "; ".join(refused) or "there is no home", SWITCH)
    return None


@cache
def threads() -> int:
    """Threads to share compiled loops between: as told by :data:`THREADS`, otherwise one per processor, at most 8."""
    for name in THREADS:
        if os.environ.get(name, "").isdigit():
            return max(1, int(os.environ[name]))
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, usable)


@cache
def _pool(process: int, workers: int) -> ThreadPoolExecutor:
    """Threads besides the caller's own; ``process`` is an argument so that a forked process gets a pool of its own."""
    return ThreadPoolExecutor(workers, thread_name_prefix="femanode")


def share(function: Callable[..., Any], count: int, *arguments: Any, least: int = 512) -> None:
    """Call ``function(begin, end, *arguments)`` on consecutive ranges of 0..count, side by side.

    Parameters
    ----------
    least : int
        Below this many per thread it is not worth it.
    """
    parts = max(1, min(threads(), count // least))
    if parts == 1:
        function(0, count, *arguments)
        return
    ends = [count * i // parts for i in range(parts + 1)]
    pool = _pool(os.getpid(), threads() - 1)
    waiting = [pool.submit(function, ends[i], ends[i + 1], *arguments) for i in range(1, parts)]
    function(ends[0], ends[1], *arguments)
    for task in waiting:
        task.result()


def _compile(function: Function, *, fastmath: set[str]) -> Function:
    """Compile a function on first use, its code kept where that is possible."""
    import numba

    dispatcher: Any = numba.njit(function, nogil=True, error_model="numpy", fastmath=fastmath)
    folder = cache_folder()
    if folder is None:
        return dispatcher  # type: ignore[no-any-return]
    config: Any = numba.config
    before = config.CACHE_DIR
    try:
        config.CACHE_DIR = folder
        dispatcher.enable_caching()
        _forgive(dispatcher._cache)
    except (OSError, RuntimeError) as error:
        _tell_unkept(folder, str(error))
    finally:
        config.CACHE_DIR = before
    return dispatcher  # type: ignore[no-any-return]


def _forgive(kept: Any) -> None:
    """Have a function's cache do without its disk where that fails: the loops are compiled, and only not kept."""
    for name in ("load_overload", "save_overload"):
        method = getattr(kept, name)

        def forgiving(*arguments: Any, method: Callable[..., Any] = method) -> Any:
            try:
                return method(*arguments)
            except (OSError, EOFError, pickle.UnpicklingError) as error:
                _tell_unkept(str(kept.cache_path), str(error))
                return None

        setattr(kept, name, forgiving)


@cache
def _tell_unkept(folder: str, why: str) -> None:
    _log.warning("compiled loops are not kept in %s (%s)", folder, why)


def compiled(function: Function) -> Function:
    """Compile on first use; division by zero gives infinity as in numpy."""
    return _compile(function, fastmath={"contract"})


def vectorised(function: Function) -> Function:
    """Like :func:`compiled`, and sums may be reordered so that several numbers go at once."""
    return _compile(function, fastmath={"contract", "reassoc", "nsz"})


def readable(values: Any, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The values as a contiguous, read-only array of that shape.

    numba compiles a function anew for every combination of contiguous or not, writeable or not: this leaves one.
    """
    whole = np.ascontiguousarray(np.broadcast_to(np.asarray(values, dtype=np.float64), shape)).view()
    whole.flags.writeable = False
    return whole
