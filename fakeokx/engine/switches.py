"""Where sources about OKX disagree, somebody has to choose: one switch for each such place.

A switch has a name, a default and the other values it may take; all of them are text. They
belong to the venue's truth: a switch is set by a command, the command is in the ledger, and a
replay sees the same values at the same places.

Nothing here acts. Who acts on a switch reads it where the behaviour is: the engine for what
it decides, the wire for what it writes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fakeokx.engine.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch: what it is by default, what else it may be, and what it decides."""

    default: str
    others: tuple[str, ...]
    meaning: str

    @property
    def values(self) -> tuple[str, ...]:
        """Every value, the default first."""
        return self.default, *self.others


SWITCHES: Final[Mapping[str, Switch]] = MappingProxyType(
    {
        "http.missing_param_status": Switch("200", ("400",), "HTTP status of 50014"),
        "http.unknown_key_status": Switch("401", ("200",), "HTTP status of 50119"),
        "http.rate_limit_form": Switch(
            "429_bare", ("200_envelope",), "50011: HTTP 429 without data, or 200 with it"
        ),
        "msg.param_error_trailing_space": Switch(
            "true", ("false",), "whether the message of 51000 in a row ends in a space"
        ),
        "msg.all_failed": Switch(
            "All operations failed", ("Operation failed.",), "message of top code 1"
        ),
        "msg.place_ok": Switch("Order placed", ("",), "sMsg of an order that was placed"),
        "order.cancel_dead_top_code": Switch(
            "1", ("0",), "top code of a cancel whose only failure is 51400"
        ),
        "order.get_after_2h": Switch(
            "not_found", ("found",), "GET order on one canceled unfilled two hours ago"
        ),
        "order.rest_ccy": Switch("settleCcy", ("",), "ccy of a swap's order row over REST"),
        "order.ws_ccy": Switch("", ("settleCcy",), "ccy of a swap's order row over WebSocket"),
        "order.ws_avgpx_none": Switch("0", ("",), "avgPx of a push before the first fill"),
        "order.reduce_oversize": Switch(
            "by_mode",
            ("shrink", "reject_51112"),
            "a closing order beyond the position: by_mode shrinks in net, refuses in long_short",
        ),
        "id.tag_charset": Switch("strict", ("off",), "whether a tag must be 1-16 letters, digits"),
        "attached.after_cancel": Switch(
            "live", ("none",), "attached TP/SL of an order canceled after a partial fill"
        ),
        "algo.child_tag": Switch("inherit", ("empty",), "tag of the order that an algo fires"),
        "algo.child_clordid": Switch(
            "empty", ("generated",), "clOrdId of the order that an algo fires"
        ),
        "algo.legacy_clordid": Switch(
            "copy", ("ignore",), "whether a clOrdId on order-algo becomes its algoClOrdId"
        ),
        "algo.fail_code_idle": Switch(
            "", ("0_1",), "failCode without failure: empty, or 0 while live and 1 when effective"
        ),
        "position.flat_close_code": Switch(
            "51023", ("51169",), "code of close-position without a position"
        ),
        "position.pending_close_http": Switch("429", ("200",), "HTTP status of 51115"),
        "position.availpos_hedge": Switch(
            "pos", ("",), "availPos in long_short mode: what no closing order waits for, or empty"
        ),
        "liquidation.visible_as": Switch(
            "orders", ("silent",), "whether a liquidation shows in the order and fill lists"
        ),
        "bill.net_subtype": Switch(
            "buy_sell", ("open_close",), "subType in net mode: 1/2, or 3-6 as in long_short"
        ),
        "account.leverage_scope": Switch(
            "contract", ("inst_family",), "what one set-leverage reaches in cross margin"
        ),
        "account.leverage_busy_code": Switch(
            "59000", ("59101_59107",), "set-leverage while orders wait: isolated, cross"
        ),
        "caa.time_unit": Switch("s", ("ms",), "unit of cancel-all-after's triggerTime and ts"),
        "ws.idle_protocol_ping": Switch(
            "ignored", ("counts",), "whether a ping frame keeps a WebSocket open"
        ),
        "ws.error_prefix": Switch(
            "Invalid request: ", ("Illegal request: ",), "begin of the message of 60012"
        ),
        "ws.fail_msg": Switch("", ("All operations failed",), "msg of order ops under code 1"),
        "ws.rate_limit_form": Switch(
            "row", ("op_60014",), "too many order ops: 50011 in the row, or 60014 on the op"
        ),
        "ws.ack_vs_push": Switch(
            "ack_first", ("push_first",), "what comes first after an order op"
        ),
        "book.checksum": Switch("0", ("crc32",), "checksum of the books channels"),
    }
)


class Switches(Mapping[str, str]):
    """The value of every switch. Written only by the venue."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values = {name: switch.default for name, switch in SWITCHES.items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def put(self, name: str, value: str) -> None:
        """Set one switch; 51000 names the switch, or says that the value is not one of its own."""
        check(name, value)
        self._values[name] = value


def check(name: str, value: str) -> None:
    """Refuse (51000) a switch that does not exist and a value that it does not have."""
    if name not in SWITCHES:
        raise Refusal("51000", f"switch {name}")
    if value not in SWITCHES[name].values:
        raise Refusal("51000", name)


DEFAULTS: Final = Switches()
