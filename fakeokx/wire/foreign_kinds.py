"""What a used account shows of products that are not traded here, kind by kind.

The shapes are those of a small scratch venue's own rows, so that every documented key is there, in
its order; the values are invented. Ids and times are the tokens of ``engine.foreign``.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from fakeokx.engine.commands import Deposit, OrderRequest, PlaceAlgo, PlaceOrders
from fakeokx.engine.decimals import plain
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue
from fakeokx.wire.render_account import position_history_row, position_row
from fakeokx.wire.render_market import instrument_row
from fakeokx.wire.render_orders import algo_row, bill_row, fill_row, order_row

Row = dict[str, Any]
Rows = list[tuple[str, Row]]
_SCRATCH: Final = "BTC-USDT-SWAP"


class Product(NamedTuple):
    """One foreign product, and what the account did with it; ``ccy`` is what it settles in."""

    inst_type: str
    inst_id: str
    ccy: str
    px: str
    sz: str
    ct_val: str
    fee: str
    mgn_mode: str = "cross"


KINDS: Final[Mapping[str, Product]] = MappingProxyType(
    {
        "option": Product(
            "OPTION", "BTC-USD-301227-60000-C", "BTC", "0.0325", "5", "1", "-0.000015"
        ),
        "margin_cross": Product("MARGIN", "BTC-USDT", "USDT", "50000", "0.05", "", "-2.5"),
        "margin_isolated": Product(
            "MARGIN", "ETH-USDT", "USDT", "3000", "0.5", "", "-1.5", "isolated"
        ),
        "margin_life": Product("MARGIN", "ETH-USDT", "USDT", "3000", "0.5", "", "-1.5", "isolated"),
        "inverse": Product("SWAP", "BTC-USD-SWAP", "BTC", "50000", "10", "100", "-0.00001"),
        "usdc": Product("SWAP", "BTC-USDC-SWAP", "USDC", "50000", "200", "0.0001", "-0.5"),
        "coin_future": Product(
            "FUTURES", "BTC-USD-301227", "BTC", "49500", "4", "100", "-0.000004"
        ),
        "delisted": Product("SWAP", "LUNA-USDT-SWAP", "USDT", "80", "10", "1", "-0.4"),
    }
)
_FUNDS: Final = MappingProxyType({"BTC": "0.5", "USDC": "5000"})
_EXPIRY: Final = "1924588800000"


def rows_of(kind: str) -> Rows:
    """The rows of that kind, each with its endpoint."""
    product = KINDS[kind]
    if kind == "margin_life":
        life = _life(product) | {"pnl": "", "fee": "", "realizedPnl": "", "pnlRatio": ""}
        return [("account/positions-history", life)]
    found = list(_dealt(product))
    if kind == "delisted":
        return [*found, *_ended(product)]
    found += [
        ("public/instruments", _instrument(product)),
        ("account/positions", _position(product)),
        ("trade/orders-pending", _order(product, "rests") | _RESTING),
    ]
    if kind == "margin_cross":
        other = {"ccy": "BTC", "posId": "$otherpos", "tradeId": "99001"}
        return [*found, ("account/positions", _position(product) | other)]
    return found if kind == "option" else [*found, ("trade/orders-algo-pending", _algo(product))]


@cache
def _shapes() -> Mapping[str, Row]:
    """One row of each list, as this venue writes them."""
    venue = Venue(seed=0, first_cash_quote=Decimal(1_000_000))
    words = {"inst_id": _SCRATCH, "td_mode": "cross"}
    sold = OrderRequest(**words, side="sell", ord_type="market", sz="1")
    bought = OrderRequest(**words, side="buy", ord_type="market", sz="1")
    stop = PlaceAlgo(
        **words, side="sell", ord_type="conditional", sz="1", sl_trigger_px="1", sl_ord_px="-1"
    )
    for command in (Deposit(ccy="USDT", amt="1"), PlaceOrders(orders=(sold, bought, bought)), stop):
        step(venue, command, 1)
    (position,) = venue.main.positions.values()
    return {
        "position": position_row(venue, position),
        "life": position_history_row(venue, next(iter(venue.main.lives.values()))),
        "order": order_row(next(iter(venue.orders.values()))),
        "algo": algo_row(next(iter(venue.algos.values()))),
        "fill": fill_row(venue.fills[0]),
        "transfer": bill_row(venue.bills[0]),
        "bill": bill_row(venue.bills[1]),
        "instrument": instrument_row(venue.instrument(_SCRATCH)),
    }


def _row(shape: str, product: Product, values: Row) -> Row:
    named = {"instId": product.inst_id, "instType": product.inst_type}
    row = _shapes()[shape] | named | values
    assert row.keys() == _shapes()[shape].keys(), f"{shape} has no {values.keys()}"
    return row


def _dealt(product: Product) -> Iterator[tuple[str, Row]]:
    """The money it needed, the order that opened it, its fill, its bill, and an earlier life."""
    if product.ccy in _FUNDS:
        amount = _FUNDS[product.ccy]
        values = {"ccy": product.ccy, "balChg": amount, "sz": amount, "billId": "$funds"}
        named = {"instId": "", "instType": "", "ts": "$now", "fillTime": "$now"}
        yield "account/bills", _row("transfer", product, values | named)
    yield "trade/orders-history", _order(product, "opened")
    yield from _executed(product, "1", "2")
    if product.inst_id != "LUNA-USDT-SWAP":
        yield "account/positions-history", _life(product)


def _executed(product: Product, sub_type: str, bill_type: str) -> Iterator[tuple[str, Row]]:
    name = "$bill" if bill_type == "2" else "$end"
    ord_id = "$opened" if bill_type == "2" else "$delivered"
    common = {"billId": name, "ordId": ord_id, "clOrdId": "", "subType": sub_type, "ts": "$now"}
    trade_id = "99000" if bill_type == "2" else "99001"
    common |= {"fillTime": "$now", "tradeId": trade_id, "fee": product.fee}
    of_fill = {"fillPx": product.px, "fillSz": product.sz, "feeCcy": product.ccy, "fillPnl": "0"}
    of_fill |= {"fillMarkPx": product.px, "fillIdxPx": product.px, "side": "buy"}
    if product.inst_type == "OPTION":
        of_fill |= {"fillPxVol": "0.52", "fillPxUsd": "1625", "fillFwdPx": "49990"}
    yield "trade/fills", _row("fill", product, common | of_fill | _no_side(product))
    of_bill = {"ccy": product.ccy, "balChg": product.fee, "px": product.px, "sz": product.sz}
    of_bill |= {"type": bill_type, "mgnMode": product.mgn_mode, "pnl": "0"}
    of_bill |= {"posBal": "0", "posBalChg": "0"}
    yield "account/bills", _row("bill", product, common | of_bill)


def _ended(product: Product) -> Iterator[tuple[str, Row]]:
    """It was delisted: what was held was settled."""
    ended = {"category": "delivery", "side": "sell", "clOrdId": ""}
    yield "trade/orders-history", _order(product, "delivered") | ended
    yield from _executed(product, "112", "3")
    yield "account/positions-history", _life(product)


_RESTING: Final = MappingProxyType(
    {
        "state": "live",
        "ordType": "limit",
        "accFillSz": "0",
        "fillSz": "0",
        "avgPx": "",
        "fillPx": "",
        "fillTime": "",
        "tradeId": "",
        "fee": "0",
    }
)


def _no_side(product: Product) -> Row:
    return {"posSide": "" if product.inst_type in ("MARGIN", "OPTION") else "net"}


def _order(product: Product, name: str) -> Row:
    values = {
        "ordId": f"${name}",
        "clOrdId": f"hand{name}",
        "cTime": "$now",
        "uTime": "$now",
        "fillTime": "$now",
        "ccy": product.ccy,
        "feeCcy": product.ccy,
        "rebateCcy": product.ccy,
        "fee": product.fee,
        "px": product.px,
        "avgPx": product.px,
        "fillPx": product.px,
        "sz": product.sz,
        "accFillSz": product.sz,
        "fillSz": product.sz,
        "tradeId": "99000",
        "side": "buy",
        "tdMode": product.mgn_mode,
        "pxUsd": "1625" if product.inst_type == "OPTION" else "",
        "pxType": "px" if product.inst_type == "OPTION" else "",
    }
    return _row("order", product, values | _no_side(product))


def _algo(product: Product) -> Row:
    values = {
        "algoId": "$stop",
        "algoClOrdId": "",
        "cTime": "$now",
        "uTime": "$now",
        "sz": product.sz,
        "last": product.px,
        "slTriggerPx": "1",
        "tdMode": product.mgn_mode,
    }
    return _row("algo", product, values | _no_side(product))


def _position(product: Product) -> Row:
    prices = ("avgPx", "bePx", "idxPx", "last", "markPx", "nonSettleAvgPx")
    values: Row = dict.fromkeys(prices, product.px)
    values |= {
        "posId": "$pos",
        "pos": product.sz,
        "posSide": "net",
        "ccy": product.ccy,
        "cTime": "$now",
        "uTime": "$now",
        "fee": product.fee,
        "pnl": "0",
        "realizedPnl": product.fee,
        "upl": "0",
        "uplLastPx": "0",
        "uplRatio": "0",
        "uplRatioLastPx": "0",
        "liqPx": "",
        "tradeId": "99000",
        "mgnMode": product.mgn_mode,
    }
    if product.mgn_mode == "isolated":
        values |= {"imr": "", "margin": "150"}
    if product.inst_type == "MARGIN":
        owed = plain(-Decimal(product.px) * Decimal(product.sz))
        coin = product.inst_id.split("-")[0]
        values |= {"posCcy": coin, "liabCcy": "USDT", "liab": owed, "availPos": product.sz}
        values |= {"interest": "0.02", "settledPnl": "", "nonSettleAvgPx": ""}
    if product.inst_type == "OPTION":
        values |= {"optVal": "0.001625", "deltaBS": "0.02", "gammaBS": "0", "lever": ""}
        values |= {"thetaBS": "-1.5", "vegaBS": "2.5", "availPos": product.sz}
    return _row("position", product, values)


def _life(product: Product) -> Row:
    values = {
        "posId": "$life",
        "posSide": "net",
        "ccy": product.ccy,
        "cTime": "$now-7200000",
        "uTime": "$now-3600000",
        "openAvgPx": product.px,
        "nonSettleAvgPx": product.px,
        "closeAvgPx": product.px,
        "openMaxPos": product.sz,
        "closeTotalPos": product.sz,
        "direction": "long",
        "mgnMode": product.mgn_mode,
        "fee": product.fee,
        "pnl": "0",
        "realizedPnl": product.fee,
        "uly": _family(product),
    }
    return _row("life", product, values)


def _family(product: Product) -> str:
    return "-".join(product.inst_id.split("-")[:2])


def _instrument(product: Product) -> Row:
    base, quote = product.inst_id.split("-")[:2]
    is_pair = product.inst_type == "MARGIN"
    values = {
        "instIdCode": None,
        "baseCcy": base if is_pair else "",
        "quoteCcy": quote if is_pair else "",
        "settleCcy": "" if is_pair else product.ccy,
        "ctType": "" if is_pair or product.inst_type == "OPTION" else _ct_type(quote),
        "ctVal": product.ct_val,
        "ctMult": "" if is_pair else "0.01" if product.inst_type == "OPTION" else "1",
        "ctValCcy": "" if is_pair else "USD" if product.ct_val == "100" else base,
        "uly": "" if is_pair else _family(product),
        "instFamily": "" if is_pair else _family(product),
        "expTime": _EXPIRY if product.inst_type in ("OPTION", "FUTURES") else "",
        "alias": "next_quarter" if product.inst_type == "FUTURES" else "",
        "lotSz": "0.00000001" if is_pair else "1",
        "minSz": "0.00001" if is_pair else "1",
        "tickSz": "0.0005" if product.inst_type == "OPTION" else "0.1",
        "optType": "C" if product.inst_type == "OPTION" else "",
        "stk": "60000" if product.inst_type == "OPTION" else "",
        "lever": "" if product.inst_type == "OPTION" else "10" if is_pair else "100",
    }
    return _row("instrument", product, values)


def _ct_type(quote: str) -> str:
    return "inverse" if quote == "USD" else "linear"
