"""What hangs is told, with where it stood; what only waits for the processor does not hang."""

import itertools
import threading

import pytest

from chaos.sweeps import elsewhere
from chaos.sweeps.elsewhere import Hangs, Hung, Patience, watched


def test_a_call_that_waits_for_ever_hangs_and_tells_where(monkeypatch):
    monkeypatch.setattr(elsewhere, "HANG_S", 0.2)
    kept = threading.Lock()
    with kept:
        found = elsewhere.elsewhere(lambda: wants(kept))
    assert isinstance(found, Hangs)
    assert "it stood at" in str(found)
    assert "test_chaos_sweeps_elsewhere.py" in str(found)
    assert "wants" in str(found)


def wants(lock):
    with lock:
        return "got it"


def test_what_a_call_answers_or_raises_is_given_back():
    assert elsewhere.elsewhere(lambda: 7) == 7
    assert isinstance(elsewhere.elsewhere(lambda: [][0]), IndexError)


def test_the_main_thread_is_got_out_of_a_wait(monkeypatch):
    monkeypatch.setattr(elsewhere, "HANG_S", 0.2)
    monkeypatch.setattr(elsewhere, "AGAIN_S", 0.1)
    kept = threading.Lock()
    kept.acquire()
    with pytest.raises(Hung, match="wants"), watched():
        wants(kept)
    with watched():
        pass


def test_who_is_not_given_the_processor_does_not_hang(monkeypatch):
    """The kernel tells how long a thread was ready and did not run."""
    waited = itertools.chain([0.0, 30.0], itertools.repeat(50.0))
    monkeypatch.setattr(elsewhere, "starved_s", lambda: {"1": next(waited)})
    monkeypatch.setattr(elsewhere, "HANG_S", 10.0)
    patience = Patience()
    assert 39 < patience.left_s() <= 40
    assert 59 < patience.left_s() <= 60


def test_the_kernel_is_asked_for_each_thread():
    assert set(elsewhere.starved_s()) >= {str(threading.get_native_id())}
    assert all(waited >= 0 for waited in elsewhere.starved_s().values())
