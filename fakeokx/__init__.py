"""fakeokx: an OKX v5 exchange that fits in a test, and that survives being killed.

``launch()`` starts one as a process of its own; ``Control(url)`` steers one that already runs.
Importing this package imports nothing of the web server; each name is imported when it is first
asked for, since pytest loads the plugin beside it into sessions that have no use for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakeokx.control.client import Control, ControlRefused
    from fakeokx.process.runner import FakeOkx, NotStarted, launch
    from fakeokx.runtime.defaults import DEFAULT_KEY, DEFAULT_PASSPHRASE, DEFAULT_SECRET
else:
    _MODULES = {
        "Control": "control.client",
        "ControlRefused": "control.client",
        "DEFAULT_KEY": "runtime.defaults",
        "DEFAULT_PASSPHRASE": "runtime.defaults",
        "DEFAULT_SECRET": "runtime.defaults",
        "FakeOkx": "process.runner",
        "NotStarted": "process.runner",
        "launch": "process.runner",
    }

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"there is no {name!r} here")
        return getattr(import_module(f"fakeokx.{_MODULES[name]}"), name)


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
