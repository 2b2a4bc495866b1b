"""The harness (``chaos``) as the library reaches it: by name, once it is asked for.

The library never imports it. ``bench``, ``reconcile --sandbox`` and ``pytest -m chaos`` are the
harness's work behind the library's name, so they come here. Raises BadConfig where another package
or module of that name hides it, and says which.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from prometheus_persist.errors import BadConfig


def harness(module: str) -> Any:
    """``chaos.bench.command`` for ``bench.command``, of this very distribution."""
    ours = Path(__file__).resolve().parents[1] / "chaos"
    try:
        places = [Path(place).resolve() for place in import_module("chaos").__path__]
    except (ImportError, AttributeError):
        places = []
    if ours in places:
        return import_module(f"chaos.{module}")
    hiding = getattr(sys.modules.get("chaos"), "__file__", None) or ", ".join(map(str, places))
    raise BadConfig(
        f"{hiding or 'something'} hides the package `chaos` of prometheus-persist ({ours}): "
        "run this where no other package or module has that name"
    )
