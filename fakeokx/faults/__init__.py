"""Pure. The fault script: which calls go wrong, how, and how often that has happened.

``Script.take`` looks at one call and says what to do to it; the server does it.
"""

from fakeokx.faults.actions import ACTIONS
from fakeokx.faults.rules import BadScript, Call, Fault
from fakeokx.faults.script import NO_FAULT, Script

__all__ = ["ACTIONS", "NO_FAULT", "BadScript", "Call", "Fault", "Script"]
