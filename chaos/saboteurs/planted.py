"""Plausible mistakes, each one line of the library changed: what a hurried hand might write.

``planted`` puts one into the library, in this process, for as long as its block lasts: the source
of one function with ``old`` replaced by ``new``. A mistake whose ``old`` is not in that source any
more raises ``LookupError``: the table has to follow the library.

``SWEPT`` are mistakes that only show when something else happens in the middle: the sweep
``meanwhile`` must catch each of them. ``SHARED`` only show where somebody else is about, another
process, a child, a copy or a stranger in the directory: each must be caught by the sweep that
``scene`` names, there with the one stranger that is ``near``.
``LATE`` only show when evidence comes late or in pieces: ``detect`` must catch each of them.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

_LIBRARY: Final = "prometheus_persist."


@dataclass(frozen=True, slots=True)
class Mistake:
    """``place``: module and qualified name below the library, with a colon between.

    ``scene``, ``deed``, ``near``: where ``sweep meanwhile`` sees it, the last as a part of the
    point's name; ``seen_as``: what is then said; ``kind``: the one on which ``detect`` sees it.
    """

    place: str
    old: str
    new: str
    scene: str = ""
    deed: str = ""
    near: str = ""
    seen_as: str = ""
    kind: str = ""


SWEPT: Final[dict[str, Mistake]] = {
    "fence-before-only": Mistake(
        "storage.committer:Committer._write_pending",
        "self._sync_down()\nself._fence()",
        "self._sync_down()",
        "save",
        "take over and save",
        "write incremental/journal",
        "acknowledged and lost",
    ),
    "fence-never": Mistake(
        "storage.lock:StoreLock.fence",
        "named != self._identity",
        "False",
        "save",
        "take over and save",
        "fsync incremental/journal",
        "two writers",
    ),
    "capture-then-submit": Mistake(
        "saving.saver:Saver._submit",
        "with self._in_order, self._taking:",
        "if True:",
        "save",
        "save",
        " _submit",
        "not the live state",
    ),
    "cut-does-not-wait": Mistake(
        "storage.store:Store._cut",
        "self._committer.flush()  # of what was submitted meanwhile; commits wait for it",
        "pass",
        "snapshot",
        "save_soon, made",
        " _cut",
        "mixed snapshot",
    ),
    "cut-beside-commits": Mistake(
        "storage.store:Store._cut",
        "with self._guard:",
        "if True:",
        "snapshot",
        "save_soon, made",
        " _cut",
        "mixed snapshot",
    ),
    "nothing-new-is-durable": Mistake(
        "saving.saver:Saver.save",
        "self.store.flush()",
        "self.store.tip.seq",
        "checkpoint",
        "save_soon, save",
        " flush",
        "failed",
    ),
    "dirty-cleared-late": Mistake(
        "storage.committer:Committer._sync",
        "self._mirror_dirty = False\nmirror.fsync()",
        "mirror.fsync()\nself._mirror_dirty = False",
        "checkpoint",
        "save",
        "mirror/",
        "failed",
    ),
    "lock-released-first": Mistake(
        "session.writer:StoreWriter._let_go",
        "try:\n"
        "self._store.whole(self._store.close)  # shut, and why, before the lock is anybody's\n"
        "finally:\nself._store.refuse()\ngiven_back(self._lock.release)",
        "try:\n    self._lock.release()\nfinally:\n    self._store.whole(self._store.close)",
        "close",
        "open",
        "fsync incremental/journal",
        "two writers",
    ),
    "asked-after-the-read": Mistake(
        "session.live_booking:settle_one",
        "arrived = cl_ord_id not in context.waits_ms()\n"
        "seen = reader.read_order(intent, context.clock.now_ms())",
        "seen = reader.read_order(intent, context.clock.now_ms())\n"
        "arrived = cl_ord_id not in context.waits_ms()",
        "settle_unknown",
        "arrives late",
        "trade/order",
        "wrong books",
    ),
    "settles-beside-the-gate": Mistake(
        "session.live_booking:settle_one",
        "with context.gate.turn:",
        "if True:",
        "settle",
        "settle",
        " commit_of",
        "failed",
    ),
    "reads-once": Mistake(
        "session.reconciling:_mark",
        "len(books.booked_fills), len(books.ended), len(books.booked_flows)",
        "0",
        "sync",
        "settle",
        " decide",
        "failed",
    ),
    "issued-meanwhile": Mistake(
        "session.reconciling:_mark",
        "context.gate.issued",
        "0",
        "sync",
        "order",
        "trade/orders-algo-pending",
        "wrong books",
    ),
    "put-over-what-changed": Mistake(
        "saving.saver:Saver._replace",
        "if model is not made[key] or (model and _changed(_fields(model), base[key][1])):",
        "if False:",
        "settle",
        "changes",
        " commit_of",
        "acknowledged and gone",
    ),
    "everything-is-put": Mistake(
        "saving.saver:Saver._save_moved",
        "before = self._replace(moved, keys, base)\ntry:",
        "before = self._replace(moved, keys, base)\n"
        "for name in moved.__dataclass_fields__:\n"
        "    setattr(self.state, name, getattr(moved, name))\n"
        "try:",
        "settle",
        "replaces",
        " commit_of",
        "acknowledged and gone",
    ),
}

LATE: Final[dict[str, Mistake]] = {
    "the-answer-proves-nothing": Mistake(
        "reconcile.findings.residual_positions:_LeftOver._behind",
        "if one.filled_contracts is not None",
        "if False",
        kind="late-older",
        seen_as="hidden, and yet human",
    ),
    "the-window-is-all": Mistake(
        "exchange.okx.view:Reading.view",
        "fills += self._older(looked, fills)",
        "pass",
        kind="late-older",
        seen_as="shown, and yet incomplete",
    ),
    "ended-before-it-is-booked": Mistake(
        "reconcile.findings.intents:_judge_found",
        "if filled != booked:",
        "if False:",
        kind="late-order",
        seen_as="hidden, and yet",
    ),
    "canceled-means-nothing-done": Mistake(
        "reconcile.findings.intents:_judge_found",
        "filled = seen.filled if seen.filled is not None else whole",
        'filled = booked if outcome == "CANCELED" else seen.filled or whole',
        kind="late-part-canceled",
        seen_as="hidden, and yet",
    ),
    "bills-are-not-waited-for": Mistake(
        "reconcile.money.explained:judge_money",
        "if by_kind.without_fill:",
        "if False:",
        kind="late-bill",
        seen_as="hidden, and yet",
    ),
}


SHARED: Final[dict[str, Mistake]] = {
    "lock-by-name": Mistake(
        "storage.lock:StoreLock._lock",
        "identity = _identity(os.fstat(self._file))",
        "identity = self._named(self._name) or (0, 0)",
        "lock",
        seen_as="two writers",
    ),
    "takes-away-first": Mistake(
        "session.opening:opening",
        "if take_over:\n_read(fs, clock, lock)\nrefuse_read_only(fs)\nlock.take()",
        "if take_over:\n    lock.take()\n    _read(fs, clock, lock)\n    refuse_read_only(fs)",
        "lock",
        seen_as="a take-over that failed took something away",
    ),
    "repairs-unfenced": Mistake(
        "recovery.repair:repair",
        "owner or ALONE",
        "ALONE",
        "lock",
        seen_as="the store is lost",
    ),
    "no-pid": Mistake(
        "storage.forks:refuse_child",
        "if os.getpid() != pid:",
        "if False:",
        "fork",
        seen_as="a child was not told",
    ),
    "child-unlocks": Mistake(
        "storage.lock:_in_child",
        "os.close(_OPEN.pop())",
        "[(fcntl.flock(one, fcntl.LOCK_UN), os.close(one)) for one in (_OPEN.pop(),)]",
        "fork",
        seen_as="the lock was lost to a child",
    ),
    "mirror-without-owner": Mistake(
        "session.locks:refuse_others_mirror",
        "if owner is None or owner.home is None or owner.home.is_same(home):",
        "if True:",
        "copies",
        seen_as="a copy was let in",
    ),
    "epoch-from-the-name": Mistake(
        "storage.segments:epoch_after",
        "if epoch <= far and name in known:",
        "if True:",
        "hostile",
        near="beside incremental/journal/e99999999_s00000000000001.wal: empty",
        seen_as="refused for a stranger",
    ),
    "names-decide-what-is-read": Mistake(
        "storage.segments:Segments.reaches",
        "if not tip.seq:",
        "if True:",
        "hostile",
        near="beside incremental/journal/e00000004_s00000000000019.wal: empty",
        seen_as="acknowledged and lost",
    ),
    "unlinks-every-tmp": Mistake(
        "storage.replacing:clear_temporaries",
        "if is_temporary(folder, name) and fs.size(path) is not None:",
        'if name.endswith(".tmp"):',
        "hostile",
        near="beside snapshots/snapshot.zip.tmp: text",
        seen_as="a stranger's file is not what it was",
    ),
    "follows-links": Mistake(
        "storage.fs:_open_dir",
        "flags |= os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC",
        "flags |= os.O_DIRECTORY | os.O_CLOEXEC",
        "hostile",
        near="in place incremental/agents: a link to a directory",
        seen_as="written through a link",
    ),
    "waits-for-a-fifo": Mistake(
        "storage.fs:LocalFs._open",
        "_refuse_strange(os.stat(name, dir_fd=folder, follow_symlinks=False), path)",
        "os.close(os.open(name, os.O_RDONLY, dir_fd=folder))",
        "hostile",
        near="beside incremental/journal/e99999999_s00000000000001.wal: a FIFO",
        seen_as="hangs or dies",
    ),
    "modes-as-they-come": Mistake(
        "storage.fs:_make_private",
        "if stat.S_IMODE(found.st_mode) != mode:",
        "if False:",
        "hostile",
        near="modes .: open to everybody",
        seen_as="open to others",
    ),
}


@contextlib.contextmanager
def planted(mistake: Mistake) -> Iterator[None]:
    """The library with this in it; raises LookupError where there is no such line."""
    module_name, _, qualified = mistake.place.partition(":")
    module = importlib.import_module(_LIBRARY + module_name)
    owner_name, _, name = qualified.rpartition(".")
    owner: Any = getattr(module, owner_name) if owner_name else module
    honest = vars(owner)[name]
    wrong = _rewritten(honest, mistake, vars(module))
    places = [owner] if owner_name else _where(honest)
    for place in places:
        setattr(place, name, wrong)
    try:
        yield
    finally:
        for place in places:
            setattr(place, name, honest)


def _rewritten(honest: Callable[..., Any], mistake: Mistake, space: dict[str, Any]) -> Any:
    source = _replaced(textwrap.dedent(inspect.getsource(honest)), mistake)
    made: dict[str, Any] = {}
    code = compile(source, str(space["__file__"]), "exec")
    exec(code, space, made)  # noqa: S102 our own source, on purpose
    return made[honest.__name__]


def _replaced(source: str, mistake: Mistake) -> str:
    """One line in part, or several as a block, however deep they stand."""
    old, lines = [each.strip() for each in mistake.old.split("\n")], source.split("\n")
    found = [
        number
        for number in range(len(lines) - len(old) + 1)
        if [each.strip() for each in lines[number : number + len(old)]] == old
        or (len(old) == 1 and old[0] in lines[number])
    ]
    if len(found) != 1:
        raise LookupError(f"{mistake.place} has {len(found)} times: {mistake.old}")
    first = lines[found[0]]
    indent = first[: len(first) - len(first.lstrip())]
    new = textwrap.indent(mistake.new, indent)
    if len(old) == 1:
        new = first.replace(old[0], mistake.new)
    return "\n".join([*lines[: found[0]], new, *lines[found[0] + len(old) :]])


def _where(honest: Callable[..., Any]) -> list[Any]:
    """The library's modules that know this function by its name."""
    return [
        module
        for known, module in list(sys.modules.items())
        if known.startswith(_LIBRARY) and vars(module).get(honest.__name__) is honest
    ]
