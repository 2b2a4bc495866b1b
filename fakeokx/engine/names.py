"""What a new venue is made with, by name: a command line offers it before there is an engine."""

from typing import Final

MAIN: Final = "main"
NET_MODE: Final = "net_mode"
LONG_SHORT_MODE: Final = "long_short_mode"
SEED_MAX: Final = 999_999
