"""S3, S5: repair makes whole what can be made whole, keeps what it replaces, and refuses a loss."""

from __future__ import annotations

import random
from functools import cache

import pytest
from storekit import (
    CHANGING,
    NEVER_MS,
    START_MS,
    HookFs,
    StillClock,
    flip,
    founding,
    open_store,
    trade,
)

from chaos.faults.deaths import deaths, every
from prometheus_persist.errors import BadValue, StoreDamaged, StoreFailed
from prometheus_persist.journal.chain import scan
from prometheus_persist.recovery import restore, verify
from prometheus_persist.recovery.repair import repair
from prometheus_persist.state import state_from
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.replacing import replace_file
from prometheus_persist.storage.split import SplitFs
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock(START_MS + 10_000)
Files = dict[str, bytes]


@cache
def reference() -> tuple[Files, dict[int, str]]:
    """Three lives of a store with two snapshots, and the digest of every commit."""
    fs, clock, told, number = MemoryFs(), StillClock(step_ms=1), {}, 0
    for life in range(3):
        store = open_store(fs, clock)
        told[store.tip.seq] = store.image.digest()
        if not life:
            store.commit(founding())
            told[store.tip.seq] = store.image.digest()
        state = state_from(store.image.documents)
        for _ in range(4):
            number += 1
            store.commit(trade(state, number))
            told[store.tip.seq] = store.image.digest()
        store.checkpoint()
        if life:
            store.snapshot(3)
            store.commit(trade(state, 90 + life))
            told[store.tip.seq] = store.image.digest()
        store.close()
    return fs.contents(), told


def journal(index: int) -> tuple[str, str]:
    names = sorted(n for n in reference()[0] if n.startswith("incremental/journal/"))
    return names[index], f"mirror/{names[index].rpartition('/')[2]}"


def hurt_everywhere() -> Files:
    """Every kind of file damaged, never both copies of the same thing."""
    files = dict(reference()[0])
    files[journal(0)[0]] = flip(files[journal(0)[0]], 3000)
    files[journal(1)[1]] = files[journal(1)[1]][:-50]
    del files[journal(2)[0]]
    files["incremental/valhalla.json"] = b"{}\n"
    del files["incremental/public_ledger.json"]
    files[min(n for n in files if n.endswith(".zip"))] = b"PK nonsense"
    return files


def test_repair_makes_everything_sound_and_keeps_what_it_replaced() -> None:
    """Afterwards verify finds nothing, the state is exact, and every damaged byte is set aside."""
    files, told = reference()
    fs = MemoryFs.of(hurt_everywhere())
    hurt = {name for name in fs.contents() if fs.contents()[name] != files[name]}
    missing = files.keys() - fs.contents().keys()
    done = repair(fs, CLOCK)
    assert {step.path for step in done.steps} == hurt | missing
    found = verify(fs, clock=CLOCK)
    assert found.sound
    assert found.digest == told[max(told)]
    kept = [data for name, data in fs.contents().items() if name.startswith("damaged/")]
    assert sorted(kept) == sorted(hurt_everywhere()[name] for name in hurt)
    assert repair(fs, CLOCK).steps == ()


def test_repair_dry_run_says_the_same_and_touches_nothing() -> None:
    """What is printed is what would be done; not one operation that changes anything runs."""
    seen: list[str] = []
    fs = HookFs(MemoryFs.of(hurt_everywhere()), lambda op, path, data: seen.append(op))
    planned = repair(fs, CLOCK, dry_run=True)
    assert CHANGING.isdisjoint(seen)
    assert planned == repair(MemoryFs.of(hurt_everywhere()), CLOCK)


@pytest.mark.parametrize("hurt", [False, True])
def test_repair_reads_every_file_once(hurt: bool) -> None:
    """A look at a large store costs one reading of it, however much there is to decide."""
    seen: list[str] = []

    def note(op: str, path: str, data: bytes) -> None:
        if op in ("read", "read_part"):
            seen.append(path)

    files = hurt_everywhere() if hurt else reference()[0]
    repair(HookFs(MemoryFs.of(files), note), CLOCK, dry_run=True)
    assert {path for path in files if path.endswith((".wal", ".zip", ".json"))} <= set(seen)
    assert {path: seen.count(path) for path in seen if seen.count(path) > 1} == {}


def test_repair_of_a_sound_store_does_nothing() -> None:
    """No step, no new epoch, not a byte."""
    fs = MemoryFs.of(reference()[0])
    assert repair(fs, CLOCK).steps == ()
    assert fs.contents() == reference()[0]


def both_hurt(index: int, frame: int) -> tuple[Files, int]:
    """Both copies damaged at the same frame; the files, and that frame's sequence."""
    files = dict(reference()[0])
    name, twin = journal(index)
    placed = scan(name, files[name]).frames[frame]
    files[name] = files[twin] = flip(files[name], (placed.offset + 100) * 8)
    return files, placed.frame.seq


@pytest.mark.parametrize("where", [(2, -1), (2, 2), (1, 1), (0, 2)])
def test_repair_refuses_a_loss_and_names_the_way(where: tuple[int, int]) -> None:
    """What neither copy has is not made up: exit 4, nothing changed."""
    files, _ = both_hurt(*where)
    fs = MemoryFs.of(files)
    with pytest.raises(StoreDamaged) as caught:
        repair(fs, CLOCK)
    assert caught.value.exit_code == 4
    assert caught.value.file in journal(where[0])
    assert fs.contents() == files


@pytest.mark.parametrize("accept", [7, 13, 14, 15])
def test_repair_gives_up_no_commit_that_is_whole(accept: int) -> None:
    """A loss that is greater than what is lost is refused, by the number that can be kept."""
    _, told = reference()
    newest = max(told)
    for files, whole in (
        (reference()[0], newest),  # nothing is lost at all
        (both_hurt(2, 2)[0], newest),  # a snapshot goes on behind the gap
        (without_snapshots(both_hurt(2, -1)[0]), newest - 1),
    ):
        fs = MemoryFs.of(files)
        with pytest.raises(BadValue, match=rf"commits up to ({whole}|{accept + 1}) are whole"):
            repair(fs, CLOCK, accept_loss=accept)
        assert fs.contents() == files


def without_snapshots(files: Files) -> Files:
    return {name: data for name, data in files.items() if not name.endswith(".zip")}


@pytest.mark.parametrize("where", [(2, -1), (2, 2)])
def test_repair_with_an_accepted_loss_keeps_that_commit_and_moves_the_rest(
    where: tuple[int, int],
) -> None:
    """The state is the one of the commit that was named; all bytes that went are set aside."""
    files, seq = both_hurt(*where)
    files = without_snapshots(files)
    _, told = reference()
    fs = MemoryFs.of(files)
    repair(fs, CLOCK, accept_loss=seq - 1)
    found = verify(fs, clock=CLOCK)
    assert found.sound
    assert found.digest == told[seq - 1]
    left = set(fs.contents().values())
    assert all(files[path] in left for path in journal(where[0]))
    store = open_store(fs, CLOCK)
    store.commit(founding())
    assert restore(fs, clock=CLOCK).image.digest() == store.image.digest()


@pytest.mark.parametrize("reserve", [0, 64 * 1024])
@pytest.mark.parametrize("accept", [None, "loss"])
def test_repair_killed_before_every_operation(accept: str | None, reserve: int) -> None:
    """S5: stop it anywhere, lose power anywhere: the same repair, begun again, comes to the same
    state, nothing that was kept is lost, and no damaged byte is gone.

    Every third operation; the sweep of kills has them all."""
    files, told = reference()
    hurt, seq = both_hurt(2, 2) if accept else (hurt_everywhere(), max(told) + 1)
    hurt = without_snapshots(hurt) if accept else hurt
    files = without_snapshots(files) if accept else files
    loss = seq - 1 if accept else None
    options = StoreOptions(reserve_bytes=reserve, mirror_sync_ms=NEVER_MS)
    aside = {data for name, data in hurt.items() if data != files.get(name)}
    for one in deaths(
        every(start=1 + bool(accept), stride=3),
        lambda: (MemoryFs.of(hurt), None),
        lambda fs, _: repair(fs, CLOCK, accept_loss=loss, options=options),
    ):
        at, disk = one.switch.at, one.disk
        left = disk.after_power_cut(random.Random(at) if at % 4 == 1 else None) if at % 2 else disk
        assert restore(left, seq=seq - 1, clock=CLOCK).image.digest() == told[seq - 1], at
        assert aside <= set(left.contents().values()), at
        try:
            repair(left, CLOCK, options=options)
        except StoreDamaged:
            repair(left, CLOCK, accept_loss=loss, options=options)
        found = verify(left, clock=CLOCK)
        assert (found.facts.damages, found.digest) == ((), told[seq - 1]), at
    assert at > 20


def test_repair_on_a_full_disk_overwrites_nothing_it_could_not_keep() -> None:
    """ENOSPC while setting bytes aside: raised, and every file is as it was."""
    inner = MemoryFs.of(hurt_everywhere())

    def full(op: str, path: str, data: bytes) -> int | None:
        return len(data) // 2 if op == "write" and path.startswith("damaged/") else None

    with pytest.raises(StoreFailed, match="space"):
        repair(HookFs(inner, full), CLOCK)

    assert inner.contents() == hurt_everywhere()


@pytest.mark.parametrize("times", [1, 2, 3, 4, 1000])
def test_repair_keeps_the_bytes_of_a_file_that_it_cannot_read(times: int) -> None:
    """Unreadable now and then, or for good, at whatever moment: its bytes go nowhere unseen."""
    hurt = hurt_everywhere()
    for path in ("incremental/valhalla.json", journal(0)[0], min(n for n in hurt if ".zip" in n)):
        for start in range(4):
            disk, asked = MemoryFs.of(hurt), [0]

            def refuse(
                operation: str, name: str, data: bytes, path: str = path, asked: list[int] = asked
            ) -> None:
                if operation == "read" and name == path:
                    asked[0] += 1
                    if start < asked[0] <= start + times:  # noqa: B023 used at once
                        raise OSError(5, "unreadable")

            try:
                repair(HookFs(disk, refuse), CLOCK)
            except StoreFailed:
                assert hurt[path] == disk.contents()[path]
            assert hurt[path] in disk.contents().values(), (path, start)
            try:
                repair(disk, CLOCK)
            except StoreDamaged as problem:
                pytest.fail(f"{path} from read {start}: {problem}")
            assert verify(disk, clock=CLOCK).sound


def test_repair_loses_no_unread_file_to_a_power_cut() -> None:
    """Moved aside unread: where it goes to is on the disk before it is gone from where it was."""
    hurt = hurt_everywhere()
    for path in ("incremental/valhalla.json", min(name for name in hurt if ".zip" in name)):
        disk, left, damaged = MemoryFs.of(hurt), list[MemoryFs](), hurt[path]

        def see(
            operation: str,
            name: str,
            data: bytes,
            disk: MemoryFs = disk,
            left: list[MemoryFs] = left,
            path: str = path,
        ) -> None:
            left.append(disk.after_power_cut())
            if operation == "read" and name == path:
                raise OSError(5, "unreadable")

        repair(HookFs(disk, see), CLOCK)
        left.append(disk.after_power_cut())
        assert any(name.startswith("damaged/unread_") for name in left[-1].contents()), path
        for number, cut in enumerate(left):
            assert damaged in cut.contents().values(), (path, number)


def test_repair_moves_an_unread_copy_aside_on_a_mirrors_own_disk() -> None:
    """Nothing can be renamed from one disk to another: the file goes aside where it lies, durably,
    and what was moved before it under that name stays."""
    files, (_, unread) = reference()[0], journal(1)
    name = unread.rpartition("/")[2]
    main, mirror = MemoryFs(), MemoryFs()
    split = SplitFs(main, mirror)
    for path, data in files.items():
        split.make_dir(path.rpartition("/")[0] or ".")
        replace_file(split, path, data)
    left = list[MemoryFs]()

    def refuse(operation: str, path: str, data: bytes) -> None:
        left.append(mirror.after_power_cut())
        if operation == "read" and path == unread:
            raise OSError(5, "unreadable")

    kept = [files[unread]]
    for again in (b"", b" once more"):
        assert [step.path for step in repair(HookFs(split, refuse), CLOCK).steps] == [unread]
        assert verify(split, clock=CLOCK).sound
        aside = {path: data for path, data in mirror.contents().items() if "unread" in path}
        assert sorted(aside.values()) == sorted(kept)
        assert {path.rpartition("/")[0] for path in aside} == {"damaged"}
        if not again:
            assert all(files[unread] in cut.contents().values() for cut in left)
            kept.append(files[unread] + again)
            replace_file(mirror, name, kept[-1])
