"""Dask as the engine: an in-process cluster by default, a running one by its address.

Cases run in processes of their own (see supervisor), so the local cluster needs threads only: it opens no port and
starts within a tenth of a second.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from femanode.errors import ConfigError
from femanode.output.disk import scratch_folder
from femanode.study.execution.limits import Tell
from femanode.study.execution.supervisor import Interrupted, close_slots, open_slots, perform

if TYPE_CHECKING:
    from distributed import Client as Client
    from distributed import Future

Answers = Generator[tuple[Mapping[str, Any], dict[str, Any] | BaseException]]
Perform = Callable[[Mapping[str, Any], Tell], dict[str, Any]]

TOPIC = "femanode-case"
#: What Dask keeps for those who look into a cluster: of its thousands of last events each holds a whole case, and its
#: profiler looks at every thread a hundred times a second. Nobody looks into ours.
_UNWATCHED = {"distributed.admin.low-level-log-length": 50, "distributed.admin.log-length": 50,
              "distributed.diagnostics.computations.max-history": 1, "distributed.worker.profile.enabled": False,
              "distributed.admin.system-monitor.log-length": 10}
_NOTHING = logging.CRITICAL + 1
#: Seconds to wait for a scheduler; and how many times a case interrupted with its worker is given to another one.
CONNECT, RETRIES = 20, 3


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def connect(scheduler: str | None, workers: int) -> Iterator[Client]:
    """A Dask client: of a cluster in this process with `workers` slots, or of the running `scheduler`.

    Raises
    ------
    ConfigError
        No scheduler answers at the address.
    """
    from dask import config
    from distributed import Client, LocalCluster

    logging.getLogger("distributed").setLevel(logging.WARNING)
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=CONNECT)
        except (OSError, ValueError, TimeoutError) as error:
            raise ConfigError(f"no scheduler answers at {scheduler!r} ({_first_line(error)})", where="--scheduler",
                              allowed="tcp://host:port of a running Dask scheduler") from None
        with client:
            yield client
        return
    open_slots()
    talk = logging.getLogger("distributed"), logging.getLogger("tornado.application"), logging.getLogger("asyncio")
    # Dask always opens its status page: here only for this machine, on a free port. No memory limit of Dask's own,
    # which would measure this process instead of the cases'.
    with _levels(talk, _NOTHING), config.set(_UNWATCHED), scratch_folder() as scratch, LocalCluster(
            n_workers=1, threads_per_worker=workers, processes=False, memory_limit=None, local_directory=str(scratch),
            dashboard_address="127.0.0.1:0", worker_dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False}) as cluster, Client(cluster) as client:
        try:
            with _levels(talk, logging.WARNING):
                yield client
        finally:
            close_slots()


@contextmanager
def _levels(loggers: Iterable[logging.Logger], level: int) -> Iterator[None]:
    """Context in which loggers have a level; Dask's threads report of an interruption what is none of the user's."""
    before = [(logger, logger.level) for logger in loggers]
    for logger, _ in before:
        logger.setLevel(level)
    try:
        yield
    finally:
        for logger, was in before:
            logger.setLevel(was)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def case_task(job: Mapping[str, Any], performer: Perform | None) -> dict[str, Any]:
    """One case on a Dask worker; what it tells goes to the scheduler's log of events."""
    from distributed import get_worker

    worker = get_worker()
    return (performer or perform)(job, lambda event: worker.log_event(TOPIC, event))


def collect(client: Client, jobs: Iterable[Mapping[str, Any]], tell: Tell,
            performer: Perform | None = None) -> Answers:
    """Run `jobs` on the cluster; each with its answer, or the exception that took its place, as they end.

    Only as many are handed over as keep the workers busy, so that a long sweep costs the scheduler no memory. A job
    whose worker dies is given to another by Dask; the case itself keeps two from working on it at once.
    """
    from distributed import as_completed

    client.subscribe_topic(TOPIC, lambda event: tell(event[1]))
    pending: dict[str, tuple[Future, Mapping[str, Any]]] = {}
    queue = iter(jobs)
    done = as_completed([], raise_errors=False)

    def hand_over() -> None:
        slots = sum(client.nthreads().values())
        while len(pending) < 2 * slots + 8:
            job = next(queue, None)
            if job is None:
                return
            future = client.submit(case_task, job, performer, key=_key(job), retries=RETRIES, pure=False)
            pending[future.key] = future, job
            done.add(future)

    try:
        hand_over()
        while pending:
            future, job = pending.pop(next(done).key)
            answer = _answer(future)
            future.release()
            hand_over()
            yield job, answer
    finally:
        client.cancel([future for future, _ in pending.values()])
        client.unsubscribe_topic(TOPIC)


def _answer(future: Future) -> dict[str, Any] | BaseException:
    error = future.exception() if future.status in ("error", "cancelled", "lost") else None
    if error is not None:
        return error
    return Interrupted("cancelled") if future.status != "finished" else future.result()


def _key(job: Mapping[str, Any]) -> str:
    """Dask's name of a job: two sweeps that ask one cluster for the same case in the same folder share it."""
    place = hashlib.sha256(f"{job['folder']} {job['results']}".encode()).hexdigest()[:12]
    return f"femanode-{job['hash']}-{place}"
