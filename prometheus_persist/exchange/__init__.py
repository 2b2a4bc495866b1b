"""Shell. The venue: a reader with completeness per source; OKX through ccxt, imported when used."""

from typing import TYPE_CHECKING

from prometheus_persist.lazy import exports

if TYPE_CHECKING:
    from prometheus_persist.exchange.okx.client import OkxReader, OkxSettings, connect, okx_client
    from prometheus_persist.exchange.okx.expiring import expiring
    from prometheus_persist.exchange.reader import ExchangeReader, OrderSeen, ViewRequest
else:
    __getattr__ = exports(
        {
            "ExchangeReader": "prometheus_persist.exchange.reader",
            "OkxReader": "prometheus_persist.exchange.okx.client",
            "OkxSettings": "prometheus_persist.exchange.okx.client",
            "OrderSeen": "prometheus_persist.exchange.reader",
            "ViewRequest": "prometheus_persist.exchange.reader",
            "connect": "prometheus_persist.exchange.okx.client",
            "expiring": "prometheus_persist.exchange.okx.expiring",
            "okx_client": "prometheus_persist.exchange.okx.client",
        }
    )

__all__ = [
    "ExchangeReader",
    "OkxReader",
    "OkxSettings",
    "OrderSeen",
    "ViewRequest",
    "connect",
    "expiring",
    "okx_client",
]
