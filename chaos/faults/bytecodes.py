"""Something is done before each bytecode that a call executes: where a signal's handler may raise.

Of this thread, and of the frames that are ``within`` only. What ``before`` raises comes up at that
very step, as it does from a handler.

Python 3.12 tells of bytecodes only where a frame had asked for them before tracing began, and 3.13
of those of a frame that has a tracer of its own already. So each says both; without it the first
execution of every function goes by unseen there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def at_each_bytecode(
    call: Callable[[], object],
    before: Callable[[FrameType], object],
    within: Callable[[FrameType], bool],
) -> None:
    """Call it, and ``before`` each bytecode of the frames within it; raises what either raises."""

    def local(frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "opcode":
            before(frame)
        return local

    def enter(frame: FrameType, _event: str, _argument: Any) -> Any:
        if not within(frame):
            return None
        frame.f_trace = local
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return local

    tracer = sys.gettrace()
    sys._getframe().f_trace_opcodes = True
    sys.settrace(enter)
    try:
        call()
    finally:
        sys.settrace(tracer)
