"""Two tables of one thing, each written down by hand: how often OKX may be asked."""

import pytest

from fakeokx.wire.endpoints import ENDPOINTS, GET
from prometheus_persist.exchange.okx import rate_limit

SERVED = {each.path: each.limit for each in ENDPOINTS if each.method == GET}


@pytest.mark.parametrize("path", rate_limit.LIMITS)
def test_the_reader_counts_as_the_exchange_does(path):
    """Number and window, and by what more than the user or the address they are counted."""
    count, within_s = rate_limit.LIMITS[path]
    limit = SERVED[path]
    assert (count, round(within_s * 1000)) == (limit.count, limit.window_ms)
    assert rate_limit._COUNTED_BY.get(path, "") == limit.per.partition("+")[2]
