"""Books as pushed: a subscriber who applies snapshot and updates always has the book itself."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from fakeokx.stream.market import STEPWISE, BookFeeds, Depth, Level, checksum

INST = "BTC-USDT-SWAP"


def level(px: int, sz: int) -> Level:
    return (str(px), str(sz), "0", "1")


sides = st.dictionaries(st.integers(1, 30), st.integers(1, 3), max_size=8)
depths = st.builds(
    lambda asks, bids: Depth(
        asks=tuple(level(px, sz) for px, sz in sorted(asks.items())),
        bids=tuple(level(px, sz) for px, sz in sorted(bids.items(), reverse=True)),
    ),
    sides,
    sides,
)


def applied(book: dict[str, str], levels: list[list[str]]) -> dict[str, str]:
    after = {**book, **{each[0]: each[1] for each in levels}}
    return {px: sz for px, sz in after.items() if sz != "0"}


@given(
    st.lists(depths, min_size=1, max_size=12),
    st.integers(0, 11),
    st.sampled_from(sorted(STEPWISE)),
)
def test_snapshot_and_updates_make_the_book_whenever_one_subscribes(
    history: list[Depth], joins_at: int, channel: str
) -> None:
    most = 3 if channel == "books50-l2-tbt" else STEPWISE[channel]
    books, joins_at = BookFeeds(stepwise={**STEPWISE, channel: most}), joins_at % len(history)
    books.first(INST, "books", history[0], 1, has_crc=False)
    for now in history[1 : joins_at + 1]:
        books.changed(INST, now, 1, has_crc=False)
    row = books.first(INST, channel, history[joins_at], 2, has_crc=True)
    assert row["prevSeqId"] == -1
    seq, asks, bids = row["seqId"], applied({}, row["asks"]), applied({}, row["bids"])
    for now in history[joins_at + 1 :]:
        found = books.changed(INST, now, 3, has_crc=True)
        shown = now.top(most)
        if channel in found:
            row = found[channel]
            assert row["prevSeqId"] == seq < row["seqId"]
            assert row["checksum"] == checksum(shown)
            seq = row["seqId"]
            asks, bids = applied(asks, row["asks"]), applied(bids, row["bids"])
        assert asks == {each[0]: each[1] for each in shown.asks}
        assert bids == {each[0]: each[1] for each in shown.bids}


@given(depths, depths)
def test_a_shallow_channel_speaks_up_exactly_when_what_it_shows_has_changed(
    before: Depth, after: Depth
) -> None:
    books = BookFeeds()
    books.first(INST, "books", before, 1, has_crc=False)
    found = books.changed(INST, after, 2, has_crc=False)
    assert ("books" in found) == (before != after)
    assert ("books5" in found) == (before.top(5) != after.top(5))
    assert ("bbo-tbt" in found) == (before.top(1) != after.top(1))
    for channel, count in (("books5", 5), ("bbo-tbt", 1)):
        if channel in found:
            shown = [tuple(each) for each in found[channel]["asks"]]
            assert shown == list(after.asks[:count])


def test_a_book_that_moved_unseen_gets_a_new_number_with_the_next_subscriber() -> None:
    books = BookFeeds()
    one, two, three = (Depth(asks=(level(px, 1),)) for px in (10, 11, 12))
    first = books.first(INST, "books", one, 1, has_crc=False)
    again = books.first(INST, "books", one, 1, has_crc=False)
    assert again["seqId"] == first["seqId"]
    later = books.first(INST, "books", two, 2, has_crc=False)
    assert later["seqId"] == first["seqId"] + 1
    row = books.changed(INST, three, 3, has_crc=False)["books"]
    assert row["prevSeqId"] == later["seqId"]
    assert row["asks"] == [["12", "1", "0", "1"], ["11", "0", "0", "0"]]


def test_a_book_that_nobody_has_seen_says_nothing() -> None:
    assert BookFeeds().changed(INST, Depth(asks=(level(1, 1),)), 1, has_crc=False) == {}


def test_the_checksum_is_crc32_of_bid_and_ask_in_turn_as_a_signed_number() -> None:
    depth = Depth(
        bids=(("3366.1", "7", "0", "3"),),
        asks=(("3366.8", "9", "10", "3"), ("3368", "8", "3", "4")),
    )
    text = b"3366.1:7:3366.8:9:3368:8"
    wanted = zlib.crc32(text)
    assert checksum(depth) in (wanted, wanted - 2**32)
    assert -(2**31) <= checksum(depth) < 2**31
    assert {checksum(Depth(bids=(level(px, 1),))) < 0 for px in range(20)} == {True, False}
    deep = Depth(bids=tuple(level(100 - px, 1) for px in range(30)))
    assert checksum(deep) == checksum(deep.top(25))
