"""Writes the golden store of the present schema: ``python tests/golden/make_golden.py DIRECTORY``.

The same bytes in every run: the clock and the ids are given. A golden store is made once, when its
schema is released, committed with the digest of its state, and never made again.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "prometheus_persist"))

from storekit import StillClock, founding, open_store, trade  # noqa: E402

from prometheus_persist.journal.change import Change  # noqa: E402
from prometheus_persist.journal.upcast import SCHEMA  # noqa: E402
from prometheus_persist.reconcile.books import StreamIndex  # noqa: E402
from prometheus_persist.reconcile.sums import sums_of  # noqa: E402
from prometheus_persist.state import state_from  # noqa: E402
from prometheus_persist.storage.fs import LocalFs  # noqa: E402


def make(root: Path) -> dict[str, object]:
    """Two lives with trades, a snapshot and a tail behind it; what a restore has to give."""
    fs, clock, digests = LocalFs(root), StillClock(step_ms=1000), {}
    for life in range(2):
        store = open_store(fs, clock)
        if not life:
            store.commit(founding())
        state = state_from(store.image.documents)
        for number in range(3):
            seq = store.commit(trade(state, 3 * life + number))
            digests[str(seq)] = store.image.digest()
            if life and not number:
                index = StreamIndex()
                index.take(store.image.streams)
                store.snapshot(3, sums=sums_of(index))
        store.commit(Change("cycle", {"supervisor": {"market_state_history": [], "life": life}}))
        for entry in range(3):
            grown = {"supervisor": {"market_state_history": (entry // 2, [{"n": entry}])}}
            store.commit(Change("grow", set={"supervisor": {"n": entry}}, grow=grown))
        host = {"host/1": {"@": 0, "0": ["items", ["$", 2]]}, "host/2": {"@": "L", "s": life + 1}}
        store.commit(Change("host", host, add={f"host/2/{life + 1}": [{"e": life}]}))
        store.commit(Change("host", set={"host/1": {"0": None}}, remove=[f"host/2/{life}"]))
        digests[str(store.tip.seq)] = store.image.digest()
        store.checkpoint()
        store.close()
    return {"schema": SCHEMA, "seq": store.tip.seq, "digests": digests}


if __name__ == "__main__":
    root = Path(sys.argv[1])
    told = make(root)
    root.with_suffix(".json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
