"""Signals wait until nothing is half done; the second one does not."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from femanode.numerics.pulse import beat
from femanode.simulation import interruption, watchdog
from femanode.simulation.interruption import handlers, interruptible, undisturbed


def test_work_is_abandoned_at_once() -> None:
    after = []

    def work() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        after.append("work went on")

    with pytest.raises(KeyboardInterrupt), interruptible(work) as abandonable:
        abandonable()
    assert not after


def test_between_two_pieces_of_work_a_signal_waits() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), interruptible(lambda: done.append("work")) as abandonable:
        abandonable()
        os.kill(os.getpid(), signal.SIGINT)
        done.append("record")
        abandonable()
    assert done == ["work", "record"]


def test_work_that_gives_signs_of_life_may_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "TICK", 0.02)
    ended = []
    monkeypatch.setattr(watchdog.os, "_exit", ended.append)

    def work(alive: bool) -> None:
        for _ in range(50):
            time.sleep(0.02)
            if alive:
                beat()

    for alive in (True, False):
        with interruptible(work, lambda why: why, longest=0.2) as watched:
            watched(alive)
            for _ in range(3):  # nor does what is not watched count
                time.sleep(0.2)
        assert ended[:1] == ([] if alive else [3])


def test_after_the_last_work_it_comes_at_the_end() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), interruptible(lambda: None):
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("record")
    assert done == ["record"]


def test_the_second_signal_meets_the_handlers_of_before() -> None:
    met = []
    old = signal.signal(signal.SIGTERM, lambda number, frame: met.append(number))
    try:
        with pytest.raises(KeyboardInterrupt), interruptible(lambda: None):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
            assert met == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, old)


def test_an_error_of_the_work_passes_and_the_handlers_are_back() -> None:
    before = signal.getsignal(signal.SIGINT)

    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), interruptible(fails) as abandonable:
        assert signal.getsignal(signal.SIGINT) is not before
        abandonable()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_thread_of_its_own_has_no_handlers() -> None:
    got = []

    def body() -> None:
        with interruptible(len) as abandonable:
            got.append(abandonable("four"))

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert got == [4]


def test_a_terminal_that_is_gone_is_told_twice_and_the_second_changes_nothing() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), interruptible(lambda: None):
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        done.append("recorded")
    assert done == ["recorded"]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_what_is_being_saved_is_saved(number: signal.Signals) -> None:
    met: list[int] = []
    old = signal.signal(number, lambda number, frame: met.append(number))
    try:
        with undisturbed():
            os.kill(os.getpid(), number)
        assert met == []
        os.kill(os.getpid(), number)
        assert met == [number]
    finally:
        signal.signal(number, old)


def test_a_signal_waits_for_what_is_being_saved_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        with undisturbed() as came:
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)
        assert came == [number, number]
        monkeypatch.setattr(interruption, "GRACE", 0.0)
        with pytest.raises(KeyboardInterrupt), undisturbed():
            os.kill(os.getpid(), number)
        monkeypatch.undo()


@pytest.mark.parametrize("begun", [False, True])
def test_a_signal_that_another_handler_answers_does_not_keep_the_watch(monkeypatch: pytest.MonkeyPatch,
                                                                       begun: bool) -> None:
    # one that comes just before the handlers are set, or just after they are restored
    monkeypatch.setattr(watchdog, "PATIENCE", 0.1)
    met = []
    old = signal.signal(signal.SIGUSR1, lambda number, frame: met.append(number))
    answer = interruption.answer

    def late(handler: object) -> None:
        if not begun:
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(0.3)
        answer(handler)

    try:
        with monkeypatch.context() as patch:
            patch.setattr(interruption, "answer", late)
            with watchdog.watching({signal.SIGUSR1}, lambda: False, str) as dog, interruptible(lambda: None, str):
                pass
            if begun:
                os.kill(os.getpid(), signal.SIGUSR1)
            assert dog is not None
    finally:
        signal.signal(signal.SIGUSR1, old)
    assert met == [signal.SIGUSR1]


def test_under_nohup_a_run_outlasts_its_terminal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    done = []
    try:
        with interruptible(lambda: done.append("work")) as abandonable:
            os.kill(os.getpid(), signal.SIGHUP)
            abandonable()
        assert signal.SIGHUP not in handlers()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert done == ["work"]
