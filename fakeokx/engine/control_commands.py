"""What the control API can ask of the venue: to move the market, and to do what markets do.

None of it belongs to a client; ``account`` says whom it befalls. ``Tick`` asks for nothing: it
lets happen what is due.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePrice:
    """Control: the last and the mark price of an instrument become this.

    Whatever waits in a seeded book below the new price (asks) or above it (bids) was eaten on
    the way.
    """

    inst_id: str
    px: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquidate:
    """Control: the venue takes a position over and closes it at the mark price."""

    inst_id: str
    pos_side: str = ""
    mgn_mode: str = ""
    account: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPartial:
    """Control: the next execution on the instrument stops after ``sz`` contracts."""

    inst_id: str
    sz: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceClock:
    """Control: the venue's clock runs this much further ahead of the machine's."""

    advance_ms: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSwitch:
    """Control: where sources about OKX disagree, behave like this (see ``switches``)."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMark:
    """Control: the mark (and index) price alone; the last price stays."""

    inst_id: str
    px: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBook:
    """Control: seed the book with levels of (price, contracts) as text.

    It replaces the seeded book. Both sides empty means no book: one price, as deep as asked.
    """

    inst_id: str
    bids: tuple[tuple[str, str], ...] = ()
    asks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFundingRate:
    """Control: the rate that the next fundings will charge; it may be negative."""

    inst_id: str
    rate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fund:
    """Control: settle a funding now, at this rate, or at the rate in force if it is empty."""

    inst_id: str
    rate: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """Control: a contract ends at this price, or at the mark price if it is empty."""

    inst_id: str
    px: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Control: the daily settlement of a FUTURES contract, at the mark price if ``px`` is empty."""

    inst_id: str
    px: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescale:
    """Control: one contract becomes ``factor`` contracts; with ``history`` also in what was."""

    inst_id: str
    factor: str
    history: str = "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adl:
    """Control: auto-deleverage ``sz`` contracts of a position, all of it if empty."""

    inst_id: str
    pos_side: str = ""
    mgn_mode: str = ""
    sz: str = ""
    account: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """Control: money arrives in a trading account (with ``out`` = "true" it leaves)."""

    ccy: str
    amt: str
    out: str = ""
    account: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount:
    """Control: a further account, empty; nothing happens if it exists already."""

    account: str
    pos_mode: str = "net_mode"


@dataclass(frozen=True, slots=True, kw_only=True)
class PutForeign:
    """Control: rows of other people, a JSON list of [endpoint, row] (see ``foreign``).

    With ``clear`` = "true" all of the account's are forgotten instead.
    """

    rows: str = "[]"
    clear: str = ""
    account: str = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The venue's own: nothing is asked, only what is due by now happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetInstrument:
    """Control: state (live, suspend, preopen) and price limits of an instrument.

    Limits come in pairs, the highest buying and the lowest selling price; empty leaves them as
    they are, ``no_px_limits`` = "true" lifts them.
    """

    inst_id: str
    state: str = ""
    buy_px_max: str = ""
    sell_px_min: str = ""
    no_px_limits: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPendingMax:
    """Control: every account may have at most so many waiting orders; 0 = no limit."""

    count: str
