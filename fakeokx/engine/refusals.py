"""How the engine says no.

A refusal is an OKX code and the words that fill the gaps of its message; the message texts
belong to the wire. It is raised before anything has changed, so a refused command leaves the
venue as it was.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """An OKX error code and the words for its message."""

    code: str
    words: tuple[str, ...] = ()


class Refusal(Exception):
    """The venue declines the command; nothing has changed."""

    def __init__(self, code: str, *words: str) -> None:
        super().__init__(code, *words)
        self.reason = Reason(code, words)
