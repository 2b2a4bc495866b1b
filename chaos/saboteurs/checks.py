"""``checksum-not-checked``: digests are written, and nobody compares them when reading."""

from __future__ import annotations

from prometheus_persist.journal import frame


def believe_everything() -> None:
    """In this process, from now on, every frame's digest fits."""
    frame.digest_fits = _fits  # everything that reads a frame asks this one function


def _fits(body: bytes, digest: bytes) -> bool:  # noqa: ARG001 it looks at neither
    return True
