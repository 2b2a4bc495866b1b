"""A headless Chromium, driven over its own DevTools socket: evaluate, wait, look for errors."""

import base64
import itertools
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import connect

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
START_S_MAX = 30.0


class Browser:
    """One tab. ``problems`` are exceptions and console errors of the page."""

    def __init__(
        self,
        home: Path,
        *,
        language: str = "en",
        size: str = "1400,1250",
        extra: Sequence[str] = (),
    ) -> None:
        assert CHROMIUM is not None
        command = [
            CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-dev-shm-usage", "--hide-scrollbars",
            "--remote-debugging-port=0", f"--user-data-dir={home}",
            f"--lang={language}", f"--window-size={size}", *extra, "about:blank",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._numbers = itertools.count(1)
        self._open = ExitStack()
        self.problems: list[str] = []
        try:
            self._socket = self._open.enter_context(connect(self._address(home), max_size=None))
            for domain in ("Page", "Runtime", "Log"):
                self._send(f"{domain}.enable")
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()
        self._process.terminate()
        self._process.wait(10)

    def open(self, url: str) -> None:
        self._send("Page.navigate", url=url)

    def evaluate(self, script: str) -> Any:
        answer = self._send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = 10.0) -> Any:
        """The first truthy value of the script."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            value = self.evaluate(script)
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"never true: {script}")

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._send("Page.captureScreenshot")["data"]))

    def look(self, width: int, *, dark: bool = False, printed: bool = False) -> None:
        """As if the window were so wide, the reader's system dark, the page on paper."""
        self._send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        media = "print" if printed else "screen"
        self._send("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def whole_page(self, path: Path) -> None:
        """A picture of all of it, however long it is."""
        told = self._send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": told["width"], "height": told["height"], "scale": 1}
        quick = {"captureBeyondViewport": True, "optimizeForSpeed": True}
        found = self._send("Page.captureScreenshot", clip=clip, **quick)
        path.write_bytes(base64.b64decode(found["data"]))

    def _address(self, home: Path) -> str:
        deadline = time.monotonic() + START_S_MAX
        port_file = home / "DevToolsActivePort"
        while not port_file.exists() or not port_file.read_text().strip():
            assert time.monotonic() < deadline, "the browser did not start"
            time.sleep(0.05)
        port = port_file.read_text().split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
            tabs = json.loads(answer.read())
        return str(next(tab for tab in tabs if tab["type"] == "page")["webSocketDebuggerUrl"])

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=30))
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            if message.get("method") == "Runtime.exceptionThrown":
                self.problems.append(str(message["params"]["exceptionDetails"]))
            entry = message.get("params", {}).get("entry", {})
            if message.get("method") == "Log.entryAdded" and entry.get("level") == "error":
                self.problems.append(str(entry))
