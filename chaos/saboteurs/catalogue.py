"""Names, and who has to catch whom."""

from __future__ import annotations

from typing import Final, Literal, get_args

Sabotage = Literal["ack-before-write", "checksum-not-checked", "intent-after-send"]
SABOTEURS: Final[tuple[Sabotage, ...]] = get_args(Sabotage)
CAUGHT_BY: Final[dict[Sabotage, str]] = {
    "ack-before-write": "sigkill-sweep",
    "checksum-not-checked": "corrupt-journal",
    "intent-after-send": "sigkill-mid-save",
}
