"""OKX's error codes as data: HTTP status and message of each code that is answered here.

A message may have gaps, filled by the words of a refusal. Inside an order row (``sCode``)
the same code is always HTTP 200, and the message of 51000 ends in a space there.
"""

from types import MappingProxyType
from typing import Final, NamedTuple

from fakeokx.engine.refusals import Reason

OK: Final = "0"


class ErrorText(NamedTuple):
    """HTTP status of the code at the top of an answer, and its message."""

    http: int
    message: str


ERRORS: Final = MappingProxyType(
    {
        "50000": ErrorText(400, "Body for POST request cannot be empty."),
        "50001": ErrorText(503, "Service temporarily unavailable. Please try again later."),
        "50002": ErrorText(400, "Incorrect json data format"),
        "50004": ErrorText(400, "API endpoint request timeout "),
        "50006": ErrorText(400, "Invalid Content-Type."),
        "50011": ErrorText(429, "Too Many Requests"),
        "50013": ErrorText(429, "Systems are busy. Please try again later."),
        "50014": ErrorText(200, "Parameter {0} can not be empty"),
        "50015": ErrorText(400, "Either parameter {0} or {1} is required"),
        "50016": ErrorText(400, "Parameter {0} does not match {1}"),
        "50024": ErrorText(200, "Parameter {0} and {1} cannot exist at the same time"),
        "50025": ErrorText(200, "Parameter {0} count exceeds the limit {1}"),
        "50026": ErrorText(500, "System error. Try again later."),
        "50030": ErrorText(200, "You don't have permission to use this API endpoint"),
        "50036": ErrorText(200, "expTime can not be earlier than the current system time."),
        "50038": ErrorText(200, "This feature is unavailable in demo trading"),
        "50061": ErrorText(200, "You've reached the maximum order rate limit for this account."),
        "50101": ErrorText(401, "APIKey does not match current environment."),
        "50102": ErrorText(401, "Timestamp request expired."),
        "50103": ErrorText(401, 'Request header "OK-ACCESS-KEY" cannot be empty.'),
        "50104": ErrorText(401, 'Request header "OK-ACCESS-PASSPHRASE" cannot be empty.'),
        "50105": ErrorText(401, 'Request header "OK-ACCESS-PASSPHRASE" incorrect.'),
        "50106": ErrorText(401, 'Request header "OK-ACCESS-SIGN" cannot be empty.'),
        "50107": ErrorText(401, 'Request header "OK-ACCESS-TIMESTAMP" cannot be empty.'),
        "50112": ErrorText(401, "Invalid OK-ACCESS-TIMESTAMP"),
        "50113": ErrorText(401, "Invalid Sign"),
        "50115": ErrorText(405, "Invalid request method."),
        "50119": ErrorText(401, "API key doesn't exist"),
        "51000": ErrorText(400, "Parameter {0} error"),
        "51001": ErrorText(200, "Instrument ID, Instrument ID code, or Spread ID doesn't exist."),
        "51003": ErrorText(200, "Either client order ID or order ID is required."),
        "51008": ErrorText(200, "Order failed. Insufficient {0} margin in account"),
        "51010": ErrorText(200, "Request unsupported under current account mode"),
        "51015": ErrorText(200, "Instrument ID does not match instrument type."),
        "51016": ErrorText(200, "Client order ID already exists."),
        "51020": ErrorText(200, "Your order should meet or exceed the minimum order amount."),
        "51023": ErrorText(200, "Position doesn't exist."),
        "51065": ErrorText(200, "algoClOrdId already exists."),
        "51101": ErrorText(200, "Entered amount exceeds the max pending order amount."),
        "51111": ErrorText(200, "Maximum {0} orders can be placed in bulk."),
        "51112": ErrorText(200, "Close order size exceeds available size for this position."),
        "51115": ErrorText(429, "Cancel all pending close-orders before liquidation."),
        "51121": ErrorText(200, "Order quantity must be a multiple of the lot size."),
        "51169": ErrorText(
            200, "You don't have any positions in this direction to reduce or close."
        ),
        "51170": ErrorText(
            200, "A reduce-only order can't be in the same direction as the position."
        ),
        "51202": ErrorText(200, "Market order amount exceeds the maximum amount."),
        "51204": ErrorText(200, "The price for the limit order cannot be empty."),
        "51277": ErrorText(200, "TP trigger price cannot be lower than the last price."),
        "51278": ErrorText(200, "SL trigger price cannot be higher than the last price."),
        "51279": ErrorText(200, "TP trigger price cannot be higher than the last price."),
        "51280": ErrorText(200, "SL trigger price cannot be lower than the last price."),
        "51328": ErrorText(
            200, "closeFraction is only available for reduce-only orders in net mode."
        ),
        "51400": ErrorText(
            200,
            "Order cancellation failed as the order has been filled, canceled or does not exist.",
        ),
        "51500": ErrorText(200, "You must enter a price, quantity, or TP/SL."),
        "51503": ErrorText(200, "Your order has already been filled or canceled."),
        "51603": ErrorText(200, "Order does not exist."),
        "59000": ErrorText(
            200,
            "Settings failed. Close any open positions or orders before modifying settings.",
        ),
        "59102": ErrorText(200, "Leverage exceeds the maximum limit. Lower the leverage."),
    }
)


def http_status(code: str) -> int:
    """HTTP status of an answer with that top code."""
    return ERRORS[code].http


def top_message(reason: Reason) -> str:
    """Message of that refusal at the top of an answer."""
    return ERRORS[reason.code].message.format(*reason.words)


def row_message(reason: Reason) -> str:
    """Message of that refusal inside an order row."""
    text = top_message(reason)
    return f"{text} " if reason.code == "51000" else text
