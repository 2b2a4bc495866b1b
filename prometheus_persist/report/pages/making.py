"""How a page is made: a template in the project's one look, its values shown and escaped.

- A page is one file: no script, font or picture from anywhere else. It follows the reader's light
  or dark, and prints on white (``look.py``).
- A template is jinja2's; it extends ``page`` and fills ``main``. Every value that it is given as
  text is ``shown`` and then escaped. ``Drawn`` is markup that was made of such values already
  (``charts.py``), and ``Lines`` text of many lines each of which was shown when it was made.
- Needs jinja2 (extra ``report``), imported at first use; raises ``BadConfig`` that says how to
  install it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from prometheus_persist.errors import BadConfig
from prometheus_persist.report.pages.look import PAGE, STYLE
from prometheus_persist.shown import shown


class Drawn(str):
    """Markup whose values were shown and escaped when it was made."""

    __slots__ = ()

    def __html__(self) -> str:
        """Itself: a part of the page."""
        return str(self)


class Lines(str):
    """Text of many lines, each of which was shown when it was made."""

    __slots__ = ()


def element(name: str, *inside: str, **attributes: object) -> Drawn:
    """An element. ``class_`` and ``stroke_width`` are ``class`` and ``stroke-width``; what is None
    is left out."""
    told = "".join(_attributes(attributes))
    if name in _EMPTY and not inside:
        return Drawn(f"<{name}{told}/>")
    return Drawn(f"<{name}{told}>{''.join(map(_inside, inside))}</{name}>")


def html_page(template: str, lang: str, **given: Any) -> str:
    """The whole page of a template that extends ``page``; raises BadConfig without jinja2."""
    tongue = "zh-CN" if lang == "zh" else "en"
    page: str = _compiled(template).render(lang=tongue, style=Drawn(STYLE), **given)
    return page


_EMPTY = frozenset({"line", "rect", "circle", "path"})


@functools.cache
def _compiled(template: str) -> Any:
    try:
        from jinja2 import DictLoader, Environment
    except ImportError:
        raise BadConfig(
            "the HTML report needs jinja2: pip install 'prometheus-persist[report]'"
        ) from None
    there = Environment(
        autoescape=True, trim_blocks=True, finalize=_shown, loader=DictLoader({"page": PAGE})
    )
    return there.from_string(template)


def _shown(value: Any) -> Any:
    """What a place of the template shows; what has ``__html__`` is a part of the page itself."""
    is_text = isinstance(value, str) and not isinstance(value, Lines)
    return shown(value) if is_text and not hasattr(value, "__html__") else value


def _attributes(given: Mapping[str, object]) -> Iterator[str]:
    for name, value in given.items():
        if value is not None:
            told = _short(value) if isinstance(value, float) else shown(str(value))
            yield f' {name.rstrip("_").replace("_", "-")}="{escape(told)}"'


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _inside(part: str) -> str:
    return part if isinstance(part, Drawn) else escape(shown(part))
