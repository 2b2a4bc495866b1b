"""Long outages: everybody owns what he should afterwards, and the clock is read from outside."""

import json
from types import SimpleNamespace

import pytest

import chaos.outage
from chaos.cli import app as cli
from chaos.oracle.shares import held_contracts
from chaos.outage import OUTAGES, OutageResult, all_well, run_outage
from chaos.outage import course as outage_course

QUICK_CPU_S_MAX = 10.0


@pytest.mark.chaos
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", OUTAGES)
def test_a_tenth_of_an_outage_is_mended_exactly(name, chaos_seed):
    """The bounds in seconds are those of a quiet machine: here the processor's time is asked."""
    outage = OUTAGES[name]
    result = run_outage(outage, chaos_seed, quick=True)
    print(json.dumps(result.to_json()))
    assert result.problems == []
    assert result.decision == "go_restricted"
    assert result.executions >= (26 if name == "nine-hours" else 1_000)
    assert result.events >= (40 if name == "nine-hours" else 5)
    assert 0 < result.cpu_s < QUICK_CPU_S_MAX


def test_late_or_wrong_is_exit_1(monkeypatch, capsys):
    crowd = OUTAGES["crowd"]
    good = OutageResult(crowd, quick=True, decision="go", total_s=29.0)
    late = OutageResult(crowd, quick=True, decision="go", total_s=31.0)
    wrong = OutageResult(crowd, quick=True, decision="go", problems=["LiveAgent_01 has nothing"])
    assert all_well([good])
    assert not all_well([good, late])
    assert not all_well([wrong])
    for result, code, word in ((good, 0, "passed"), (late, 1, "too late"), (wrong, 1, "failed")):
        monkeypatch.setattr(chaos.outage, "run_outage", lambda *_, result=result, **__: result)
        assert cli.main(["outage", "crowd", "--quick", "--lang", "en"]) == code
        assert word in capsys.readouterr().out
    assert cli.main(["outage", "crowds"]) == 2
    assert "did you mean crowd?" in capsys.readouterr().err


def test_a_forced_execution_is_shared_out_by_the_declared_rule():
    """Shares of 3.00 among 1.00, 2.00 and 4.00 in hundredths: .42, .85, 1.71; .02 are left."""

    def fill(number, order, side, sz):
        row = {"billId": str(number), "ordId": str(order), "tradeId": str(number)}
        return row | {"instId": "X", "side": side, "fillSz": sz}

    def order(number, name, category="normal"):
        return {"ordId": str(number), "clOrdId": name, "algoClOrdId": "", "category": category}

    truth = {
        "orders": [order(1, "a"), order(2, "b"), order(3, "c"), order(4, "d"), order(5, "", "adl")],
        "fills": [
            fill(1, 1, "buy", "1"),
            fill(2, 2, "buy", "2"),
            fill(3, 3, "buy", "4"),
            fill(4, 4, "sell", "2"),
            fill(5, 5, "sell", "3"),
        ],
    }
    held = held_contracts({"a": "A", "b": "B", "c": "C", "d": "D"}, truth)
    assert {name: float(book["X"]) for name, book in held.items()} == {
        "A": 0.56,
        "B": 1.15,
        "C": 2.29,
        "D": -2.0,
    }
    truth["fills"][-1]["fillSz"] = "8"
    with pytest.raises(ValueError, match="by force"):
        held_contracts({"a": "A", "b": "B", "c": "C", "d": "D"}, truth)


def test_executions_booked_to_another_or_not_at_all_are_told():
    stage = SimpleNamespace(said={"a": "A"})
    row = {"instId": "X", "tradeId": "1", "billId": "1", "ordId": "1", "side": "buy", "fillSz": "2"}
    truth = {
        "orders": [{"ordId": "1", "clOrdId": "a", "algoClOrdId": "", "category": "normal"}],
        "fills": [row],
    }
    good = {"fill_id": "X:1", "agent_id": "A", "qty_contracts": "2"}
    told = outage_course._bookings
    assert told(stage, {"public_trades": [good]}, truth) == []
    assert told(stage, {}, truth) == ["X:1 of A: 0 booked, 2 executed"]
    assert told(stage, {"public_trades": [good, good]}, truth) == ["X:1 of A: 4 booked, 2 executed"]
    other = told(stage, {"public_trades": [{**good, "agent_id": "B"}]}, truth)
    assert other == ["X:1 of A: 0 booked, 2 executed", "X:1 of B: 2 booked, 0 executed"]
