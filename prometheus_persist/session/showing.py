"""How a session and a report show themselves: a line in a console, a page in a notebook.

A notebook gets the page in a frame of its own, so that neither style meets the other's; without
jinja2 (extra ``report``) it gets nothing, and shows the line.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_persist.errors import BadConfig
from prometheus_persist.language import default_language
from prometheus_persist.state.documents import PUBLIC_TRADES

if TYPE_CHECKING:
    from prometheus_persist.report.pages.store_page import StoreGlance
    from prometheus_persist.session.context import SessionContext
    from prometheus_persist.storage.store import Store

GLANCE_PX, REPORT_PX = 520, 640


class ShowsItself:
    """What a session is shown as."""

    directory: Path
    _store: Store
    _context: SessionContext

    def __repr__(self) -> str:
        gate = "open" if self._context.may_trade else "shut"
        at = f"commit {self._store.tip.seq}, epoch {self._store.epoch}"
        return f"<{type(self).__name__} {self.directory}: {at}, gate {gate}>"

    def _repr_html_(self) -> str | None:
        lang = default_language(os.environ)
        return framed(lambda: _page(self.directory, self._store, lang), GLANCE_PX)


def _page(directory: Path, store: Store, lang: str) -> str:
    from prometheus_persist.report.pages.store_page import store_page

    return store_page(glance_of(directory, store), lang)


def glance_of(directory: Path, store: Store) -> StoreGlance:
    """What is durable in a store that is open."""
    from prometheus_persist.report.pages.store_page import StoreGlance
    from prometheus_persist.state.store_facts import store_facts

    image = store.image
    return StoreGlance(
        directory=str(directory),
        held=store_facts(image.documents),
        seq=store.tip.seq,
        epoch=store.epoch,
        last_save_ms=image.time_ms,
        records=len(image.streams.get(PUBLIC_TRADES, ())),
        has_looked=False,
    )


def framed(page: Callable[[], str], height: int) -> str | None:
    """A page in a frame of its own; None where it cannot be made."""
    from html import escape

    try:
        html = page()
    except BadConfig:
        return None
    style = f"width: 100%; height: {height}px; border: 0"
    return f'<iframe sandbox style="{style}" srcdoc="{escape(html)}"></iframe>'
