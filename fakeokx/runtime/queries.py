"""What the GET endpoints share: required parameters, lists of words, filters.

A handler takes the runtime, the query and the key, and returns rows or raises Refusal. Unknown
query keys are ignored; an empty value is the same as none.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from heapq import merge
from typing import Any, Final, TypeVar

from fakeokx.engine.instruments import EXPIRED, INSTRUMENTS, Instrument
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.wire.auth import ApiKey
from fakeokx.wire.pagination import bound

Query = Mapping[str, str]
Rows = list[Any]
T = TypeVar("T")
Handler = Callable[[ExchangeRuntime, Query, ApiKey], Rows]
INST_IDS_MAX: Final = 10
POS_IDS_MAX: Final = 20
INST_TYPES: Final = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "EVENTS")


def required(query: Query, *names: str) -> None:
    """50014 for the first name that has no value."""
    for name in names:
        if not query.get(name):
            raise Refusal("50014", name)


def words(query: Query, name: str, most: int) -> tuple[str, ...]:
    """The values of a comma list; 50025 for more than ``most``."""
    found = tuple(word for word in query.get(name, "").split(",") if word)
    if len(found) > most:
        raise Refusal("50025", name, str(most))
    return found


def number(query: Query, name: str, default: int, most: int) -> int:
    """A count from 1 on, cut to ``most``; 51000 for anything else."""
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 20 and int(text) > 0):
        raise Refusal("51000", name)
    return min(int(text), most)


def older(found: Iterable[T], query: Query, id_of: Callable[[T], int]) -> Iterable[T]:
    """What ``after`` leaves of a list, before rows are made of it: page 100 makes no 100 pages."""
    after = bound("after", query)
    return found if after is None else (each for each in found if id_of(each) < after)


def filtered(rows: Iterable[Any], query: Query, *names: str) -> Iterator[Any]:
    """The rows that agree with each given filter; a filter may list values with commas."""
    wanted = {name: query[name].split(",") for name in names if query.get(name)}
    family = query.get("instFamily", "")
    for row in rows:
        if any(row.get(name) not in values for name, values in wanted.items()):
            continue
        if not family or family_of(row.get("instId", "")) == family:
            yield row


def foreign(runtime: ExchangeRuntime, account: str, *endpoints: str) -> Rows:
    """Copies of the account's rows of other people for these endpoints."""
    found = runtime.exchange.venue.account(account).foreign
    return [{**row} for endpoint, row in found if endpoint in endpoints]


def merged(rows: Iterable[Any], others: Rows, cursor: str) -> Iterator[Any]:
    """Both together, newest first; the rows are so already."""
    if not others:
        return iter(rows)

    def age(row: Any) -> int:
        return int(row[cursor])

    return merge(rows, sorted(others, key=age, reverse=True), key=age, reverse=True)


def family_of(inst_id: str) -> str:
    """Family of an instrument, or ``""`` (a row of the account may have no instrument)."""
    found = INSTRUMENTS.get(inst_id)
    if found is None:
        return "-".join(inst_id.split("-")[:2]) if inst_id.count("-") > 1 else ""
    return found.uly


def ct_type_of(inst_id: str) -> str:
    """``linear`` or ``inverse``; ``""`` for a row that belongs to no derivative."""
    if inst_id.count("-") < 2:
        return ""
    return "inverse" if inst_id.split("-")[1] == "USD" else "linear"


def listed(runtime: ExchangeRuntime, inst_id: str) -> Instrument:
    """The instrument of any type; 51001 if there is none, or none any more."""
    market = runtime.exchange.venue.markets.get(inst_id)
    if market is None or market.state == EXPIRED:
        raise Refusal("51001")
    return market.instrument


def known(runtime: ExchangeRuntime, query: Query) -> None:
    """51001 for an instId that no instrument has or had."""
    markets = runtime.exchange.venue.markets
    strange = [word for word in query.get("instId", "").split(",") if word and word not in markets]
    if not all(foreign_instruments(runtime, {"instId": word}) for word in strange):
        raise Refusal("51001")


def one_of(query: Query, name: str, allowed: Container[str]) -> None:
    """51000 for a value of that name that OKX does not have."""
    if query.get(name, "") and query[name] not in allowed:
        raise Refusal("51000", name)


def foreign_instruments(runtime: ExchangeRuntime, query: Query) -> Rows:
    """The instruments of other people's products, whoever's they are, each once."""
    every = {
        (row["instType"], row["instId"]): row
        for name in runtime.exchange.venue.accounts
        for row in foreign(runtime, name, "public/instruments")
    }
    return list(filtered(every.values(), query, "instType", "instId"))


def inst_type(query: Query) -> str:
    """The required instType; 50014 without one, 51000 for one that OKX does not have."""
    required(query, "instType")
    return checked_type(query["instType"])


def checked_type(text: str) -> str:
    """An instType that OKX has; 51000 otherwise."""
    if text not in INST_TYPES:
        raise Refusal("51000", "instType")
    return text


def of_type(query: Query, venue: Venue) -> list[Instrument]:
    """The instruments of the required instType that have not expired, narrowed by instId
    and instFamily.
    """
    kind = inst_type(query)
    named = query.get("instId", "")
    family = query.get("instFamily", "")
    if kind != "MARGIN" and named in INSTRUMENTS and INSTRUMENTS[named].inst_type != kind:
        raise Refusal("51015")
    return [
        each
        for each in venue.listed()
        if each.inst_type == kind and named in ("", each.inst_id) and family in ("", each.uly)
    ]
