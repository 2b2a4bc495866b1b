"""The process's own generators: ``random``'s, and numpy's old one where numpy is imported.

Both are a Mersenne Twister: a key of 2.5 KB that changes every 624 numbers, and a position in it.
The key is written when it has changed, else the position, under ``host/random``.
"""

from __future__ import annotations

import random
import struct
import sys
from typing import Any, Final

from prometheus_persist.errors import BadValue, StoreDamaged
from prometheus_persist.graph.values import Json, needed, packed, unpacked
from prometheus_persist.state.exact_json import JsonObject

RANDOM: Final = "host/random"
_KEY: Final = struct.Struct("<624I")


class GlobalRandom:
    """Says what of them is not as it was written."""

    def __init__(self, written: JsonObject | None = None) -> None:
        self._written: JsonObject = dict(written or {})
        self._keys: dict[str, object] = {}

    def look(self) -> JsonObject:
        """The fields that differ; they are then taken for written."""
        version, words, gauss = random.getstate()
        fields: JsonObject = {"py": [version, words[-1], gauss]}
        if self._keys.get("py_key") != words[:-1]:
            self._keys["py_key"] = words[:-1]
            fields["py_key"] = packed(_KEY.pack(*words[:-1]))
        fields |= self._of_numpy()
        found = {name: told for name, told in fields.items() if self._written.get(name) != told}
        self._written |= found
        return found

    def forget(self) -> None:
        """What was taken for written may not be."""
        self._written, self._keys = {}, {}

    def _of_numpy(self) -> JsonObject:
        numpy = sys.modules.get("numpy.random")
        if numpy is None:
            return {}
        state: Any = numpy.get_state()
        if not isinstance(state, tuple):  # of another generator it is a dict
            raise BadValue(f"a bit generator {state['bit_generator']}")
        _, words, position, has_gauss, gauss = state
        fields: dict[str, Json] = {"np": [int(position), int(has_gauss), float(gauss)]}
        key = words.tobytes()
        if self._keys.get("np_key") != key:
            self._keys["np_key"] = key
            fields["np_key"] = packed(key)
        return fields


def put_back(told: JsonObject) -> None:
    """Set the generators to what was written; raises StoreDamaged."""
    try:
        version, position, gauss = told["py"]
        words = _KEY.unpack(unpacked(told["py_key"]))
        if "np" in told:
            numpy = needed("numpy")
            at, has_gauss, np_gauss = told["np"]
            key = numpy.frombuffer(unpacked(told["np_key"]), "<u4").copy()
            numpy.random.set_state(("MT19937", key, at, has_gauss, np_gauss))
        random.setstate((version, (*words, position), gauss))
    except (KeyError, TypeError, ValueError, struct.error) as problem:
        raise StoreDamaged(f"the host's random state cannot be made again: {problem}") from None
