"""fakeokx: an OKX v5 exchange that fits in a test, and that survives being killed.

``launch()`` starts one as a process of its own; ``Control(url)`` steers one that already runs.
Importing this package imports nothing of the web server; each name is imported when it is first
asked for, since pytest loads the plugin beside it into sessions that have no use for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakeokx.server.client import Control, ControlRefused
    from fakeokx.server.defaults import DEFAULT_KEY, DEFAULT_PASSPHRASE, DEFAULT_SECRET
    from fakeokx.server.runner import FakeOkx, NotStarted, launch
else:
    _MODULES = {
        "Control": "client",
        "ControlRefused": "client",
        "DEFAULT_KEY": "defaults",
        "DEFAULT_PASSPHRASE": "defaults",
        "DEFAULT_SECRET": "defaults",
        "FakeOkx": "runner",
        "NotStarted": "runner",
        "launch": "runner",
    }

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"there is no {name!r} here")
        return getattr(import_module(f"fakeokx.server.{_MODULES[name]}"), name)


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
