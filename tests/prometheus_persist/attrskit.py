"""Classes that attrs makes, for tests of hosts that have such."""

from __future__ import annotations

import attrs


@attrs.define
class Defined:
    number: int
    inner: object


@attrs.frozen(cache_hash=True)
class Hashed:
    number: int
