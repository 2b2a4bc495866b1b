"""The chain: only digests link frames, one good copy of each is enough, and gaps are seen."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from storekit import flip

from prometheus_persist.journal.chain import PlacedFrame, link, scan, segments_of
from prometheus_persist.journal.frame import COMMIT, OPEN, Tip, encode


def segment(tip: Tip, epoch: int, name: str, commits: int, mark: str = "") -> tuple[bytes, Tip]:
    data, tip = encode(OPEN, tip, epoch, 0, b'{"segment":"%s"}' % name.encode())
    for number in range(commits):
        raw, tip = encode(COMMIT, tip, epoch, number, b'{"why":"%d%s"}' % (number, mark.encode()))
        data += raw
    return data, tip


A, TIP_A = segment(Tip(), 1, "a.wal", 4)  # frames 1 to 5
B, TIP_B = segment(TIP_A, 2, "b.wal", 2)  # frames 6 to 8
C, TIP_C = segment(TIP_B, 3, "c.wal", 3)  # frames 9 to 12
ALL = {"a.wal": A, "b.wal": B, "c.wal": C}


def contents(chain: list[PlacedFrame]) -> dict[str, bytes]:
    return {name: run.content() for name, run in segments_of(chain).items()}


def frames(files: dict[str, bytes]) -> list[PlacedFrame]:
    return [placed for path, data in files.items() for placed in scan(path, data).frames]


def both(journal: dict[str, bytes], mirror: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{c}/{n}": d for c, x in (("j", journal), ("m", mirror)) for n, d in x.items()}


def seqs(placed: list[PlacedFrame]) -> list[int]:
    return [one.frame.seq for one in placed]


def test_chain_follows_all_segments_in_any_order() -> None:
    """Files may be listed in any order, once or twice: the chain is the same."""
    for files in (ALL, dict(reversed(ALL.items())), both(ALL, ALL)):
        chain = link(Tip(), frames(files))
        assert seqs(chain.frames) == list(range(1, 13))
        assert (chain.tip, chain.beyond) == (TIP_C, [])


def test_chain_one_good_copy_is_enough() -> None:
    """A lost, emptied, swapped or older copy does no harm while the other is there."""
    older = {**ALL, "c.wal": C[: len(C) // 2]}
    swapped = {"a.wal": C, "b.wal": B, "c.wal": A}
    foreign = {**ALL, "b.wal": segment(TIP_C, 9, "z.wal", 5)[0]}
    for hurt in ({}, {"a.wal": A}, {**ALL, "b.wal": b""}, older, swapped, foreign):
        chain = link(Tip(), frames(both(hurt, ALL)))
        assert seqs(chain.frames)[:12] == list(range(1, 13))
        assert frames({"x": b"".join(p.raw for p in chain.frames[:12])})[-1].frame.seq == 12


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(ALL)),
    st.sampled_from(sorted(ALL)),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)
def test_chain_damage_to_both_copies_is_a_gap_or_no_harm(
    one: str, other: str, bit: int, another: int
) -> None:
    """A bit in each copy: the chain is whole unless both hit one frame; then it stops before it."""
    hurt_j = {**ALL, one: flip(ALL[one], bit % (8 * len(ALL[one])))}
    hurt_m = {**ALL, other: flip(ALL[other], another % (8 * len(ALL[other])))}
    left = {p.frame.seq for p in frames(both(hurt_j, hurt_m))}
    gone = min(set(range(1, 13)) - left, default=13)
    chain = link(Tip(), frames(both(hurt_j, hurt_m)))
    assert seqs(chain.frames) == list(range(1, gone))
    assert bool(chain.beyond) == (gone < 12)


def test_chain_gaps_name_what_lies_beyond() -> None:
    """Without the middle segment the chain ends before it, and the frames behind it prove a gap."""
    chain = link(Tip(), frames({"a.wal": A, "c.wal": C}))
    assert chain.tip == TIP_A
    assert seqs(chain.beyond) == [9, 10, 11, 12]


def test_chain_starts_at_any_base() -> None:
    """From a snapshot's tip, only the frames behind it are followed."""
    chain = link(TIP_B, frames(ALL))
    assert seqs(chain.frames) == [9, 10, 11, 12]
    assert chain.tip == TIP_C


def test_chain_stops_where_it_is_asked_to() -> None:
    """With a highest sequence the chain ends there, and what follows is no gap."""
    chain = link(Tip(), frames(ALL), seq_max=7)
    assert chain.tip.seq == 7
    assert seqs(chain.beyond) == [8, 9, 10, 11, 12]
    assert link(TIP_B, frames(ALL), seq_max=3).frames == []


def test_chain_of_two_writers_the_higher_epoch_counts() -> None:
    """After a fork the later epoch's frames are the chain; the fenced writer's prove no gap."""
    zombie, _ = segment(TIP_A, 1, "z.wal", 6, mark=" zombie")  # frames 6 to 12 of epoch 1
    for files in ({"a": A, "z": zombie, "b": B}, {"b": B, "z": zombie, "a": A}):
        chain = link(Tip(), frames(files))
        assert chain.tip == TIP_B
        assert {one.frame.epoch for one in chain.frames} == {1, 2}
        assert chain.beyond == []


def test_chain_a_frame_written_with_the_one_before_it_proves_no_gap() -> None:
    """Of one write the second frame may arrive without the first: neither was acknowledged. What
    was written after a sync proves that everything before it had been there."""
    one, tip = encode(COMMIT, TIP_A, 1, 0, b"{}")
    two, tip = encode(COMMIT, tip, 1, 0, b"{}", joined=True)
    three, tip = encode(COMMIT, tip, 1, 0, b"{}", joined=True)
    later, _ = encode(COMMIT, tip, 1, 0, b"{}")
    assert link(Tip(), frames({"a": A + one + two + three})).tip == tip
    torn = A + bytes(len(one)) + two + three
    chain = link(Tip(), frames({"a": torn}))
    assert (chain.tip, chain.beyond) == (TIP_A, [])
    assert seqs(link(Tip(), frames({"a": torn + later})).beyond) == [9]


def test_chain_epochs_never_go_back() -> None:
    """A frame that links but carries a lower epoch than the one before it is not followed."""
    late, _ = segment(TIP_B, 1, "late.wal", 1)
    chain = link(Tip(), frames({"a": A, "b": B, "late": late}))
    assert chain.tip == TIP_B


def test_chain_sequences_grow_by_one() -> None:
    """A frame that links and carries another sequence than the next one is not followed."""
    jump, _ = encode(COMMIT, Tip(7, 1, TIP_A.digest, 0), 1, 0, b"{}")
    chain = link(Tip(), frames({"a": A, "jump": jump}))
    assert chain.tip == TIP_A
    assert seqs(chain.beyond) == [8]


def test_chain_gives_back_every_segments_bytes() -> None:
    """Cut at its OPEN frames, the chain is the segments, byte for byte."""
    chain = link(Tip(), frames({"x": C, "y": A, "z": B}))
    assert contents(chain.frames) == ALL
    assert contents(chain.frames[3:]) == {"b.wal": B, "c.wal": C}
