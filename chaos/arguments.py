"""The parser of the harness's command lines: what it says back of a wrong one is shown."""

from __future__ import annotations

import argparse
from typing import Any

from prometheus_persist.shown import shown_lines


class Parser(argparse.ArgumentParser):
    """argparse's; help, usage and errors pass ``shown``."""

    def _print_message(self, message: str, file: Any = None) -> None:
        super()._print_message(shown_lines(message), file)
