"""OKX's error codes as data: HTTP status and message of each code that is answered here.

A message may have gaps, filled by the words of a refusal. Inside an order row (``sCode``)
the same code is always HTTP 200, and the message of 51000 ends in a space there. Four statuses
and that space are switches, because the sources disagree about them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from fakeokx.engine.refusals import Reason
from fakeokx.engine.switches import DEFAULTS

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
        "50005": ErrorText(410, "API is offline or unavailable."),
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
        "50037": ErrorText(200, "Order expired."),
        "50038": ErrorText(200, "This feature is unavailable in demo trading"),
        "50040": ErrorText(200, "Operations that are too frequent. Please try again later."),
        "50042": ErrorText(200, "Repeated request"),
        "50061": ErrorText(200, "You've reached the maximum order rate limit for this account."),
        "50101": ErrorText(401, "APIKey does not match current environment."),
        "50102": ErrorText(401, "Timestamp request expired."),
        "50103": ErrorText(401, 'Request header "OK-ACCESS-KEY" cannot be empty.'),
        "50104": ErrorText(401, 'Request header "OK-ACCESS-PASSPHRASE" cannot be empty.'),
        "50105": ErrorText(401, 'Request header "OK-ACCESS-PASSPHRASE" incorrect.'),
        "50106": ErrorText(401, 'Request header "OK-ACCESS-SIGN" cannot be empty.'),
        "50107": ErrorText(401, 'Request header "OK-ACCESS-TIMESTAMP" cannot be empty.'),
        "50110": ErrorText(401, "Your IP {0} is not included in your API key's IP whitelist."),
        "50111": ErrorText(401, "Invalid OK-ACCESS-KEY"),
        "50112": ErrorText(401, "Invalid OK-ACCESS-TIMESTAMP"),
        "50113": ErrorText(401, "Invalid Sign"),
        "50114": ErrorText(401, "Invalid Authorization"),
        "50115": ErrorText(405, "Invalid request method."),
        "50119": ErrorText(401, "API key doesn't exist"),
        "50120": ErrorText(200, "This API key doesn't have permission to use this function."),
        "51000": ErrorText(400, "Parameter {0} error"),
        "51001": ErrorText(200, "Instrument ID, Instrument ID code, or Spread ID doesn't exist."),
        "51003": ErrorText(200, "Either client order ID or order ID is required."),
        "51004": ErrorText(
            200,
            "Order failed. The amount exceeds the position tier limit at this leverage.",
        ),
        "51006": ErrorText(
            200,
            "Order price is not within the price limit (max buy price: {0} , min sell price: {1} )",
        ),
        "51008": ErrorText(200, "Order failed. Insufficient {0} margin in account"),
        "51010": ErrorText(200, "Request unsupported under current account mode"),
        "51015": ErrorText(200, "Instrument ID does not match instrument type."),
        "51016": ErrorText(200, "Client order ID already exists."),
        "51020": ErrorText(200, "Your order should meet or exceed the minimum order amount."),
        "51021": ErrorText(200, "Contract to be listed."),
        "51022": ErrorText(200, "Contract suspended."),
        "51023": ErrorText(200, "Position doesn't exist."),
        "51027": ErrorText(200, "Contract expired."),
        "51046": ErrorText(
            200, "The take profit trigger price should be higher than the order price."
        ),
        "51047": ErrorText(
            200, "The stop loss trigger price should be lower than the order price."
        ),
        "51048": ErrorText(
            200, "The take profit trigger price should be lower than the order price."
        ),
        "51049": ErrorText(
            200, "The stop loss trigger price should be higher than the order price."
        ),
        "51050": ErrorText(
            200, "The take profit trigger price should be higher than the best ask price."
        ),
        "51051": ErrorText(
            200, "The stop loss trigger price should be lower than the best ask price."
        ),
        "51052": ErrorText(
            200, "The take profit trigger price should be lower than the best bid price."
        ),
        "51053": ErrorText(
            200, "The stop loss trigger price should be higher than the best bid price."
        ),
        "51054": ErrorText(500, "Request timed out. Please try again."),
        "51065": ErrorText(200, "algoClOrdId already exists."),
        "51068": ErrorText(200, "{0} already exists within algoClOrdId and attachAlgoClOrdId."),
        "51071": ErrorText(
            200, "You've reached the maximum limit for tag level cancel all after timers."
        ),
        "51076": ErrorText(
            200,
            "TP/SL orders in Split TPs only support one-way TP/SL. You can't use "
            "slTriggerPx&slOrdPx and tpTriggerPx&tpOrdPx at the same time",
        ),
        "51079": ErrorText(
            200,
            "The number of TP orders with Split TPs attached in a same order cannot exceed {0}",
        ),
        "51080": ErrorText(
            200,
            "Take-profit trigger price types (tpTriggerPxType) must be the same in an order with "
            "Split TPs attached",
        ),
        "51081": ErrorText(
            200,
            "Take-profit trigger prices (tpTriggerPx) cannot be the same in an order with Split "
            "TPs attached",
        ),
        "51083": ErrorText(
            200,
            "The total size of TP orders with Split TPs attached in a same order should equal the "
            "size of this order",
        ),
        "51084": ErrorText(
            200,
            "The number of SL orders with Split TPs attached in a same order cannot exceed {0}",
        ),
        "51088": ErrorText(200, "You can only place 1 TP/SL order to close an entire position"),
        "51089": ErrorText(
            200, "The size of the TP order among split TPs attached cannot be empty"
        ),
        "51100": ErrorText(
            200,
            "Take profit/Stop loss conditions cannot be added to reduce-only orders.",
        ),
        "51101": ErrorText(200, "Entered amount exceeds the max pending order amount."),
        "51102": ErrorText(200, "Entered amount exceeds the max pending count."),
        "51111": ErrorText(200, "Maximum {0} orders can be placed in bulk."),
        "51112": ErrorText(200, "Close order size exceeds available size for this position."),
        "51113": ErrorText(429, "Market-price liquidation requests too frequent."),
        "51115": ErrorText(429, "Cancel all pending close-orders before liquidation."),
        "51121": ErrorText(200, "Order quantity must be a multiple of the lot size."),
        "51149": ErrorText(500, "Order timed out. Please try again later."),
        "51169": ErrorText(
            200, "You don't have any positions in this direction to reduce or close."
        ),
        "51170": ErrorText(
            200, "A reduce-only order can't be in the same direction as the position."
        ),
        "51202": ErrorText(200, "Market order amount exceeds the maximum amount."),
        "51203": ErrorText(200, "Order amount exceeds the limit {0}."),
        "51204": ErrorText(200, "The price for the limit order cannot be empty."),
        "51205": ErrorText(200, "Reduce Only is not available."),
        "51277": ErrorText(200, "TP trigger price cannot be higher than the last price."),
        "51278": ErrorText(200, "SL trigger price cannot be lower than the last price."),
        "51279": ErrorText(200, "TP trigger price cannot be lower than the last price."),
        "51280": ErrorText(200, "SL trigger price cannot be higher than the last price."),
        "51300": ErrorText(200, "TP trigger price cannot be higher than the mark price"),
        "51302": ErrorText(200, "SL trigger price cannot be lower than the mark price"),
        "51303": ErrorText(200, "TP trigger price cannot be lower than the mark price"),
        "51304": ErrorText(200, "SL trigger price cannot be higher than the mark price"),
        "51305": ErrorText(200, "TP trigger price cannot be higher than the index price"),
        "51306": ErrorText(200, "SL trigger price cannot be lower than the index price"),
        "51307": ErrorText(200, "TP trigger price cannot be lower than the index price"),
        "51308": ErrorText(200, "SL trigger price cannot be higher than the index price"),
        "51327": ErrorText(200, "closeFraction is only available for futures and perpetual swaps"),
        "51328": ErrorText(200, "closeFraction is only available for reduceOnly orders"),
        "51329": ErrorText(200, "closeFraction is only available in NET mode"),
        "51330": ErrorText(200, "closeFraction is only available for stop market orders"),
        "51331": ErrorText(200, "closeFraction is only available for close position orders"),
        "51332": ErrorText(200, "closeFraction is not applicable to Portfolio Margin"),
        "51333": ErrorText(
            200,
            "A closing or reduce-only order cannot attach TPSL",
        ),
        "51400": ErrorText(
            200,
            "Order cancellation failed as the order has been filled, canceled or does not exist.",
        ),
        "51410": ErrorText(
            200,
            "Cancellation failed as the order is already in canceling status.",
        ),
        "51412": ErrorText(200, "Cancellation timed out, please try again later."),
        "51416": ErrorText(200, "Order has been triggered and can't be canceled."),
        "51500": ErrorText(200, "You must enter a price, quantity, or TP/SL."),
        "51501": ErrorText(400, "Maximum of {0} orders can be modified."),
        "51503": ErrorText(200, "Your order has already been filled or canceled."),
        "51511": ErrorText(
            200, "Order modification failed as the price condition of a post-only order is not met."
        ),
        "51513": ErrorText(
            200,
            "Modification requests in progress for an order cannot exceed {0}.",
        ),
        "51527": ErrorText(
            200,
            "Order modification failed. At least 1 of the attached TP/SL orders does not exist.",
        ),
        "51538": ErrorText(
            200,
            "You need to use attachAlgoOrds if you used attachAlgoOrds when placing an order. "
            "attachAlgoOrds is not supported if you did not use attachAlgoOrds when placing this "
            "order.",
        ),
        "51539": ErrorText(
            200,
            "attachAlgoId or attachAlgoClOrdId cannot be identical when modifying any TP/SL within "
            "your split TPs order",
        ),
        "51603": ErrorText(200, "Order does not exist."),
        "59000": ErrorText(
            200, "Settings failed. Close any open positions or orders before modifying settings."
        ),
        "59101": ErrorText(
            200,
            "Cancel all pending isolated margin orders before adjusting the leverage.",
        ),
        "59102": ErrorText(200, "Leverage exceeds the maximum limit. Lower the leverage."),
        "59107": ErrorText(
            200,
            "Cancel all pending cross-margin orders before adjusting the leverage.",
        ),
        "59108": ErrorText(
            200, "Low leverage and insufficient margin, please adjust the leverage."
        ),
    }
)
# Codes that carry a second one in the row's subCode; 51008 is of a balance or of a margin.
_SUB_CODES: Final[Mapping[str, str]] = MappingProxyType({"51008": "1001", "51004": "1101"})
_OF_BALANCE: Final = ("51008", "balance")
_BALANCE: Final = ("1000", "Order failed. Insufficient {0} balance in account")
_STATUS_SWITCHES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "50014": "http.missing_param_status",
        "50119": "http.unknown_key_status",
        "51115": "position.pending_close_http",
    }
)


def http_status(code: str, switches: Mapping[str, str] = DEFAULTS) -> int:
    """HTTP status of an answer with that top code."""
    switch = _STATUS_SWITCHES.get(code)
    return ERRORS[code].http if switch is None else int(switches[switch])


def sub_code(reason: Reason | None) -> str:
    """What stands in the row's subCode, ``""`` for a success and for most refusals."""
    if reason is None:
        return ""
    return _BALANCE[0] if _is_of_balance(reason) else _SUB_CODES.get(reason.code, "")


def _is_of_balance(reason: Reason) -> bool:
    return (reason.code, *reason.words[1:]) == _OF_BALANCE


def top_message(reason: Reason) -> str:
    """Message of that refusal at the top of an answer."""
    text = _BALANCE[1] if _is_of_balance(reason) else ERRORS[reason.code].message
    return text.format(*reason.words)


def row_message(reason: Reason, switches: Mapping[str, str] = DEFAULTS) -> str:
    """Message of that refusal inside an order row."""
    text = top_message(reason)
    if reason.code == "51000" and switches["msg.param_error_trailing_space"] == "true":
        return f"{text} "
    return text
