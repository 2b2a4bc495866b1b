"""Shell. ``prometheus-persist``: the command line."""

from prometheus_persist.cli.ending import ends_on_signals

__all__ = ["main"]


def main() -> None:
    """The console entry; signals are caught before the commands are imported."""

    def run() -> None:
        from prometheus_persist.cli.app import app

        app()

    ends_on_signals(run, _told)


def _told(code: int, lang: str) -> str:
    from prometheus_persist.words.exits import EXITS

    zh, en = EXITS[code]
    return f"prometheus-persist: {zh if lang == 'zh' else en}"
