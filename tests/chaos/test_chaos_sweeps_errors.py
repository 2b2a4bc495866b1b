"""Every operation fails: typed, never acknowledged, and the store is whole afterwards."""

import errno

import pytest

from chaos.sweeps import errors
from chaos.sweeps.errors import FAILURES, sweep_errors
from chaos.verdict import Outcome
from prometheus_persist.errors import StoreFailed
from prometheus_persist.session import Session

SEED = 1
# A thread of a process that is dead ends by SystemExit; pytest tells of that, Python does not.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.mark.chaos
def test_sweep_errors_at_every_operation():
    """S7 for every operation of three lives, of restore and of verify; one error each."""
    tally = sweep_errors(SEED, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    assert tally.fired > 250
    assert tally.counts["a typed error was raised"] > 200
    assert tally.counts["restored exactly"] == tally.counts["reopened and sound"]
    assert tally.counts["afterwards the same session saved"] > 20
    assert tally.counts["afterwards the same session was shut"] > 20
    for call in ("open", "add_agent", "trade", "save", "on_cycle", "checkpoint", "snapshot"):
        assert tally.counts[f"errors during {call}"] > 4, call
    for call in ("close", "restore", "verify"):
        assert tally.counts[f"errors during {call}"] > 4, call


def test_every_error_there_is_is_tried():
    codes = {failure.code for failure in FAILURES}
    assert codes == {*errors.CODES, errors.SHORT}
    assert all(hasattr(errno, code) for code in errors.CODES)
    assert len(FAILURES) == 2 * len(codes)


@pytest.mark.parametrize(
    ("wrong", "caught", "stride"),
    [("swallowed", "acknowledged and lost", 1), ("untyped", "untyped error", 4)],
)
def test_a_save_that_swallows_its_failure_is_caught(monkeypatch, wrong, caught, stride):
    """An acknowledgement in spite of an error, and an error without a type."""
    real = Session.save

    def save(self, trigger):
        before = self.seq
        try:
            return real(self, trigger)
        except StoreFailed as problem:
            if wrong == "untyped":
                raise OSError(errno.EIO, "raw") from problem
            said.ack(before + 1)
            raise

    heard = errors.ears_for

    def ears_for(disk):
        nonlocal said
        said = heard(disk)
        return said

    said = None
    points = list(errors._points(SEED, errors.LIVES[0], 400, full=False))[::stride]
    monkeypatch.setattr(
        errors, "_points", lambda _, life, count, full: [p for p in points if p[0] <= count]
    )
    monkeypatch.setattr(errors, "LIVES", errors.LIVES[:1])
    monkeypatch.setattr(errors, "_reads", lambda *_, **__: None)
    monkeypatch.setattr(errors, "ears_for", ears_for)
    monkeypatch.setattr(Session, "save", save)
    tally = sweep_errors(SEED, full=False)
    assert tally.outcome is Outcome.FAILED
    assert caught in tally.counts
