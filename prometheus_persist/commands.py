"""Commands as a person pastes them: the program, what it is to do, and the options of this store.

``options`` are those of the facts (``--dir``, ``--exchange``, ``--live``), quoted for a shell. What
no terminal shows as it is, a control character in an agent id or a directory, is written as bash
and zsh read it back (``$'\\x1b'``): what is pasted is what was meant.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from prometheus_persist.shown import shown

PROGRAM = "prometheus-persist"
PLAN_FILE = "plan.json"
ASK_EXCHANGE = frozenset({"adopt", "orders", "reconcile"})
"""The commands that take ``--exchange`` and ``--live``."""


def command(words: Iterable[str], options: str) -> str:
    """The whole line; ``words`` are quoted here."""
    return " ".join(map(_quoted, [PROGRAM, *words, *shlex.split(options)]))


def _quoted(word: str) -> str:
    if shown(word) == word:
        return shlex.quote(word)
    parts = []
    for char in word:
        is_plain = shown(char) == char and char not in "\\'"
        octets = char.encode("utf-8", "surrogateescape")
        parts.append(char if is_plain else "".join(f"\\x{octet:02x}" for octet in octets))
    return f"$'{''.join(parts)}'"


def options_for(directory: object, url: str, *, live: bool) -> str:
    """The options of a command about this store (None: of none) and this account."""
    place = [] if directory is None else ["--dir", str(directory)]
    found = [*place, *(["--exchange", url] if url else [])]
    return shlex.join([*found, *(["--live"] if live else [])])


def plan_command(options: str) -> str:
    """Writes the plan that a human reads and approves."""
    return command(["reconcile", "--plan", PLAN_FILE], options)


def apply_command(options: str, finding_id: str = "", alternative: str = "") -> str:
    """Approves it, with one of its alternatives or with those that it suggests."""
    chosen = ["--choose", f"{finding_id}={alternative}"] if finding_id else []
    return command(["reconcile", "--apply", PLAN_FILE, *chosen], options)


def of_store(options: str) -> str:
    """Those of the options that say which store, for commands that ask no exchange."""
    words = shlex.split(options)
    found = [
        part
        for place, word in enumerate(words[:-1])
        if word == "--dir"
        for part in (word, words[place + 1])
    ]
    return shlex.join(found)


def is_live(options: str) -> bool:
    """Whether they are those of real trading."""
    return "--live" in shlex.split(options)


def in_environment(options: str, *, live: bool) -> str:
    """The same options for real trading, or for demo trading."""
    words = [word for word in shlex.split(options) if word not in ("--live", "--demo")]
    return shlex.join([*words, *(["--live"] if live else [])])
