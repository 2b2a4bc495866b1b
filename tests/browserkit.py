"""A headless Chromium, driven over its own DevTools socket: evaluate, wait, look for errors.

``BEYOND``, ``ON_ONE_ANOTHER`` and ``CUT`` are scripts that measure a page's layout: what lies
beyond the window (but in a box that scrolls), text on text, words that are cut. Each returns what
it found. ``SHAPE`` is what a picture of the page shows on any fonts: how many of each kind of
element can be seen, in which colours, and from where to where of the width. Pictures of pages are
left in ``PICTURES``.
"""

import base64
import itertools
import json
import os
import shutil
import subprocess
import tempfile
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
PICTURES = Path(
    os.environ.get("PAGE_SCREENSHOTS") or Path(tempfile.gettempdir()) / "prometheus-persist-pages"
)


BEYOND = """
[...document.querySelectorAll("body *")].filter((each) => {
  const box = each.getBoundingClientRect();
  const inside = each.parentElement.closest(".scroll") ||
    (each.ownerSVGElement && each.ownerSVGElement.ownerSVGElement);
  return box.width && !inside && (box.right > innerWidth + 1 || box.left < -1);
}).map((each) => `${each.tagName}.${each.className.baseVal ?? each.className}: ` +
  each.textContent.trim().slice(0, 40)).concat(
    document.documentElement.scrollWidth > innerWidth ? ["the page can be moved sideways"] : [])
"""
ON_ONE_ANOTHER = """
(() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (!node.data.trim() || parent.closest("script, style, title, noscript")) continue;
    if (!parent.checkVisibility({opacityProperty: true})) continue;
    if (parent.closest("#panel, .scroll")) continue;  // they lie over others, or scroll
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects())
      if (box.width > 1) found.push({box, text: node.data.trim().slice(0, 40)});
  }
  found.sort((a, b) => a.box.top - b.box.top);
  const bad = [];
  found.forEach(({box, text}, place) => {
    for (let next = place + 1; next < found.length; next++) {
      const other = found[next].box;
      if (other.top > box.bottom - 3) break;
      const wide = Math.min(box.right, other.right) - Math.max(box.left, other.left);
      const high = Math.min(box.bottom, other.bottom) - other.top;
      if (wide > 2 && high > Math.min(box.height, other.height) * 0.3)
        bad.push(`${text} | ${found[next].text}`);
    }
  });
  return bad;
})()
"""

CUT = """
[...document.querySelectorAll("th, td, h1, h2, text, button")].filter((each) => {
  for (const node of each.childNodes) {
    if (node.nodeType !== Node.TEXT_NODE) continue;
    for (const word of node.data.matchAll(/[\\w$.,]+/g)) {
      if (word[0].length > 14) continue;  // an id or a path may be cut
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const tops = [...range.getClientRects()].map((box) => box.bottom);
      if (Math.max(...tops) - Math.min(...tops) > 9) return true;  // not the same line
    }
  }
}).map((each) => each.textContent)
"""

SHAPE = """
(() => {
  const kinds = {}, boxes = ["block", "flex", "grid", "table"];
  for (const each of document.querySelectorAll("body *")) {
    if (!each.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    const box = each.getBoundingClientRect(), style = getComputedStyle(each);
    if (!box.width && !box.height) continue;
    const drawn = each.ownerSVGElement;
    const name = [each.tagName.toLowerCase(), ...each.classList].join(".");
    const kind = kinds[name] ??= {n: 0, colours: new Set()};
    kind.n += 1;
    for (const one of drawn ? [style.fill, style.stroke] : [style.color, style.backgroundColor])
      if (one !== "none" && one !== "rgba(0, 0, 0, 0)") kind.colours.add(one.replaceAll(" ", ""));
    if (drawn || each.closest("td, th, .scroll") || !boxes.includes(style.display)) continue;
    const part = (x) => Math.round(100 * x / innerWidth);
    kind.left = Math.min(kind.left ?? 1e9, part(box.left));
    kind.right = Math.max(kind.right ?? -1e9, part(box.right));
  }
  return Object.fromEntries(Object.entries(kinds).sort().map(([name, kind]) =>
    [name, [kind.n, [...kind.colours].sort().join(" "), kind.left ?? null, kind.right ?? null]]));
})()
"""


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
