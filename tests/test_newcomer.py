"""A newcomer with the front page alone, in an empty directory, in each language: as printed.

The demo; the page's own program as his bot; ``kill -9``, twice; a trade by hand while it is dead,
which only a human can judge; the commands that the report prints; and the bot trades on. What is
not printed is only where the exchange is and whose keys he has. (The installing part of the first
command is what ``.ci/run`` does.) His language is that of his system: he never types ``--lang``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from languagekit import CHINESE, ROOT
from languagekit import english as english_of

import fakeokx
from chaos.workload.clients import host_options
from prometheus_persist.cli.venue import KEY_NAMES

pytestmark = [pytest.mark.timeout(600), pytest.mark.chaos]
BTC = "BTC-USDT-SWAP"
DOCS = ROOT / "prometheus_persist" / "docs"
WAITS_S_MAX = 90.0
PROGRAM = r"prometheus-persist .*"
ACCOUNT = """\
import json, os, runpy, ccxt
ours, okx = json.loads(os.environ["HIS_ACCOUNT"]), ccxt.okx
ccxt.okx = lambda options: okx({**ours, **options})
names = {"KEY": ours["apiKey"], "SECRET": ours["secret"], "PASSPHRASE": ours["password"]}
runpy.run_path("bot.py", init_globals=names, run_name="__main__")
"""


@dataclass(frozen=True)
class Reader:
    """Which pages he has, and what he looks for in a report."""

    page: Path
    human: Path
    locale: str
    next_steps: str
    all_holds: str
    only_his: Callable[[str], bool]


def all_chinese(text: str) -> bool:
    said = re.sub(r"\(\d+.*?\)|https?://\S+|#\w+", "", text)
    return english_of(said) == [] and CHINESE.search(text) is not None


READERS = {
    "en": Reader(
        ROOT / "README.md", DOCS / "when_it_says.md", "C.UTF-8", "[Next]", "All of it holds",
        lambda text: CHINESE.search(text) is None,
    ),
    "zh": Reader(
        DOCS / "zh" / "README.md", DOCS / "zh" / "when_it_says.md", "zh_CN.UTF-8", "【下一步】",
        "全部成立", all_chinese,
    ),
}  # fmt: skip


class Newcomer:
    """His directory, his shell, and his account at an exchange."""

    def __init__(self, reader: Reader, home: Path, venue: Any) -> None:
        self.reader, self.home, self.venue = reader, home, venue
        self.page = reader.page.read_text(encoding="utf-8")
        ours = host_options(venue.url)
        bin_dir = Path(sys.executable).parent
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LC_", "PERSIST_", "OKX_"))
        }
        self.env = kept | {
            "LANG": reader.locale,
            "PATH": f"{bin_dir}:{os.environ['PATH']}",
            "HIS_ACCOUNT": json.dumps(ours),
            **dict(zip(KEY_NAMES, (ours["apiKey"], ours["secret"], ours["password"]), strict=True)),
        }

    def types(self, command: str, *, code: int = 0) -> str:
        """A command as printed; what it said, in his language."""
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.home, env=self.env, capture_output=True, text=True
        )
        assert done.returncode == code, (command, done.stdout, done.stderr)
        assert self.reader.only_his(done.stdout), (command, done.stdout)
        return done.stdout

    def demo(self) -> str:
        """The last part of the page's first command; what comes before it was done for him."""
        (block,) = re.findall(r"```bash\n(.*? demo)\n```", self.page)
        (self.home / ".venv").symlink_to(sys.prefix)
        return self.types(block.rpartition(" && ")[2])

    def bot_until(self, orders: int) -> None:
        """His bot runs until the exchange has so many orders of it, all booked; then kill -9."""
        bot = self._bot()
        until = time.monotonic() + WAITS_S_MAX
        while not self._settled(orders):
            assert time.monotonic() < until, "the bot does not trade"
            assert bot.poll() is None, bot.communicate()
            time.sleep(0.2)
        bot.kill()
        assert bot.communicate()[0] == ""

    def bot_refuses(self) -> str:
        """His bot starts, and ends with a report."""
        bot = self._bot()
        said = bot.communicate(timeout=WAITS_S_MAX)[1]
        assert bot.returncode == 1
        assert self.reader.only_his(said), said
        return said

    def _bot(self) -> subprocess.Popen[str]:
        block = re.findall(r"```python\n(.*?)```", self.page, re.DOTALL)[0]
        (self.home / "bot.py").write_text(block, encoding="utf-8")
        return subprocess.Popen(
            [sys.executable, "-c", ACCOUNT], cwd=self.home, env=self.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def _settled(self, orders: int) -> bool:
        ours = [one for one in self.venue.truth()["orders"] if one["clOrdId"]]
        if len(ours) < orders:
            return False
        open_now = subprocess.run(
            ["prometheus-persist", "orders", "--json"], cwd=self.home, env=self.env,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return json.loads(open_now.stdout)["orders"] == []

    def next_steps(self, report: str) -> list[str]:
        """The commands of the report's last section, each of which the guide has explained."""
        found: list[str] = re.findall(PROGRAM, report.rpartition(self.reader.next_steps)[2])
        guide = re.findall(rf"\$ ({PROGRAM})", self.reader.human.read_text(encoding="utf-8"))
        assert {_deed(line) for line in found} <= {_deed(line) for line in guide}
        return found


def _deed(line: str) -> str:
    """The command, with the option that says what it does where that comes first."""
    _, command, *rest = line.split()
    return f"{command} {rest[0]}" if rest[0].startswith("--") else command


@pytest.mark.parametrize("lang", READERS)
def test_from_an_empty_directory_and_the_front_page_alone(lang: str, tmp_path: Path) -> None:
    home = tmp_path / "empty"
    home.mkdir()
    with fakeokx.launch(tmp_path / "venue") as venue:
        him = Newcomer(READERS[lang], home, venue)
        assert READERS[lang].all_holds in him.demo()

        him.bot_until(orders=1)  # and is killed in its pause
        him.bot_until(orders=2)  # it came back, and went on
        ids = [one["clOrdId"] for one in venue.truth()["orders"]]
        assert len(set(ids)) == len(ids) == 2

        venue.trade_by_hand(BTC, "sell", "0.3")
        look, approve = him.next_steps(him.bot_refuses())
        him.types(look, code=3)
        (unfreeze,) = him.next_steps(him.types(approve))
        him.types(unfreeze)
        him.bot_until(orders=3)
        him.types("prometheus-persist verify")
        him.types("prometheus-persist status")
        assert sum(float(one["pos"]) for one in venue.truth()["positions"]) == 0.0  # 3 × 0.1 - 0.3
