"""Many subscribers at once, each counting what it gets: ``python -m fakeokx.process.subscribers``.

Starts a venue (or takes ``--url``), opens so many WebSockets that listen to the best price of
one instrument, and moves that price so many times a second. Every message carries a sequence
number that grows by one, so whatever is lost, doubled or out of order shows in the count, on
each connection by itself. Prints one JSON line; the exit code is 1 if anything was wrong.

======================  ==================================================================
subscribers, events     connections, and price moves that were made
received                messages with a number, over all connections
expected                subscribers x events
out_of_sequence         messages whose number did not follow that of the one before
events_per_s            price moves per second, as they really came about
latency_ms_p50, _p99    from the request that moved the price to the message, per message
======================  ==================================================================

Standard library only: frames are taken apart by hand, so that the subscribers cost less than
the venue that they measure.
"""

import argparse
import asyncio
import base64
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from fakeokx.process.runner import launch

INST_ID: Final = "BTC-USDT-SWAP"
CHANNEL: Final = "bbo-tbt"
PX_FIRST: Final = 50_000
READY_S_MAX: Final = 30.0
SETTLE_S_MAX: Final = 10.0
_SEQ: Final = b'"seqId":'
_SHORT, _MEDIUM = 126, 127


@dataclass(slots=True)
class Count:
    """What all subscribers got, and when each number was first on its way."""

    ready: int = 0
    received: int = 0
    out_of_sequence: int = 0
    sent_at: dict[int, float] = field(default_factory=dict)
    latencies_s: list[float] = field(default_factory=list)


class Subscriber(asyncio.Protocol):
    """One connection: shakes hands, subscribes, and counts."""

    def __init__(self, host: str, count: Count) -> None:
        self._host = host
        self._count = count
        self._buffer = bytearray()
        self._is_open = False
        self._last: int | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(bytes(16)).decode()
        transport.write(
            f"GET /ws/v5/public HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._buffer += data
        if not self._is_open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            del self._buffer[: end + 4]
            self._is_open = True
            arg = {"channel": CHANNEL, "instId": INST_ID}
            self._send(json.dumps({"op": "subscribe", "args": [arg]}).encode())
        self._take_frames()

    def close(self) -> None:
        """Leave."""
        if self._transport is not None:
            self._transport.close()

    def _send(self, text: bytes) -> None:
        assert self._transport is not None
        assert len(text) < _SHORT, "one short frame"
        # A mask of zeros leaves the text as it is.
        self._transport.write(bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text)

    def _take_frames(self) -> None:
        buffer, start = self._buffer, 0
        while len(buffer) - start >= 2:
            length, head = buffer[start + 1], 2
            if length == _SHORT:
                length, head = int.from_bytes(buffer[start + 2 : start + 4]), 4
            elif length == _MEDIUM:
                length, head = int.from_bytes(buffer[start + 2 : start + 10]), 10
            if len(buffer) - start < head + length:
                break
            self._heard(bytes(buffer[start + head : start + head + length]))
            start += head + length
        del buffer[:start]

    def _heard(self, text: bytes) -> None:
        at = text.find(_SEQ)
        if at < 0:
            return
        number = int(text[at + len(_SEQ) :].split(b"}", 1)[0].split(b",", 1)[0])
        count = self._count
        if self._last is None:
            count.ready += 1
        else:
            count.received += 1
            count.out_of_sequence += number != self._last + 1
            sent_at = count.sent_at.get(number)
            if sent_at is not None:
                count.latencies_s.append(asyncio.get_running_loop().time() - sent_at)
        self._last = number


async def measure(
    url: str,
    subscribers: int,
    events_per_s: int,
    seconds: float,
    *,
    settle_s: float = SETTLE_S_MAX,
) -> dict[str, Any]:
    """Run the subscribers against a venue; what they counted.

    The last messages get ``settle_s`` to arrive once the last event was answered.
    """
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    loop, count = asyncio.get_running_loop(), Count()
    crowd: list[Subscriber] = []
    for _ in range(subscribers):
        _, one = await loop.create_connection(
            lambda: Subscriber(parts.netloc, count), parts.hostname, parts.port
        )
        crowd.append(one)
    await _until(lambda: count.ready == subscribers, READY_S_MAX)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    seq = crowd[0]._last
    assert seq is not None
    events = int(events_per_s * seconds)
    begun = loop.time()
    answers = asyncio.create_task(_read_answers(reader, events))
    for number in range(events):
        await asyncio.sleep(max(0.0, begun + number / events_per_s - loop.time()))
        count.sent_at[seq + 1 + number] = loop.time()
        _move(writer, parts.netloc, PX_FIRST + 1 + number % 1000)
    await answers
    took_s = loop.time() - begun
    expected = subscribers * events
    await _until(lambda: count.received >= expected, settle_s)
    for one in crowd:
        one.close()
    writer.close()
    latencies = sorted(count.latencies_s) or [0.0]
    return {
        "subscribers": subscribers,
        "events": events,
        "received": count.received,
        "expected": expected,
        "out_of_sequence": count.out_of_sequence,
        "events_per_s": round(events / took_s, 1),
        "latency_ms_p50": round(latencies[len(latencies) // 2] * 1000, 2),
        "latency_ms_p99": round(latencies[len(latencies) * 99 // 100] * 1000, 2),
    }


def _move(writer: asyncio.StreamWriter, host: str, px: int) -> None:
    body = json.dumps({"instId": INST_ID, "px": str(px)}).encode()
    head = (
        f"POST /control/price HTTP/1.1\r\nHost: {host}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)


async def _read_answers(reader: asyncio.StreamReader, count: int) -> None:
    for _ in range(count):
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        assert answer.startswith(b"http/1.1 200"), answer


async def _until(is_it: Any, wait_s: float) -> None:
    end = asyncio.get_running_loop().time() + wait_s
    while not is_it() and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.01)


def is_sound(found: dict[str, Any]) -> bool:
    """Whether every subscriber got every event once and in order."""
    return bool(found["received"] == found["expected"] and not found["out_of_sequence"])


def main(args: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether anything was lost."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", default="", help="a running venue; default: one of its own")
    parser.add_argument("--subscribers", type=int, default=200)
    parser.add_argument("--events-per-s", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args(args)
    load = (given.subscribers, given.events_per_s, given.seconds)
    if given.url:
        found = asyncio.run(measure(given.url, *load))
    else:
        with launch() as venue:
            found = asyncio.run(measure(venue.url, *load))
    sys.stdout.write(json.dumps(found) + "\n")
    return 0 if is_sound(found) else 1


if __name__ == "__main__":
    sys.exit(main())
