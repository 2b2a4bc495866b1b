"""Shell. The venue: a reader with completeness per source; OKX through ccxt, imported when used."""

from typing import TYPE_CHECKING

from prometheus_persist.lazy import exports

if TYPE_CHECKING:
    from prometheus_persist.exchange.okx import OkxReader, OkxSettings, connect, okx_client
    from prometheus_persist.exchange.okxexpiring import expiring
    from prometheus_persist.exchange.reader import ExchangeReader, OrderSeen, ViewRequest
else:
    __getattr__ = exports(
        {
            "ExchangeReader": "prometheus_persist.exchange.reader",
            "OkxReader": "prometheus_persist.exchange.okx",
            "OkxSettings": "prometheus_persist.exchange.okx",
            "OrderSeen": "prometheus_persist.exchange.reader",
            "ViewRequest": "prometheus_persist.exchange.reader",
            "connect": "prometheus_persist.exchange.okx",
            "expiring": "prometheus_persist.exchange.okxexpiring",
            "okx_client": "prometheus_persist.exchange.okx",
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
