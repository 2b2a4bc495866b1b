"""A descriptor of a file or a directory that is closed once: by whoever has it, or with him.

Where an exception of a signal's handler is quicker than the ``try`` behind an opening, nobody is
left to close it: then it is closed when nobody knows of it any more.
"""

from __future__ import annotations

import os
from typing import Final

CLOSED: Final = -1


class Descriptor:
    """What has one, as ``descriptor``."""

    descriptor: int = CLOSED

    def close(self) -> None:
        """Close it, if it is open."""
        descriptor, self.descriptor = self.descriptor, CLOSED
        if descriptor != CLOSED:
            os.close(descriptor)

    __del__ = close
