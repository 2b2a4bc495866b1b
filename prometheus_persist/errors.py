"""Every error this library raises on purpose, split by whose turn it is.

    PersistError                      never raised itself
    ├── CallerError       exit 2      wrong argument, configuration or transition: fix the call
    │   ├── BadValue                  a value that has no exact meaning (NaN, junk, an id
    │   │                             outside its alphabet)
    │   ├── BadConfig                 a setting or a command line that cannot be carried out
    │   ├── NoStore                   nothing was ever saved in this directory
    │   ├── MirrorOfAnother           the mirror belongs to another directory: this is a copy
    │   ├── ForkedChild               the session belongs to the process that forked this one off
    │   ├── IllegalTransition         a state machine's table has no such row
    │   ├── PlanStale                 the approved plan is not the plan of the present view
    │   │   └── BooksMoved            another thread changed what was to be corrected: call again
    │   └── Frozen        exit 3      the gate is shut until a human lifts it
    ├── VenueError        exit 5      unreachable, limited, or contradicting itself: ask again
    │   ├── VenueUnreachable          no answer
    │   └── VenueRefused              an answer that is an error
    ├── DiskError         exit 4      full, failing, or damaged past the promise
    │   ├── StoreDamaged              names file, offset and reason
    │   ├── StoreNewer                written by a newer version of this library
    │   ├── StoreFailed   exit 7      the disk refused a write: nothing was acknowledged; or a
    │   │                             read: it is not known what is there
    │   └── StoreLocked   exit 6      another process writes here
    └── InternalError     exit 1      one of our own invariants broke: keep the evidence

Rules
- Every leaf has an ``exit_code`` and a ``next_step``. ``next_step`` is a message id; the words are
  in ``report.messages``, in Chinese and in English. Where a command of ours is that step,
  ``command`` has its words; whoever shows it adds the options that were in force: ``options``,
  where the error knows its store and account itself.
- ``detail`` is a sentence that names the thing at fault: file and offset, field, order. What an
  error says of itself (``str``, a traceback, a log) is the same as one line that is ``shown``.
- Nothing else in the library calls ``sys.exit``; the command line turns these into exit codes.
  What each code means is said in one place, ``words.exits``.
"""

from __future__ import annotations

from prometheus_persist.shown import shown

EXIT_OK = 0
EXIT_INTERNAL = 1
EXIT_USAGE = 2
EXIT_HUMAN = 3
EXIT_DAMAGED = 4
EXIT_VENUE = 5
EXIT_LOCKED = 6
EXIT_DISK = 7
EXIT_SKIPPED = 8
EXIT_SIGINT = 130
EXIT_SIGTERM = 143


class PersistError(Exception):
    """The root of the tree. Carries ``detail``; never raised itself."""

    exit_code: int = EXIT_INTERNAL
    next_step: str = "next.report_bug"
    command: tuple[str, ...] = ()
    options: str = ""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return shown(super().__str__())


class CallerError(PersistError):
    """The call cannot be carried out as made; a retry changes nothing."""

    exit_code = EXIT_USAGE
    next_step = "next.fix_call"


class BadValue(CallerError):
    """A value without an exact meaning was offered."""

    next_step = "next.fix_value"


class BadConfig(CallerError):
    """A setting or option that cannot be carried out."""

    next_step = "next.fix_config"


class NoStore(CallerError):
    """There is no store in this directory: nothing was ever saved there, as far as it tells."""

    next_step = "next.no_store"


class MirrorOfAnother(CallerError):
    """The mirror belongs to another directory; what was opened is a copy of that, or moved."""

    next_step = "next.mirror_of_another"


class ForkedChild(CallerError):
    """A process that was forked off uses its parent's session."""

    next_step = "next.forked_child"


class IllegalTransition(CallerError):
    """A state machine was asked for a step its table does not have."""


class PlanStale(CallerError):
    """The approval names a plan that the present view no longer yields."""

    exit_code = EXIT_HUMAN
    next_step = "next.plan_again"
    command = ("reconcile", "--plan", "plan.json")


class BooksMoved(PlanStale):
    """Another thread changed the very documents that were to be corrected; nothing was written."""


class Frozen(CallerError):
    """An order was refused because trading is frozen."""

    exit_code = EXIT_HUMAN
    next_step = "next.unfreeze"


class VenueError(PersistError):
    """The exchange's side of the comparison is missing."""

    exit_code = EXIT_VENUE
    next_step = "next.retry_venue"


class VenueUnreachable(VenueError):
    """No answer came; what was asked may or may not have happened."""


class VenueRefused(VenueError):
    """The exchange answered with an error; ``code`` is its own."""

    next_step = "next.check_venue_answer"

    def __init__(self, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.code = code


class DiskError(PersistError):
    """The store's disk is full, failing, or damaged."""

    exit_code = EXIT_DAMAGED
    next_step = "next.check_disk"


class StoreDamaged(DiskError):
    """What is on disk cannot be read as promised; names file, offset and reason."""

    next_step = "next.store_damaged"

    def __init__(
        self,
        detail: str,
        *,
        file: str = "",
        offset: int | None = None,
        command: tuple[str, ...] = ("verify",),
    ) -> None:
        place = f"{file} at byte {offset}: " if offset is not None else f"{file}: " if file else ""
        super().__init__(place + detail)
        self.reason = detail
        self.file = file
        self.offset = offset
        self.command = command


class StoreNewer(DiskError):
    """What is on disk is sound and was written by a newer version, which this one cannot read."""

    next_step = "next.store_newer"


class StoreFailed(DiskError):
    """The disk refused. A write that could not be made durable was not acknowledged, and the handle
    is shut; of what could not be read nothing is known, and nothing is called damaged."""

    exit_code = EXIT_DISK


class StoreLocked(DiskError):
    """Another process holds the store."""

    exit_code = EXIT_LOCKED
    next_step = "next.store_locked"


class InternalError(PersistError):
    """One of this library's own invariants does not hold."""
