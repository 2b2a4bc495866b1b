"""Every catalogue of every package: no English in its Chinese, no Chinese in its English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from languagekit import CHINESE, english

import chaos.bench.words
import chaos.demo.words
import chaos.report.words
import chaos.sandbox.words
from chaos.detect.kinds import KINDS
from chaos.scenarios.table import SCENARIOS
from prometheus_persist.report.messages import MESSAGES
from prometheus_persist.words.exits import EXITS


def pairs() -> Iterator[tuple[str, str, str]]:
    """Name, Chinese, English of everything that is said to people."""
    tables: list[Mapping[object, object]] = [MESSAGES, EXITS]
    for module in (chaos.bench.words, chaos.demo.words, chaos.report.words, chaos.sandbox.words):
        tables += [
            value
            for name, value in vars(module).items()
            if name.isupper() and isinstance(value, Mapping)
        ]
    for table in tables:
        for name, pair in table.items():
            if isinstance(pair, tuple) and len(pair) == 2:
                yield str(name), str(pair[0]), str(pair[1])
    yield from ((kind.name, kind.zh, kind.en) for kind in KINDS)
    yield from ((one.name, one.what_zh, one.what) for one in SCENARIOS)


def test_no_english_in_chinese_and_no_chinese_in_english() -> None:
    found = list(pairs())
    assert len(found) > 700
    assert [(name, zh) for name, zh, _ in found if english(zh)] == []
    assert [(name, en) for name, _, en in found if CHINESE.search(en)] == []


def test_english_would_be_seen_and_names_are_none() -> None:
    assert english("已冻结，不接受新开仓：the gate is shut") == ["the gate is shut"]
    assert english("先运行 prometheus-persist verify，再看 BTC-USDT-SWAP cross net") == []
