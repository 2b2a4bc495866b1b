"""After a death, a power cut or an error: what came back, judged against what was acknowledged.

- Nothing acknowledged is lost, and nothing is mixed: the restored digest is that of the last
  acknowledged commit, or of the one commit that had been begun behind it.
- It agrees with itself: every copy of an agent's money, and the streams (``invariants.state``).
- The restore writes nothing, and a second one says the same.
- A tear at the end of the audit is called that, and no line of it altered.
- The store opens again for writing, its own recovery changes no commit, and afterwards it is
  sound, without temporary files.
"""

from __future__ import annotations

from chaos.invariants.state import disagreements
from chaos.sweeps.reference_workload import FIRST, SETTINGS, AckLog, Yard, digest_of, ears_for
from chaos.sweeps.tally import Tally
from chaos.workload.clocks import WoundClock
from chaos.workload.narrator import Narrator
from chaos.workload.paper_life import DAY_START_MS, FixedIds
from prometheus_persist.errors import PersistError
from prometheus_persist.recovery import restore
from prometheus_persist.session import Session
from prometheus_persist.storage.audit_log import check_audit
from prometheus_persist.storage.fs import TEMPORARY, Fs
from prometheus_persist.storage.layout import RECOVERY_LOG
from prometheus_persist.testing.memory_fs import MemoryFs

NOW_MS = DAY_START_MS + 120_000


def judge_disk(tally: Tally, disk: MemoryFs, ears: AckLog, where: str) -> bool:
    """Restore twice and compare with what ``ears`` heard; whether all was well."""
    before = disk.contents()
    try:
        found = restore(disk, clock=WoundClock(NOW_MS))
        again = restore(disk, clock=WoundClock(NOW_MS))
    except PersistError as problem:
        tally.wrong("refused", f"{where}: {problem}")
        return False
    digest = digest_of(found)
    odd = disagreements(found.documents, found.streams)
    if odd:
        tally.wrong("does not agree with itself", f"{where}: {odd[0]}")
        return False
    if found.seq < ears.acked:
        tally.wrong("acknowledged and lost", f"{where}: {found.seq} of {ears.acked}")
        return False
    if digest not in ears.legal():
        tally.wrong("mixed", f"{where}: commit {found.seq}, {ears.acked} acknowledged")
        return False
    if digest_of(again) != digest or again.seq != found.seq or disk.contents() != before:
        tally.wrong("restore is not idempotent", where)
        return False
    lost = [damage for damage in found.facts.damages if damage.outcome == "lost"]
    if lost:
        tally.wrong("called lost", f"{where}: {lost[0].file}: {lost[0].problem}")
        return False
    if altered := audit_altered(disk):
        tally.wrong("the audit is called altered", f"{where}: {altered}")
        return False
    tally.counts["restored exactly"] += 1
    tally.counts["of these, the unacknowledged commit was there"] += digest != ears.acked_digest
    return True


def audit_altered(disk: Fs) -> str:
    """Which line of the audit is called altered: no crash alters one."""
    fault = check_audit(disk.read(RECOVERY_LOG)) if disk.size(RECOVERY_LOG) else None
    return "" if fault is None or fault.torn else fault.problem


def reopened(tally: Tally, disk: MemoryFs, grounds: Yard, where: str) -> None:
    """Open for writing, close, restore: the same state, nothing damaged, nothing temporary."""
    try:
        ears = ears_for(disk)
        reopen(disk, grounds, ears)
        found = restore(disk, clock=WoundClock(NOW_MS), thorough=True)
    except PersistError as problem:
        tally.wrong("cannot be reopened", f"{where}: {problem}")
        return
    damages = [d for d in found.facts.damages if d.outcome != "ignored"]
    left = [path for path in disk.contents() if path.endswith(TEMPORARY)]
    if found.seq < ears.acked or digest_of(found) != ears.acked_digest:
        tally.wrong("mixed after reopening", where)
    elif damages:
        tally.wrong("damaged after reopening", f"{where}: {damages[0].file} {damages[0].problem}")
    elif altered := audit_altered(disk):
        tally.wrong("the audit is called altered after reopening", f"{where}: {altered}")
    elif left:
        tally.wrong("temporary file left", f"{where}: {left[0]}")
    elif disk.handles_open:
        tally.wrong("handle left open", f"{where}: {disk.handles_open}")
    else:
        tally.counts["reopened and sound"] += 1


def reopen(fs: Fs, grounds: Yard, ears: AckLog) -> None:
    """What a restart does before it trades, and a clean end."""
    session = Session.open(
        grounds.plot(),
        fs=fs,
        clock=WoundClock(NOW_MS),
        ids=FixedIds(),
        settings=SETTINGS[FIRST],
        observer=Narrator(ears, fold=ears.fold),
    )
    try:
        session.wait()
        session.checkpoint()
    finally:
        session.close(save=False)
