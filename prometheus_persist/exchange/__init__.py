"""Shell. The venue: a reader with completeness per source; OKX through ccxt, imported when used."""

from prometheus_persist.exchange.okx import OkxReader, OkxSettings, connect, okx_client
from prometheus_persist.exchange.reader import ExchangeReader, OrderSeen, ViewRequest

__all__ = [
    "ExchangeReader",
    "OkxReader",
    "OkxSettings",
    "OrderSeen",
    "ViewRequest",
    "connect",
    "okx_client",
]
