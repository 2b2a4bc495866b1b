"""The pages of OKX's best-practice table, and the walk that an adapter makes over them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakeokx.engine.refusals import Refusal
from fakeokx.wire.pagination import ALGOS, BILLS, FILLS, ORDERS, POSITIONS_HISTORY, Paging, page

# (query, page of orders, algo orders and bills, page of fills, page of positions-history);
# the data set is 10..1, and where times are asked for, the id is the time.
TABLE = [
    ("limit=3", [10, 9, 8], [10, 9, 8], [10, 9, 8]),
    ("before=6 after=10", [9, 8, 7], [9, 8, 7], [9, 8, 7]),
    ("before=2 after=9 limit=3", [8, 7, 6], [8, 7, 6], [8, 7, 6]),
    ("before=6 limit=3", [9, 8, 7], [9, 8, 7], [10, 9, 8]),
    ("after=6 limit=3", [5, 4, 3], [5, 4, 3], [5, 4, 3]),
    ("begin=6 end=10", [10, 9, 8, 7, 6], [10, 9, 8, 7, 6], None),
    ("begin=2 end=9 limit=3", [9, 8, 7], [9, 8, 7], None),
    ("begin=6 limit=3", [8, 7, 6], [10, 9, 8], None),
    ("end=6 limit=3", [6, 5, 4], [6, 5, 4], None),
    ("begin=3 end=8 after=7 limit=2", [6, 5], [6, 5], None),
    ("begin=3 end=8 before=5 limit=2", [7, 6], [7, 6], None),
]
CASES = [
    pytest.param(query, paging, wanted, id=f"{name}: {query}")
    for query, common, fills, history in TABLE
    for name, paging, wanted in (
        ("orders", ORDERS, common),
        ("algos", ALGOS, common),
        ("bills", BILLS, common),
        ("fills", FILLS, fills),
        ("positions-history", POSITIONS_HISTORY, history),
    )
    if wanted is not None
]


def rows(paging: Paging, ids: list[int]) -> list[dict[str, str]]:
    return [{paging.cursor: str(n), paging.time or "time": str(n)} for n in ids]


def parsed(query: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in query.split())


@pytest.mark.parametrize(("query", "paging", "wanted"), CASES)
def test_best_practice_table(query: str, paging: Paging, wanted: list[int]) -> None:
    got = page(rows(paging, list(range(10, 0, -1))), parsed(query), paging)
    assert [int(row[paging.cursor]) for row in got] == wanted


def test_a_page_of_positions_history_does_not_split_one_u_time() -> None:
    got = page(rows(POSITIONS_HISTORY, [9, 8, 8, 8, 7]), {"limit": "2"}, POSITIONS_HISTORY)
    assert [row["uTime"] for row in got] == ["9", "8", "8", "8"]


def test_a_page_has_a_hundred_rows_at_most() -> None:
    everything = rows(ORDERS, list(range(250, 0, -1)))
    assert len(page(everything, {}, ORDERS)) == 100
    assert len(page(everything, {"limit": "500"}, ORDERS)) == 100


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "after=x", "begin=-1", "before=1.5"])
def test_a_cursor_that_is_no_number_is_refused(query: str) -> None:
    with pytest.raises(Refusal, match="51000"):
        page(rows(ORDERS, [1]), parsed(query), ORDERS)


@given(st.integers(0, 40), st.integers(1, 9), st.sampled_from([ORDERS, ALGOS, BILLS, FILLS]))
def test_walking_with_after_sees_every_row_once(count: int, limit: int, paging: Paging) -> None:
    everything = rows(paging, list(range(count, 0, -1)))
    seen: list[dict[str, str]] = []
    query = {"limit": str(limit)}
    while True:
        got = page(everything, query, paging)
        seen += got
        if len(got) < limit:
            break
        query["after"] = got[-1][paging.cursor]
    assert seen == everything
