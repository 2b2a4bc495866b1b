"""Buckets: what is counted, by what, and that a refused call is not."""

from fakeokx.wire.endpoints import BY_ROUTE
from fakeokx.wire.rate_limits import Limiter

PLACE = BY_ROUTE["POST", "trade/order"]
BATCH = BY_ROUTE["POST", "trade/batch-orders"]
BALANCE = BY_ROUTE["GET", "account/balance"]
TIME = BY_ROUTE["GET", "public/time"]


def let_in(
    limiter: Limiter, endpoint: object, inst_ids: list[str], now: int = 0, who: str = "a"
) -> str:
    reason = limiter.admit(endpoint, inst_ids, who, now)  # type: ignore[arg-type]
    return "0" if reason is None else reason.code


def test_sixty_orders_per_instrument_and_window_then_none() -> None:
    limiter = Limiter()
    assert {let_in(limiter, PLACE, ["A"]) for _ in range(60)} == {"0"}
    assert let_in(limiter, PLACE, ["A"]) == "50011"
    assert let_in(limiter, PLACE, ["B"]) == "0"
    assert let_in(limiter, PLACE, ["A"], now=1999) == "50011"
    assert let_in(limiter, PLACE, ["A"], now=2000) == "0"


def test_a_batch_of_one_uses_the_single_bucket_and_a_batch_of_two_its_own() -> None:
    limiter = Limiter()
    assert {let_in(limiter, BATCH, ["A"]) for _ in range(60)} == {"0"}
    assert let_in(limiter, PLACE, ["A"]) == "50011"
    assert let_in(limiter, BATCH, ["A", "A"]) == "0"


def test_a_batch_counts_its_orders_and_a_refused_one_counts_nothing() -> None:
    limiter = Limiter()
    assert {let_in(limiter, BATCH, ["A"] * 20) for _ in range(14)} == {"0"}
    assert let_in(limiter, BATCH, ["A"] * 19) == "0"
    assert let_in(limiter, BATCH, ["A", "A"]) == "50011"
    assert let_in(limiter, BATCH, ["B", "B"]) == "0"


def test_the_account_has_a_cap_over_all_instruments() -> None:
    limiter = Limiter()
    for number in range(50):
        assert let_in(limiter, BATCH, [f"I{number}"] * 20) == "0"
    assert let_in(limiter, PLACE, ["Z"]) == "50061"


def test_reads_count_per_user_and_public_reads_per_address() -> None:
    limiter = Limiter()
    assert {let_in(limiter, BALANCE, []) for _ in range(10)} == {"0"}
    assert let_in(limiter, BALANCE, [], who="b") == "50011"
    assert {let_in(limiter, TIME, []) for _ in range(10)} == {"0"}
    assert let_in(limiter, TIME, []) == "50011"
    assert let_in(limiter, TIME, [], who="b") == "0"
