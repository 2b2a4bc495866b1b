"""Shell. Coming back: the restore ladder, any moment of the past, verification."""

from prometheus_persist.recovery.ladder import Restored, restore
from prometheus_persist.recovery.summary import Summary, summary
from prometheus_persist.recovery.verify import Verification, verify

__all__ = ["Restored", "Summary", "Verification", "restore", "summary", "verify"]
