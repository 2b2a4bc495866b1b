"""OKX's WebSocket codes as data: the message of each 6xxxx code, and the close codes.

A message may have gaps, filled by the words of a refusal. Where each comes from:

=====  =======================================================================================
code   when
=====  =======================================================================================
60004  login: the timestamp is not a number of seconds
60005  login: there is no such key
60006  login: the timestamp is more than 30 s off
60007  login: the signature is wrong
60008  subscribe: the channel lives on another path
60009  login: the argument is no object, or the address is not one of the key's
60011  a private channel or an order op before the login
60012  the text is no JSON object with an op
60013  the arguments are not what the op takes
60014  too many logins, subscriptions or orders (only with rate limits)
60018  subscribe: no such channel, or its parameters name nothing
60019  no such op
60023  login: several accounts at once
60024  login: the passphrase is wrong
60027  a parameter is missing
60028  an order op on a path other than /private
60031  a second login on the connection
60032  the key of this connection is not in force any more
60033  a parameter has a value it cannot have
63999  login failed inside the venue (only as a fault)
64000  subscribe: ``uly`` instead of ``instFamily``
64001  subscribe: the channel has moved to /business
64002  subscribe: a public or private channel on /business
64003  subscribe: a channel for higher fee tiers
64004  subscribe: ``books`` together with a tick-by-tick book of the same instrument
64007  an operation failed inside the venue (only as a fault)
64008  notice: the connection will be closed soon
=====  =======================================================================================
"""

from types import MappingProxyType
from typing import Final

OK: Final = "0"
INVALID_REQUEST: Final = "60012"
NOTICE: Final = "64008"

MESSAGES: Final = MappingProxyType(
    {
        "60004": "Invalid timestamp",
        "60005": "Invalid apiKey",
        "60006": "Timestamp request expired",
        "60007": "Invalid sign",
        "60008": "The current WebSocket endpoint does not support the channel {0}",
        "60009": "Login failed.",
        "60011": "Please log in",
        "60012": "Invalid request: {0}",
        "60013": "Invalid args",
        "60014": "Requests too frequent",
        "60018": (
            "Wrong URL or {0} doesn't exist. Please use the correct URL, channel and "
            "parameters referring to API document."
        ),
        "60019": "Invalid op: {0}",
        "60023": "Bulk login requests too frequent",
        "60024": "Wrong passphrase",
        "60027": "Parameter {0} can not be empty",
        "60028": (
            "The current operation is not supported by this URL. Please use the correct "
            "WebSocket URL for the operation."
        ),
        "60031": "The WebSocket endpoint does not allow multiple or repeated logins.",
        "60032": "API key doesn't exist",
        "60033": "Parameter {0} error",
        "63999": "Login failed due to internal error. Please try again later.",
        "64000": "Subscription parameter {0} is unavailable. Please use {1} instead.",
        "64001": (
            'This channel has been migrated to the "/business" URL. Please subscribe using the '
            "new URL."
        ),
        "64002": (
            'This channel is not supported by "/business" URL. Please use "/private" URL for '
            'private channels, or "/public" URL for public channels.'
        ),
        "64003": "Your trading fee tier doesn't meet the requirement to access this channel",
        "64004": ("Subscribe to both {0} and {1} for {2} is not allowed. Unsubscribe {1} first."),
        "64007": "Operation {0} failed due to WebSocket internal error. Please try again later.",
        "64008": ("The connection will soon be closed for a service upgrade. Please reconnect."),
    }
)

CLOSE_NORMAL: Final = 1000
CLOSE_LOGIN_FAILED: Final = 4001
CLOSE_BAD_REQUEST: Final = 4002
CLOSE_KEY_SUBSCRIPTIONS: Final = 4003
CLOSE_IDLE: Final = 4004
CLOSE_BUFFER_FULL: Final = 4005
CLOSE_ABNORMAL: Final = 4006
CLOSE_KEY_CHANGED: Final = 4007
CLOSE_CHANNELS: Final = 4009
CLOSE_WORDS: Final = MappingProxyType(
    {
        CLOSE_NORMAL: "",
        CLOSE_LOGIN_FAILED: "Login failed.",
        CLOSE_BAD_REQUEST: "Invalid request",
        CLOSE_KEY_SUBSCRIPTIONS: "APIKey subscription amount exceeds the limit 100.",
        CLOSE_IDLE: "No data received in 30s.",
        CLOSE_BUFFER_FULL: "Buffer is full, cannot write data.",
        CLOSE_ABNORMAL: "Abnormal disconnection",
        CLOSE_KEY_CHANGED: "API key has been updated or deleted. Please reconnect.",
        CLOSE_CHANNELS: "The number of subscription channels exceeds the maximum limit.",
    }
)


class StreamRefusal(Exception):
    """A request over a WebSocket is declined; ``code`` is one of MESSAGES, or an order code."""

    def __init__(self, code: str, *words: str) -> None:
        super().__init__(code, *words)
        self.code = code
        self.words = words


def message(code: str, *words: str) -> str:
    """The message of a 6xxxx code with its gaps filled."""
    return MESSAGES[code].format(*words)
