"""Two tables of one thing, each written down by hand: how often OKX may be asked."""

import pytest

from fakeokx.wire.endpoints import ENDPOINTS, GET
from prometheus_persist.exchange import okxpace

SERVED = {each.path: each.limit for each in ENDPOINTS if each.method == GET}


@pytest.mark.parametrize("path", okxpace.LIMITS)
def test_the_reader_counts_as_the_exchange_does(path):
    """Number and window, and by what more than the user or the address they are counted."""
    count, within_s = okxpace.LIMITS[path]
    limit = SERVED[path]
    assert (count, round(within_s * 1000)) == (limit.count, limit.window_ms)
    assert okxpace._COUNTED_BY.get(path, "") == limit.per.partition("+")[2]
