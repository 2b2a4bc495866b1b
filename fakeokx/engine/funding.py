"""Funding, settlement and delivery: what time does to contracts.

Funding: amount = value at the mark price x rate, per position, at the moment it is settled. With
a positive rate longs pay and shorts receive. A cross position pays from cash; an isolated one
from its margin, and its bill leaves the cash alone. Once a rate is set, it is charged every
eight hours of UTC; a rate of zero stops that. A settlement on request changes no schedule.

Settlement, on request and only where ``future_settlement`` says so: what a cross position has
earned up to that price becomes cash (bill 34, 355), and the price its average.

Delivery ends a contract: waiting orders (7) and algo orders are canceled, positions closed at the
delivery price without a fee, and the instrument is gone. It happens on request (to a swap: it is
delisted), or to a FUTURES contract at its expiry, at the mark price.
"""

from decimal import Decimal
from typing import Final

from fakeokx.engine import checks, forced, price_matching
from fakeokx.engine.accounts import Account
from fakeokx.engine.commands import Deliver, Fund, SetFundingRate, Settle
from fakeokx.engine.decimals import parse
from fakeokx.engine.events import Billed, FundingPaid
from fakeokx.engine.evolve import evolve
from fakeokx.engine.instruments import EXPIRED, SWAP
from fakeokx.engine.lifecycle import AlgoEvent, next_algo_state
from fakeokx.engine.market import FundingPoint
from fakeokx.engine.model import CROSS, ISOLATED, Bill, Position
from fakeokx.engine.positions import DELIVERY, funded
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue, upl_quote

FUNDING_MS: Final = 8 * 3_600_000
BILL_FUNDING: Final = "8"
_EXPENSE: Final = "173"
_INCOME: Final = "174"
RATE_MAX: Final = Decimal("0.05")


def next_funding_ms(now_ms: int) -> int:
    """The next whole eight hours of UTC after that moment."""
    return now_ms - now_ms % FUNDING_MS + FUNDING_MS


def set_funding_rate(venue: Venue, command: SetFundingRate) -> None:
    """Charge this rate from the next funding time on; 51000 beyond 5 percent."""
    _swap(venue, command.inst_id)
    rate = _rate(command.rate)
    venue.put_funding_rate(command.inst_id, rate, next_funding_ms(venue.now_ms) if rate else None)


def fund(venue: Venue, command: Fund) -> None:
    """Settle a funding now."""
    _swap(venue, command.inst_id)
    in_force = venue.markets[command.inst_id].funding_rate
    settle(venue, command.inst_id, _rate(command.rate) if command.rate else in_force)


def settle(venue: Venue, inst_id: str, rate: Decimal) -> None:
    """Charge the rate to every position of the instrument."""
    for name in sorted(venue.accounts):
        holder = venue.accounts[name]
        for key in sorted(holder.open_positions):
            if key.inst_id == inst_id:
                _pay(venue, holder, holder.open_positions[key], rate)
    mark = venue.marks[inst_id]
    venue.put_funding(
        FundingPoint(inst_id=inst_id, rate=rate, mark_px_quote=mark, time_ms=venue.now_ms)
    )


def _pay(venue: Venue, holder: Account, position: Position, rate: Decimal) -> None:
    instrument = venue.instrument(position.key.inst_id)
    mark = venue.marks[position.key.inst_id]
    amount = -instrument.value(position.qty_contracts, mark) * rate
    if amount == 0:
        return
    after = funded(position, amount, venue.now_ms)
    cash_change = amount - (after.margin - position.margin)
    kind = (BILL_FUNDING, _INCOME if amount > 0 else _EXPENSE)
    bill = _own_line(venue, holder, after, kind, (amount, cash_change), mark)
    assert position.key.mgn_mode != ISOLATED or cash_change == 0, "isolated funding moved cash"
    venue.put_bill(bill, FundingPaid(bill))
    venue.put_position(after)


def settle_future(venue: Venue, command: Settle) -> None:
    """Settle a FUTURES contract for the day; 51000 for one that is not settled daily."""
    if not checks.listed(venue, command.inst_id).future_settlement:
        raise Refusal("51000", "instId")
    px = checks.number("px", command.px) if command.px else venue.marks[command.inst_id]
    for name in sorted(venue.accounts):
        holder = venue.accounts[name]
        for key in sorted(holder.open_positions):
            if key.inst_id == command.inst_id and key.mgn_mode == CROSS:
                _settle_position(venue, holder, holder.open_positions[key], px)


def _settle_position(venue: Venue, holder: Account, position: Position, px: Decimal) -> None:
    earned = upl_quote(venue, position, px)
    bill = _own_line(venue, holder, position, ("34", "355"), (earned, earned), px)
    venue.put_bill(bill, Billed(bill))
    after = evolve(
        position,
        avg_px_quote=px,
        entry_px_quote=position.entry_px_quote or position.avg_px_quote,
        settled_pnl=position.settled_pnl + earned,
        u_time_ms=venue.now_ms,
    )
    venue.put_position(after)


def _own_line(
    venue: Venue,
    holder: Account,
    after: Position,
    kind: tuple[str, str],
    moved: tuple[Decimal, Decimal],
    px: Decimal,
) -> Bill:
    """A line of a position without a fill: ``kind`` is its type and subtype, ``moved`` how much
    it is and how much of that is cash; the rest is the position's margin.
    """
    amount, cash_change = moved
    return Bill(
        bill_id=venue.next_id(),
        type=kind[0],
        sub_type=kind[1],
        cash=holder.balance(after.ccy) + cash_change,
        cash_change=cash_change,
        margin=after.margin,
        margin_change=amount - cash_change,
        time_ms=venue.now_ms,
        account=holder.name,
        ccy=after.ccy,
        pnl=amount,
        inst_id=after.key.inst_id,
        mgn_mode=after.key.mgn_mode,
        qty_contracts=abs(after.qty_contracts),
        px_quote=px,
        pos_side=after.key.pos_side,
    )


def deliver(venue: Venue, command: Deliver) -> None:
    """End a contract; 51000 for SPOT, 51027 if it has ended."""
    instrument = checks.listed(venue, command.inst_id)
    if instrument.is_spot:
        raise Refusal("51000", "instId")
    if venue.markets[command.inst_id].state == EXPIRED:
        raise Refusal("51027")
    px = venue.marks[command.inst_id]
    end(venue, command.inst_id, checks.number("px", command.px) if command.px else px)


def end(venue: Venue, inst_id: str, px: Decimal) -> None:
    """The contract's last moment, at that price."""
    for name in sorted(venue.accounts):
        holder = venue.accounts[name]
        for order in [each for each in holder.open_orders.values() if each.inst_id == inst_id]:
            price_matching.cancel(venue, order, forced.CANCELED_BY_DELIVERY)
        for key in sorted(holder.open_positions):
            if key.inst_id == inst_id:
                position = holder.open_positions[key]
                forced.close(venue, position, abs(position.qty_contracts), DELIVERY, px)
    waiting = venue.markets[inst_id].algos
    for algo in [waiting[each] for each in sorted(waiting)]:
        state = next_algo_state(algo.state, AlgoEvent.CANCEL)
        venue.put_algo(evolve(algo, state=state, u_time_ms=venue.now_ms))
    venue.put_delivered(inst_id, px)


def _swap(venue: Venue, inst_id: str) -> None:
    if checks.listed(venue, inst_id).inst_type != SWAP:
        raise Refusal("51000", "instId")


def _rate(text: str) -> Decimal:
    found = parse(text.removeprefix("-"))
    if found is None or found > RATE_MAX:
        raise Refusal("51000", "rate")
    return -found if text.startswith("-") else found
