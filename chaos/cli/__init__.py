"""``prometheus-chaos``: the command line. Signals are caught before anything large is imported."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_persist.cli.ending import ends_on_signals

__all__ = ["console", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    from chaos.cli.app import main as run

    return run(argv)


def console() -> None:
    """The console entry."""
    ends_on_signals(main, _told)


def _told(code: int, lang: str) -> str:
    from chaos.gate import EXITS, EXITS_ZH

    return f"prometheus-chaos: {(EXITS_ZH if lang == 'zh' else EXITS)[code]}"
