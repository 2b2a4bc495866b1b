"""A ``persist_host.py`` to start from, of what was seen in a host's source (``looking``).

Whatever has to be looked at by a human stands behind ``# ?``; ``open_questions`` counts them.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from prometheus_persist.wrapping.looking import SendingPlace, SourceLook
from prometheus_persist.wrapping.places import MAIN

ASK = "# ?"


class _Asks:
    """A line that asks."""

    def __init__(self, say: Callable[[str], str]) -> None:
        self._say = say

    def __call__(self, sentence: str) -> str:
        return f"{ASK} {self._say(sentence)}"


def draft(look: SourceLook, script: str, say: Callable[[str], str] = str) -> str:
    """The file; ``say`` says a sentence in the user's language."""
    ask = _Asks(say)
    said: list[str] = []
    used = {"store", "root"}
    modules = sorted({cls.module for cls in look.classes.values()} - {MAIN})
    skip = [name for name in look.refused if ":" not in name]
    options = ['"persistence"']
    if modules:
        options.append(f"modules={json.dumps([MAIN, *modules])}")
    exchange = _exchange(look)
    if exchange:
        options.append(f'exchange="{exchange}"')
    if skip:
        options.append(f"skip={json.dumps(skip)}")
    said.append(f"store({', '.join(options)})")
    if not exchange:
        said.append(ask('no client was seen below the root: add exchange="path.to.client"'))
    said += _root(look, ask)
    if look.senders:
        used |= {"orders", "wrap", "after"}
    for sender in look.senders:
        said += _sender(sender, ask)
    if look.senders:
        kind = "ccxt.async_support" if look.is_async else "ccxt"
        said.append(f'orders("{kind}:okx.create_order")')
    else:
        said.append(ask("no order was seen: orders(...), and wrap(..., agent=...) for whose"))
    said += _loop(look, used, ask)
    names = ", ".join(sorted(used))
    head = f'"""Makes {script} crash-safe: prometheus-persist wrap persist_host.py -- {script}"""'
    return "\n".join([head, "", f"from prometheus_persist.wrapping import {names}", "", *said, ""])


def open_questions(text: str) -> int:
    """How many lines ask for a human."""
    return sum(ASK in line for line in text.splitlines())


def _exchange(look: SourceLook) -> str:
    """Where the root has the client."""
    if look.root is None:
        return ""
    for where, name in look.clients.items():
        owner = where.partition(".")[0]
        if owner == look.root.name:
            return name
    for attribute, value in look.root.attributes.items():
        made = getattr(getattr(value, "func", None), "id", "")
        for where, name in look.clients.items():
            if where.partition(".")[0] == made:
                return f"{attribute}.{name}"
    return ""


def _root(look: SourceLook, ask: _Asks) -> list[str]:
    if look.root is None:
        return [ask('no class of it holds the others: root("__main__:Bot.__init__")')]
    loop = look.loop
    if look.late_root and loop is not None and loop.owner is look.root:
        return [f'root("{loop.place}")  # attributes are set behind its constructor']
    return [f'root("{look.root.place}.__init__")']


def _sender(sender: SendingPlace, ask: _Asks) -> list[str]:
    saved = f'after("{sender.place}", "trade")'
    if sender.agent:
        return [f'wrap("{sender.place}", agent="{sender.agent}")', saved]
    return [f'wrap("{sender.place}", named="bot")  {ask("whose orders are these?")}', saved]


def _loop(look: SourceLook, used: set[str], ask: _Asks) -> list[str]:
    loop = look.loop
    if loop is None:
        return [ask("no main loop was seen: loop(..., at=..., locals=[...])")]
    if not loop.at:
        return [ask(f"what does {loop.place} call once in each pass? loop(..., at=...)")]
    used.add("loop")
    said = []
    if loop.sets and loop.owner is look.root and not look.late_root:
        lost = ", ".join(loop.sets)
        said.append(ask(f"{loop.place} sets {lost} as it begins, over what was restored"))
    counters = f", locals={json.dumps(loop.counters)}" if loop.counters else ""
    return [*said, f'loop("{loop.place}", at="{loop.at}"{counters})']
