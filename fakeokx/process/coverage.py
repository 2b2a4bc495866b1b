"""What is served, read off the tables that serve it: endpoints, channels, operations, faults."""

from typing import Any

from fakeokx.control import api as control_api
from fakeokx.engine.switches import SWITCHES
from fakeokx.faults import actions
from fakeokx.stream.channels import BUSINESS, CHANNELS
from fakeokx.stream.ops import OPS
from fakeokx.wire import endpoints
from fakeokx.wire.candles import BARS

CANDLES = ("candle", "mark-price-candle", "index-candle")


def channel_table() -> str:
    """The WebSocket channels as a table of the README."""
    lines = ["| channel | path | login | needs | first value |", "|---|---|---|---|---|"]
    for each in CHANNELS.values():
        needs = ", ".join(each.needs) or "—"
        login, first = ("yes" if flag else "no" for flag in (each.needs_login, each.has_first))
        lines.append(f"| `{each.name}` | {each.path} | {login} | {needs} | {first} |")
    for name in CANDLES:
        lines.append(f"| `{name}…` | {BUSINESS} | no | instId | yes |")
    return "\n".join(lines)


def op_table() -> str:
    """The operations over WebSocket as a table of the README."""
    lines = ["| op | as over REST | at most |", "|---|---|---|"]
    lines += [f"| `{name}` | `{op.path}` | {op.most} |" for name, op in OPS.items()]
    return "\n".join(lines)


def switch_table() -> str:
    """The switches as a table of the README."""
    lines = ["| switch | default | or | decides |", "|---|---|---|---|"]
    for name, switch in SWITCHES.items():
        default, *others = (f"`{value}`" if value else "empty" for value in switch.values)
        lines.append(f"| `{name}` | {default} | {', '.join(others)} | {switch.meaning} |")
    return "\n".join(lines)


TABLES = {
    "endpoints": endpoints.markdown,
    "channels": channel_table,
    "ops": op_table,
    "faults": actions.markdown,
    "switches": switch_table,
}


def markdown() -> str:
    """Every table, one after the other."""
    return "\n\n".join(f"## {name}\n\n{table()}" for name, table in TABLES.items())


def everything() -> dict[str, Any]:
    """The same as data."""
    return {
        "rest": [
            {"method": each.method, "path": endpoints.PREFIX + each.path, "signed": each.is_private}
            for each in endpoints.ENDPOINTS
        ],
        "channels": [
            {"channel": each.name, "path": f"/ws/v5/{each.path}", "login": each.needs_login}
            for each in CHANNELS.values()
        ],
        "bars": list(BARS),
        "ops": list(OPS),
        "faults": list(actions.ACTIONS),
        "switches": list(SWITCHES),
        "control": [
            f"{method} {control_api.PREFIX}{path}" for method, path in control_api.HANDLERS
        ],
    }
