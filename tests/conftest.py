"""No test trades because keys happen to be in the environment: it has to be asked for by marker.

``pytest -m okx_sandbox`` is the asking. For anything else, ``-m "not chaos"`` among it, the keys
are taken out of the environment of this process and of all that it starts, before a test is looked
at.
"""

from __future__ import annotations

import os

import pytest
from _pytest.mark.expression import Expression

MARKER = "okx_sandbox"
KEYS = ("OKX_API_KEY", "OKX_API_SECRET", "OKX_API_PASSPHRASE", "PERSIST_OKX_URL")


def pytest_configure(config: pytest.Config) -> None:
    if not asked_for(str(config.getoption("markexpr") or "")):
        for name in KEYS:
            os.environ.pop(name, None)


def asked_for(expression: str) -> bool:
    """Whether it selects what has the marker, and that because of the marker."""
    if not expression.strip():
        return False
    found = Expression.compile(expression)
    return found.evaluate(lambda name, **_: name == MARKER) and not found.evaluate(
        lambda _, **__: False
    )
