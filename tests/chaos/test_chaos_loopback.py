"""A session without ``requests`` answers and fails as ``requests`` does, to ``ccxt``'s eyes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ccxt import ExchangeError, NetworkError

from chaos.workload.clients import client_of, near
from chaos.workload.loopback import LoopbackSession

TIMEOUT_MS = 700
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n"


def seen(client: Any) -> Any:
    """What a question comes to: its answer, or the kind of its failure."""
    try:
        return client.private_get_account_config()
    except (NetworkError, ExchangeError) as problem:
        return type(problem)


@pytest.mark.parametrize(
    "rule",
    [
        None,
        {"action": "refuse"},
        {"action": "drop_answer"},
        {"action": "error_before", "code": "50061"},
        {"action": "maintenance"},
        {"action": "cut_body"},
        {"action": "delay", "ms": 3 * TIMEOUT_MS},
    ],
    ids=lambda rule: rule["action"] if rule else "none",
)
def test_ccxt_is_told_the_same_of_it(venue: Any, rule: dict[str, Any] | None) -> None:
    both = client_of(venue.url, TIMEOUT_MS), near(client_of(venue.url, TIMEOUT_MS))
    told = []
    for client in both:
        venue.set_faults([rule] if rule else [])
        told.append(seen(client))
        venue.set_faults([])
        assert "data" in seen(client), "and the next question is answered"
    assert told[0] == told[1]


Hasty = tuple[str, list[bytes], threading.Semaphore]


@pytest.fixture
def hasty() -> Iterator[Hasty]:
    """A server that sends each connection one of the answers, hangs up, and says that it has."""
    answers: list[bytes] = []
    hung_up = threading.Semaphore(0)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            with one:
                one.recv(65_536)
                one.sendall(answers.pop(0))
            hung_up.release()

    serving = threading.Thread(target=serve)
    serving.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", answers, hung_up
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    serving.join()


def test_a_connection_that_was_hung_up_is_not_used_again(hasty: Hasty) -> None:
    url, answers, hung_up = hasty
    client = near(client_of(url, TIMEOUT_MS))
    answers += [WHOLE + b'{"code":"0"}'] * 2
    for _ in range(2):
        assert client.private_get_account_config()["code"] == "0"
        assert hung_up.acquire(timeout=10)


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", WHOLE + b"{", b"?\r\n\r\n"]
)
def test_half_an_answer_is_none(hasty: Hasty, answer: bytes) -> None:
    url, answers, _ = hasty
    answers.append(answer)
    with pytest.raises(NetworkError):
        near(client_of(url, TIMEOUT_MS)).private_get_account_config()


def test_nobody_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NetworkError):
        near(client_of(f"http://127.0.0.1:{port}", TIMEOUT_MS)).private_get_account_config()


def test_threads_do_not_read_each_others_answers(venue: Any) -> None:
    client = near(client_of(venue.url))
    asked = [("private_get_account_config", "uid"), ("public_get_public_time", "ts")] * 4
    wrong: list[Any] = []

    def ask(name: str, field: str) -> None:
        for _ in range(20):
            row = getattr(client, name)()["data"][0]
            wrong.extend([] if field in row else [(name, row)])

    threads = [threading.Thread(target=ask, args=each) for each in asked]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []
    assert isinstance(client.session, LoopbackSession)
