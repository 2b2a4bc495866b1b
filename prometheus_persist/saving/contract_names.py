"""Is this a contract that can be traded here, and which one was meant if it is none?

The exchange's list decides, letter for letter: ``BTC-USDT-SWAP``. Whoever writes ccxt's
``BTC/USDT:USDT``, another case, other marks between the parts or a slip of the keyboard is told the
right name. It is never put in the place of the one given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_SYMBOL = re.compile(r"([^/:]+)/([^/:-]+)(?::[^-]+(?:-(.+))?)?")
_MARKS = re.compile(r"[^A-Z0-9]")
_CHARS_SHOWN = 60
_NEAR_MAX = 3


def no_contract(inst_id: str, contracts: Mapping[str, str]) -> str:
    """Why nothing can be sent on it; empty where it can, and where ``contracts`` is empty."""
    if not contracts:
        return ""
    if inst_id in contracts:
        why = contracts[inst_id]
        return f"{inst_id} cannot be traded with these books: {why}" if why else ""
    meant = " or ".join(_meant(inst_id[:_CHARS_SHOWN], contracts))
    hint = f"; did you mean {meant}?" if meant else ""
    return f"the exchange lists no {inst_id[:_CHARS_SHOWN]!r}{hint}"


def _meant(said: str, contracts: Mapping[str, str]) -> list[str]:
    """The one that this is another writing of, else those that are near; tradable ones first."""
    from difflib import get_close_matches  # needed once something is wrong

    tradable = {_squeezed(name): name for name, why in contracts.items() if not why}
    others = {_squeezed(name): name for name, why in contracts.items() if why}
    readings = list(_readings(said))
    for known in (tradable, others):
        for reading in readings:
            if reading in known:
                return [known[reading]]
    near = get_close_matches(readings[0], tradable, n=_NEAR_MAX, cutoff=0.7)
    return [tradable[name] for name in near]


def _readings(said: str) -> Iterator[str]:
    """What it may be short for, without marks: as it stands, a swap, an expiry, a spot pair."""
    text = said.strip().upper()
    symbol = _SYMBOL.fullmatch(text)
    if symbol is not None:
        base, quote, rest = symbol.groups()
        yield _squeezed(f"{base}{quote}{rest or 'SWAP'}")
    yield _squeezed(text)
    yield _squeezed(f"{text}SWAP")


def _squeezed(text: str) -> str:
    return _MARKS.sub("", text.upper())
