"""``checksum-not-checked``: digests are written, and nobody compares them when reading."""

from __future__ import annotations

from prometheus_persist.journal import chain, frame


def believe_everything() -> None:
    """In this process, from now on, every frame's digest fits."""
    frame.digest_fits = _fits  # what reads a frame asks this one function
    setattr(chain, "digest_fits", _fits)  # noqa: B010 what reads it again; it is not exported there


def _fits(body: bytes, digest: bytes) -> bool:  # noqa: ARG001 it looks at neither
    return True
