"""Shell. Coming back: the restore ladder, any moment of the past, verification."""

from typing import TYPE_CHECKING

from prometheus_persist.lazy import exports

if TYPE_CHECKING:
    from prometheus_persist.recovery.in_short import Summary, summary
    from prometheus_persist.recovery.ladder import Restored, restore
    from prometheus_persist.recovery.verifying import Verification, verify
else:
    __getattr__ = exports(
        {
            "Restored": "prometheus_persist.recovery.ladder",
            "Summary": "prometheus_persist.recovery.in_short",
            "Verification": "prometheus_persist.recovery.verifying",
            "restore": "prometheus_persist.recovery.ladder",
            "summary": "prometheus_persist.recovery.in_short",
            "verify": "prometheus_persist.recovery.verifying",
        }
    )

__all__ = ["Restored", "Summary", "Verification", "restore", "summary", "verify"]
