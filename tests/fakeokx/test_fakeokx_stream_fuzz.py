"""Whatever is sent over a WebSocket is answered in OKX's shape, and nothing dies of it.

Each message is followed by a ping: what comes before its pong is the answer. FAKEOKX_WS_FUZZ
says how many messages are sent.
"""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from fakeokx_stream_tools import Stream
from fakeokx_tools import BTC
from websockets.exceptions import ConnectionClosed

from fakeokx import FakeOkx, launch
from fakeokx.stream.channels import CHANNELS
from fakeokx.stream.codes import MESSAGES
from fakeokx.stream.ops import OPS
from fakeokx.wire.errors import ERRORS

MESSAGES_SENT = int(os.environ.get("FAKEOKX_WS_FUZZ", "3000"))
JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, 10**30, "", " ", "0", "-1", "1e5", "NaN", "x" * 300,
    "é☃\u0000", [], {}, [[]], [None], {"a": {"b": []}}, "\ud83d\ude00", "ANY", "buy",
)  # fmt: skip
NAMES = (
    "channel", "instId", "instType", "instFamily", "uly", "ccy", "extraParams", "instIdCode",
    "tdMode", "side", "ordType", "sz", "px", "posSide", "reduceOnly", "clOrdId", "tag", "ordId",
    "newSz", "newPx", "reqId", "cxlOnFail", "attachAlgoOrds", "tgtCcy", "stpMode", "apiKey", "sign",
    "passphrase", "timestamp",
)  # fmt: skip


class Fuzz:
    """Draws messages: some nearly right, some not at all."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def value(self, name: str) -> Any:
        if self.rng.random() < 0.4:
            return self.rng.choice(JUNK)
        right = {
            "channel": self.rng.choice([*CHANNELS, "candle1m", "candle9x"]),
            "instId": BTC, "instType": "SWAP", "tdMode": "cross", "side": "buy", "sz": "0.01",
            "ordType": self.rng.choice(("market", "limit", "post_only", "fok", "ioc")),
            "px": "40000", "instIdCode": 10459, "newPx": "41000", "newSz": "0.02",
            "extraParams": '{"updateInterval": "0"}', "ordId": "2000000000000000001",
        }  # fmt: skip
        return right.get(name, self.rng.choice(JUNK))

    def arg(self) -> Any:
        if self.rng.random() < 0.1:
            return self.rng.choice(JUNK)
        names = self.rng.sample(NAMES, self.rng.randint(0, 12))
        if self.rng.random() < 0.7:
            names += ["channel", "instId", "instType", "tdMode", "side", "ordType", "sz"]
        return {name: self.value(name) for name in names}

    def message(self) -> str:
        draw = self.rng.random()
        if draw < 0.1:
            text = json.dumps(self.rng.choice(JUNK))
            return text[: self.rng.randint(0, len(text))]
        ops = ["subscribe", "unsubscribe", *OPS, "login", "mass-cancel", "", 7, None]
        data = {
            "op": self.rng.choice(ops),
            "args": [self.arg() for _ in range(self.rng.randint(0, 3))],
        }
        if self.rng.random() < 0.1:
            data["args"] = self.rng.choice(JUNK)
        if self.rng.random() < 0.6:
            data["id"] = self.rng.choice(("a1", "z" * 32, *JUNK))
        if self.rng.random() < 0.1:
            data["expTime"] = self.rng.choice(JUNK)
        return json.dumps(data)


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with launch(tmp_path_factory.mktemp("fuzz")) as running:
        running.streams(has_tier="true")
        yield running


@pytest.mark.parametrize("path", ["public", "private", "business"])
def test_every_message_is_answered_and_the_venue_lives(venue: FakeOkx, path: str) -> None:
    fuzz, answered, stream = Fuzz(len(path)), 0, Stream(venue, path, login=True)
    for _ in range(MESSAGES_SENT // 3):
        text = fuzz.message()
        found, code = sent(stream, text)
        if code:
            assert 4001 <= code <= 4009, (code, text)
            stream = Stream(venue, path, login=True)
            continue
        answers = [each for each in found if "event" in each or "op" in each]
        assert answers, f"no answer to {text!r}"
        for each in answers:
            check(each, text)
        answered += 1
    assert answered > MESSAGES_SENT // 4
    assert venue.health()
    log = (Path(venue.directory) / "fakeokx.log").read_text()
    assert "Traceback" not in log, log[-3000:]


def sent(stream: Stream, text: str) -> tuple[list[Any], int]:
    """What came before the pong, and the close code if there was none (1006: cut off)."""
    found: list[Any] = []
    try:
        stream.send(text)
        stream.send("ping")
        while (message := stream.next(5)) != "pong":
            found.append(message)
    except ConnectionClosed as ended:
        return found, 1006 if ended.rcvd is None else ended.rcvd.code
    return found, 0


def check(answer: dict[str, Any], text: str) -> None:
    if answer.get("event") == "error":
        assert answer["code"] in MESSAGES, (answer, text)
        assert isinstance(answer["msg"], str)
        assert "connId" in answer
    elif "op" in answer:
        assert list(answer) == ["id", "op", "data", "code", "msg", "inTime", "outTime"]
        assert answer["code"] in ("0", "1", "2") or not answer["data"]
        assert answer["code"] in ("0", "1", "2", *MESSAGES, *ERRORS), (answer, text)
        for row in answer["data"]:
            assert row["sCode"] == "0" or row["sCode"] in ERRORS, (row, text)
    else:
        assert answer["event"] in (
            "login",
            "subscribe",
            "unsubscribe",
            "channel-conn-count",
            "channel-conn-count-error",
        )
