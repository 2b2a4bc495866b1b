"""fakeokx: an OKX v5 exchange that fits in a test, and that survives being killed.

``launch()`` starts one as a process of its own; ``Control(url)`` steers one that already runs.
Importing this package imports nothing of the web server.
"""

from fakeokx.server.client import Control, ControlRefused
from fakeokx.server.defaults import DEFAULT_KEY, DEFAULT_PASSPHRASE, DEFAULT_SECRET
from fakeokx.server.runner import FakeOkx, NotStarted, launch

__all__ = [
    "DEFAULT_KEY",
    "DEFAULT_PASSPHRASE",
    "DEFAULT_SECRET",
    "Control",
    "ControlRefused",
    "FakeOkx",
    "NotStarted",
    "launch",
]
