"""The API key that exists if no other was asked for, and how one is written.

It opens nothing but this fake.
"""

from typing import Final

DEFAULT_KEY: Final = "fakeokx-key"
DEFAULT_SECRET: Final = "fakeokx-secret"  # noqa: S105 -- a published constant of a fake
DEFAULT_PASSPHRASE: Final = "fakeokx-pass"  # noqa: S105 -- a published constant of a fake
KEY_FORM: Final = "NAME:SECRET:PASSPHRASE[:read_only|trade[:ACCOUNT]]"
