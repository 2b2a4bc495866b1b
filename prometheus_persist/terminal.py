"""The console that everything of this project is printed through: what it is given is data.

Text has no markup, no names of emoji and no control characters in it, neither in a line nor in a
cell of a table. Colour comes from ``rich.text.Text`` that the program itself made.
"""

from __future__ import annotations

from typing import IO, Any

from rich.console import Console
from rich.text import Text

from prometheus_persist.shown import shown_lines


class Terminal(Console):
    """rich's console with text shown, not obeyed."""

    def __init__(
        self,
        *,
        stderr: bool = False,
        file: IO[str] | None = None,
        width: int | None = None,
        soft_wrap: bool = False,
        force_terminal: bool | None = None,
    ) -> None:
        super().__init__(
            stderr=stderr,
            file=file,
            width=width,
            soft_wrap=soft_wrap,
            force_terminal=force_terminal,
            markup=False,
            emoji=False,
            highlight=False,
            color_system="auto" if file is None or force_terminal else None,
        )

    def render_str(self, text: str, **how: Any) -> Text:
        """Every text that is printed, and every cell, comes through here."""
        return super().render_str(shown_lines(text), **how)
