"""Account settings, and what the control API may do to accounts and to the market.

``liquidate`` and ``adl`` are in ``forced``, fundings and deliveries in ``funding``.
"""

import re
from decimal import Decimal
from typing import Final

from fakeokx.engine import checks, price_matching, switches, triggers
from fakeokx.engine.account import initial_margin_quote, wealth
from fakeokx.engine.accounts import Account
from fakeokx.engine.commands import (
    AdvanceClock,
    Deposit,
    MovePrice,
    OpenAccount,
    SetBook,
    SetInstrument,
    SetLeverage,
    SetMark,
    SetPartial,
    SetPendingMax,
    SetPositionMode,
    SetSwitch,
)
from fakeokx.engine.decimals import ONE, ZERO, is_multiple, parse, whole
from fakeokx.engine.events import Billed
from fakeokx.engine.evolve import evolve
from fakeokx.engine.instruments import EXPIRED, INSTRUMENTS, STATES, Instrument
from fakeokx.engine.market import Book, Level
from fakeokx.engine.model import (
    CROSS,
    ISOLATED,
    LONG,
    LONG_SHORT_MODE,
    NET,
    NET_MODE,
    SHORT,
    Bill,
    PositionKey,
)
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

PENDING_MAX_MAX: Final = 9_999_999
ADVANCE_MS_MAX: Final = 1000 * 86_400 * 366
LEVELS_MAX: Final = 400
_BILL_TRANSFER: Final = "1"
_IN: Final = "11"
_OUT: Final = "12"
_FUNDING_ACCOUNT: Final = "6"
_TRADING_ACCOUNT: Final = "18"
_ACCOUNT_NAME: Final = re.compile(r"[A-Za-z0-9]{1,20}", re.ASCII)
CURRENCIES: Final = tuple(
    sorted({ccy for each in INSTRUMENTS.values() for ccy in (each.base_ccy, each.quote_ccy)})
)


def set_leverage(venue: Venue, command: SetLeverage) -> None:
    """Set the leverage; refused while orders wait or isolated margin is bound by it.

    The refusal is 59000, or 59101 and 59107 by margin mode, as the switch says; 59108 if a cross
    position would ask for more margin than there is.
    """
    holder = venue.account(command.account)
    instrument = checks.tradable(venue, command.inst_id, command.mgn_mode, "mgnMode")
    lever = parse(command.lever)
    if lever is None or lever < ONE:
        raise Refusal("51000", "lever")
    if lever > instrument.lever_max:
        raise Refusal("59102")
    keys = leverage_keys(venue, holder, command)
    if all(holder.lever(key) == lever for key in keys):
        return
    ccy = instrument.settle_ccy
    if any(holder.open_by_key.get(key) for key in keys):
        raise Refusal(_busy_code(venue, command.mgn_mode))
    for key in keys:
        held = abs(venue.held(key, holder.name))
        if held and key.mgn_mode == ISOLATED:
            raise Refusal(_busy_code(venue, command.mgn_mode))
        if held > venue.instrument(key.inst_id).contracts_max(lever):
            raise Refusal("59102")
    more = _more_margin(venue, holder, keys, lever)
    if more and more > wealth(venue, holder.name, ccy).available:
        raise Refusal("59108")
    for key in keys:
        venue.put_lever(holder.name, key, lever)


def _more_margin(venue: Venue, holder: Account, keys: list[PositionKey], lever: Decimal) -> Decimal:
    """What the open ones of these positions ask for beyond what they do now; 0 for less."""
    held = [holder.open_positions[key] for key in keys if key in holder.open_positions]
    priced = [(each, venue.marks[each.key.inst_id]) for each in held]
    now = sum((initial_margin_quote(venue, each, px) for each, px in priced), ZERO)
    then = [initial_margin_quote(venue, evolve(each, lever=lever), px) for each, px in priced]
    return max(sum(then, ZERO) - now, ZERO)


def _busy_code(venue: Venue, mgn_mode: str) -> str:
    if venue.switches["account.leverage_busy_code"] == "59000":
        return "59000"
    return "59101" if mgn_mode == ISOLATED else "59107"


def leverage_keys(venue: Venue, holder: Account, command: SetLeverage) -> list[PositionKey]:
    """The positions that a set-leverage speaks of: one side only if isolated and two-sided.

    In cross it may, by switch, reach the whole family.
    """
    if holder.pos_mode == NET_MODE:
        checks.one_of("posSide", command.pos_side, ("", NET))
        sides: tuple[str, ...] = (NET,)
    elif command.mgn_mode == ISOLATED:
        sides = (checks.one_of("posSide", command.pos_side, (LONG, SHORT)),)
    else:
        sides = (LONG, SHORT)
    inst_ids = [command.inst_id]
    if command.mgn_mode == CROSS and venue.switches["account.leverage_scope"] == "inst_family":
        named = INSTRUMENTS[command.inst_id]
        inst_ids = [
            each.inst_id
            for each in INSTRUMENTS.values()
            if not each.is_spot and each.uly == named.uly
        ]
    return [PositionKey(each, command.mgn_mode, side) for each in inst_ids for side in sides]


def set_position_mode(venue: Venue, command: SetPositionMode) -> None:
    """Choose the position mode; 59000 while anything is open."""
    holder = venue.account(command.account)
    mode = checks.one_of("posMode", command.pos_mode, (NET_MODE, LONG_SHORT_MODE))
    if mode == holder.pos_mode:
        return
    if holder.open_positions or holder.open_orders or holder.open_algos:
        raise Refusal("59000")
    venue.put_pos_mode(holder.name, mode)


def move_price(venue: Venue, command: MovePrice) -> None:
    """Move the price: first waiting orders are filled, then algo orders fire."""
    instrument = checks.listed(venue, command.inst_id)
    px = checks.price("px", command.px, instrument)
    venue.put_price(command.inst_id, px)
    book = venue.markets[command.inst_id].book
    if book is not None:
        bids = tuple(each for each in book.bids if each.px_quote <= px)
        asks = tuple(each for each in book.asks if each.px_quote >= px)
        venue.put_book(command.inst_id, Book(bids=bids, asks=asks))
    price_matching.sweep(venue, command.inst_id)
    triggers.fire_all(venue, command.inst_id)


def set_mark(venue: Venue, command: SetMark) -> None:
    """Move the mark price alone."""
    instrument = checks.listed(venue, command.inst_id)
    venue.put_mark(command.inst_id, checks.price("px", command.px, instrument))


def set_book(venue: Venue, command: SetBook) -> None:
    """Seed the book; 51000 for levels out of order, twice, crossed, or more than 400."""
    instrument = checks.listed(venue, command.inst_id)
    bids = _levels("bids", command.bids, instrument)
    asks = _levels("asks", command.asks, instrument)
    if bids != tuple(sorted(bids, reverse=True)) or asks != tuple(sorted(asks)):
        raise Refusal("51000", "levels")
    if bids and asks and bids[0].px_quote >= asks[0].px_quote:
        raise Refusal("51000", "levels")
    book = Book(bids=bids, asks=asks) if bids or asks else None
    if book is not None or venue.markets[command.inst_id].book is not None:
        price_matching.seed(venue, command.inst_id, book)


def _levels(
    name: str, texts: tuple[tuple[str, str], ...], instrument: Instrument
) -> tuple[Level, ...]:
    if len(texts) > LEVELS_MAX:
        raise Refusal("51000", name)
    levels = []
    for px_text, sz_text in texts:
        qty = checks.number(name, sz_text)
        if not is_multiple(qty, instrument.lot_sz):
            raise Refusal("51121")
        levels.append(Level(checks.price(name, px_text, instrument), qty))
    if len({each.px_quote for each in levels}) != len(levels):
        raise Refusal("51000", name)
    return tuple(levels)


def set_partial(venue: Venue, command: SetPartial) -> None:
    """Let the next execution stop early; zero keeps the whole order waiting."""
    instrument = checks.listed(venue, command.inst_id)
    qty = parse(command.sz)
    if qty is None or not is_multiple(qty, instrument.lot_sz):
        raise Refusal("51000", "sz")
    venue.put_partial(command.inst_id, qty)


def set_instrument(venue: Venue, command: SetInstrument) -> None:
    """Suspend or list an instrument again, and set or (both empty) lift its price limits."""
    instrument = checks.listed(venue, command.inst_id)
    market = venue.markets[command.inst_id]
    state = checks.one_of("state", command.state or market.state, STATES)
    if EXPIRED in (state, market.state) and state != market.state:
        raise Refusal("51000", "state")
    limits = market.px_limits
    if command.buy_px_max or command.sell_px_min:
        limits = (
            checks.price("buyPxMax", command.buy_px_max, instrument),
            checks.price("sellPxMin", command.sell_px_min, instrument),
        )
    elif command.no_px_limits == "true":
        limits = None
    if state != market.state:
        venue.put_state(command.inst_id, state)
    if limits != market.px_limits:
        venue.put_px_limits(command.inst_id, limits)


def set_pending_max(venue: Venue, command: SetPendingMax) -> None:
    """Let every account have at most so many waiting orders (51102); 0 lifts the limit."""
    count = whole(command.count)
    if count is None or count > PENDING_MAX_MAX:
        raise Refusal("51000", "count")
    if count != venue.pending_max:
        venue.pending_max = count
        venue.put_setting("pendingMax", command.count)


def advance_clock(venue: Venue, command: AdvanceClock) -> None:
    """Run the clock ahead; time never goes back."""
    advance_ms = whole(command.advance_ms)
    if advance_ms is None or advance_ms > ADVANCE_MS_MAX:
        raise Refusal("51000", "advance_ms")
    venue.advance_clock(advance_ms)


def set_switch(venue: Venue, command: SetSwitch) -> None:
    """Behave from now on as the switch says; 51000 for a name or value that does not exist."""
    switches.check(command.name, command.value)
    if venue.switches[command.name] != command.value:
        venue.put_switch(command.name, command.value)


def open_account(venue: Venue, command: OpenAccount) -> None:
    """Open a further account; 51000 for a name that is not 1 to 20 letters and digits."""
    if _ACCOUNT_NAME.fullmatch(command.account) is None:
        raise Refusal("51000", "account")
    mode = checks.one_of("posMode", command.pos_mode, (NET_MODE, LONG_SHORT_MODE))
    if command.account not in venue.accounts:
        venue.put_account(Account(command.account, mode))


def deposit(venue: Venue, command: Deposit) -> None:
    """Move money into the trading account, or out of it; 51008 for more than is free."""
    holder = venue.account(command.account)
    ccy = checks.one_of("ccy", command.ccy, CURRENCIES)
    amount: Decimal = checks.number("amt", command.amt)
    leaves = checks.flag("out", command.out)
    if leaves and amount > wealth(venue, holder.name, ccy).spendable:
        raise Refusal("51008", ccy, "balance")
    change = -amount if leaves else amount
    bill = Bill(
        bill_id=venue.next_id(),
        type=_BILL_TRANSFER,
        sub_type=_OUT if leaves else _IN,
        cash=holder.balance(ccy) + change,
        cash_change=change,
        margin=ZERO,
        margin_change=ZERO,
        time_ms=venue.now_ms,
        account=holder.name,
        ccy=ccy,
        qty_contracts=amount,
        sender=_TRADING_ACCOUNT if leaves else _FUNDING_ACCOUNT,
        receiver=_FUNDING_ACCOUNT if leaves else _TRADING_ACCOUNT,
    )
    venue.put_bill(bill, Billed(bill))
