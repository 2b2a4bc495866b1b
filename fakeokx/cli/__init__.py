"""``fakeokx``: the command line. Signals are caught before the commands are imported."""

from fakeokx.cli.ending import ends_on_signals

__all__ = ["main"]


def main() -> None:
    """Console entry point."""

    def run() -> int:
        from fakeokx.cli.app import run

        return run()

    ends_on_signals(run)
