"""The exit codes of ``fakeokx``: the one table. ``--help`` is made of it, the README compared."""

from collections.abc import Mapping
from typing import Final

EXIT_OK: Final = 0
EXIT_INTERNAL: Final = 1
EXIT_REFUSED: Final = 2
EXIT_DAMAGED: Final = 4
EXIT_UNREACHABLE: Final = 5
EXIT_SIGINT: Final = 130
EXIT_SIGTERM: Final = 143

EXITS: Final[Mapping[int, str]] = {
    EXIT_OK: "done",
    EXIT_INTERNAL: "internal error",
    EXIT_REFUSED: "usage, port or directory in use, or the exchange declined",
    EXIT_DAMAGED: "the ledger is damaged",
    EXIT_UNREACHABLE: "no exchange answers there",
    EXIT_SIGINT: "stopped by Ctrl+C; every answer is in the ledger",
    EXIT_SIGTERM: "stopped by SIGTERM; every answer is in the ledger",
}


def exits_in_a_line() -> str:
    """What ``--help`` ends with."""
    return "Exit codes: " + " · ".join(f"{code} {words}" for code, words in EXITS.items())
