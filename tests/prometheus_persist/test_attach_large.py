"""A host that one commit has no room for: saved in pieces, whole or not at all (S2, S8)."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphkit import Loose, bare

from prometheus_persist import attach
from prometheus_persist.errors import BadValue, StoreFailed
from prometheus_persist.journal.change import Change, Image
from prometheus_persist.recovery import restore
from prometheus_persist.report.in_chinese import in_chinese
from prometheus_persist.saving.host_pieces import PIECES
from prometheus_persist.session.attaching import AttachedHost
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.store import Store

MOST = 300_000
MANY = 2_500  # objects that come to more than that


@pytest.fixture(autouse=True)
def _small_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("journal.frame", "storage.committer"):
        monkeypatch.setattr(f"prometheus_persist.{module}.FRAME_PAYLOAD_BYTES_MAX", MOST)


def trades(count: int, tag: str = "first") -> list[Any]:
    return [{"number": n, "tag": tag, "text": "x" * 60} for n in range(count)]


def host(**held: Any) -> Any:
    root: Any = bare(Loose)
    vars(root).update(held)
    return root


def of(root: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(root).items() if name != "bad"}


def attached(root: Any, at: Path, **options: Any) -> AttachedHost:
    return attach(root, at, ["graphkit"], **options)


def again(at: Path) -> dict[str, Any]:
    """What the next process has."""
    fresh = host()
    with attached(fresh, at) as p:
        assert p.restored
    return of(fresh)


def named(image: Image) -> set[str]:
    return {name for name in (*image.documents, *image.streams) if name.startswith("host/")}


def kept(at: Path) -> int:
    """How many documents and streams of a host the store holds."""
    return len(named(restore(LocalFs(at))))


SHAPES = {
    "records of a list": lambda: trades(MANY),
    "objects under keys": lambda: dict(enumerate(trades(MANY))),
    "lists in a list": lambda: [trades(80, str(n)) for n in range(MANY // 80)],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_host_larger_than_a_commit_is_saved_again_once_what_was_refused_is_mended(
    shape: str, tmp_path: Path
) -> None:
    """One refused save is no dead end, and nothing of the attempts stays behind."""
    root = host(held=SHAPES[shape](), count=1)
    with attached(root, tmp_path) as p:
        before = kept(tmp_path)
        for count in (2, 3):
            root.bad, root.count = threading.Lock(), count
            for _ in range(2):
                with pytest.raises(BadValue, match=r"loose\.bad"):
                    p.save()
            del root.bad
            p.save()
            assert kept(tmp_path) <= before + 1  # and what tells of the pieces
        p.session.close(save=False)
    assert again(tmp_path) == of(root)
    assert again(tmp_path) == of(root), "the second restore begins where the first one did"


@pytest.mark.parametrize("shape", SHAPES)
def test_what_was_added_between_two_saves_may_be_more_than_a_commit_takes(
    shape: str, tmp_path: Path
) -> None:
    root = host(old=trades(200), held=None)
    with attached(root, tmp_path) as p:
        root.held = SHAPES[shape]()
        root.old += trades(MANY, "more")
        p.save()
        root.old.append("later")
        p.on_cycle(5)
        p.session.close(save=False)
    assert again(tmp_path) == of(root)


def copies(at: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The store after each commit from now on, as a kill would leave it there."""
    made: list[Path] = []
    enqueue = Store.enqueue

    def cut(self: Store, change: Change, *rest: Any, **named: Any) -> Any:
        ticket = enqueue(self, change, *rest, **named)
        self._committer.flush()
        made.append(at.with_name(f"{at.name}-cut-{len(made)}"))
        shutil.copytree(at, made[-1])
        return ticket

    monkeypatch.setattr(Store, "enqueue", cut)
    return iter(made)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_kill_between_two_pieces_leaves_what_was_saved_before(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the new half, all of the old one; and the next process goes on from there."""
    at = tmp_path / "store"
    root = host(held=SHAPES[shape](), count=1)
    with attached(root, at) as p:
        root.bad = threading.Lock()
        with pytest.raises(BadValue):
            p.save()
        del root.bad
        before, due = kept(at), dict(of(root))
        root.count = 2
        root.extra = trades(300, "extra")
        with monkeypatch.context() as patch:
            left = copies(at, patch)
            p.save()
        p.session.close(save=False)
    found = list(left)
    assert len(found) > 6
    for cut in (found[0], *found[1:-2:4], found[-2]):
        fresh = host()
        with attached(fresh, cut) as p:
            assert of(fresh) == due
            assert kept(cut) <= before + 1, "what the kill left is gone with the first save"
            fresh.held2 = trades(500, "behind the kill")
            p.save()
        for _ in range(2):  # what a restore removes is what nothing leads to
            assert again(cut) == of(fresh)
    assert again(found[-1]) == of(root)


def test_a_kill_of_the_attempt_to_go_on_leaves_what_was_saved_before_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces upon pieces: of a write that a kill cut short, and of the one after it."""
    at = tmp_path / "store"
    root = host(held=trades(MANY), count=1)
    with attached(root, at) as p:
        root.held = [*trades(MANY), "changed"]
        with monkeypatch.context() as patch:
            left = copies(at, patch)
            p.save()
        p.session.close(save=False)
    first = list(left)[3]
    fresh = host()
    with attached(fresh, first) as p:
        size = kept(first)
        fresh.held = [*trades(MANY), "again"]
        with monkeypatch.context() as patch:
            left = copies(first, patch)
            p.save()
        p.session.close(save=False)
    for cut in list(left)[:-1]:
        assert again(cut) == {"held": trades(MANY), "count": 1}
        assert kept(cut) <= size + 1
    assert again(first) == of(fresh)


def test_one_object_that_no_commit_takes_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    """Both languages; the store does not grow by it, and once it is split a save works."""
    root = host(held=trades(MANY))
    with attached(root, tmp_path) as p:
        seq, size = p.save(), kept(tmp_path)
        root.huge = dict.fromkeys(range(MANY), "x" * 150)
        for _ in range(3):
            with pytest.raises(BadValue, match=r"a dict of \d+ bytes as it is written") as raised:
                p.save()
        told = raised.value.detail
        assert "at most 298976 are kept of one object" in told
        assert "split it" in told
        assert "拆成" in in_chinese(told)
        assert restore(LocalFs(tmp_path)).seq == seq
        root.huge = [dict(list(root.huge.items())[n::4]) for n in range(4)]
        p.save()
        assert kept(tmp_path) <= size + 7
        p.session.close(save=False)
    assert again(tmp_path) == of(root)


def test_a_disk_that_was_full_between_two_pieces_is_no_dead_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written of an attempt goes with the next one."""
    root = host(held=SHAPES["objects under keys"](), count=1)
    with attached(root, tmp_path) as p:
        size = kept(tmp_path)
        root.held = SHAPES["objects under keys"]()
        left_by = []
        for _ in range(3):
            left = iter(range(4))
            enqueue = Store.enqueue

            def full(*rest: Any, enqueue: Any = enqueue, left: Any = left, **named: Any) -> Any:
                if next(left, None) is None:
                    raise StoreFailed("no room; nothing was taken in")
                return enqueue(*rest, **named)

            with monkeypatch.context() as patch:
                patch.setattr(Store, "enqueue", full)
                with pytest.raises(StoreFailed, match="no room"):
                    p.save()
            left_by.append(len(named(p._capture._store.image)))
        assert size + 100 < left_by[0] >= left_by[-1], "an attempt adds to what the last one left"
        root.count = 2
        p.save()
        assert kept(tmp_path) <= size + 1
        p.session.close(save=False)
    assert again(tmp_path) == of(root)


def test_a_first_save_that_was_cut_short_twice_takes_nothing_from_a_smaller_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is cut behind what tells of its pieces, and the third has other numbers."""
    at = tmp_path / "store"
    for cuts in (-2, 0):
        with monkeypatch.context() as patch:
            left = copies(at, patch)
            attached(host(held=SHAPES["objects under keys"]()), at).session.close(save=False)
        at = [cut for cut in left if PIECES in restore(LocalFs(cut)).documents][cuts]
    assert kept(at) == 1
    root = host(held=dict(enumerate(trades(50))))
    with attached(root, at) as p:
        for n in range(3):
            root.held |= {(n, m): [m] for m in range(MANY)}
            p.save()
        p.session.close(save=False)
    for _ in range(3):
        assert again(at) == of(root)


def test_names_that_are_removed_are_removed_by_and_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prometheus_persist.saving.host_capture.GONE_MAX", 50)
    root = host(held={n: [n] for n in range(500)}, count=1)
    with attached(root, tmp_path) as p:
        size = kept(tmp_path)
        root.bad = threading.Lock()
        with pytest.raises(BadValue):
            p.save()
        del root.bad
        for count in range(30):
            root.count = count
            p.save()
        assert kept(tmp_path) <= size + 1
        p.session.close(save=False)
    assert again(tmp_path) == of(root)


def test_names_that_a_kill_left_to_be_removed_go_with_the_next_restore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = host(held=SHAPES["objects under keys"]())
    with attached(root, tmp_path) as p:
        size = kept(tmp_path)
        root.held = SHAPES["objects under keys"]()
        with monkeypatch.context() as patch:
            patch.setattr("prometheus_persist.saving.host_capture.GONE_MAX", 50)
            p.save()
        assert kept(tmp_path) > size + 1000
        p.session.close(save=False)
    assert again(tmp_path) == of(root)
    assert kept(tmp_path) <= size + 1


def test_what_an_upcast_makes_anew_may_be_more_than_a_commit_takes(tmp_path: Path) -> None:
    def made(number: int) -> Any:
        each = host(number=number)
        each.text = "x" * 60
        return each

    def step(fields: dict[str, Any]) -> dict[str, Any]:
        return {"new": 1, **fields} if "number" in fields else fields

    root = host(held={n: made(n) for n in range(MANY)})
    attached(root, tmp_path).close()
    fresh = host()
    attached(fresh, tmp_path, upcast={"graphkit:Loose": step}).close()
    last = host()
    with attached(last, tmp_path):
        found = [vars(each) for each in last.held.values()]
    assert found == [{"new": 1, "number": n, "text": "x" * 60} for n in range(MANY)]
