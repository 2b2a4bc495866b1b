"""What somebody else's text says, without what looks like a credential (S11).

Exceptions of exchange clients and HTTP libraries carry what was sent: signed headers, query
strings, a proxy's address with its password. Such text is kept (an order's reason, the audit) and
printed (reports, errors), so it passes here first, where it enters. Left out:

    userinfo of URLs                  https://me:word@host       https://***@host
    headers that sign or authorise    OK-ACCESS-*, Authorization, Cookie, X-…-Key, in any spelling:
                                      as a line, in a dict's repr, as a pair
    named values                      apiKey, secret, passphrase, password, token, signature, …,
                                      behind "=" or ":", quoted or not, in queries and JSON
    a value behind a bare "key"       where it is long enough to be one
    Bearer …, Basic …, private keys   wherever they stand

What OKX says of itself stays: codes, messages, ids of orders, names of headers. Pure; a text
without any of this comes back as it is. It knows forms, not values: a secret in a form that nobody
uses for one is not recognised.
"""

from __future__ import annotations

import re
from functools import cache

HIDDEN = "***"
_NAMES = (
    r"(?:api|access|auth|client|consumer|private|secret|signing)?[-_ ]?"
    r"(?:key|token|secret)(?:[-_]?(?:key|id|code))?"
)
_NAMED = (
    rf"(?:ok-access-[a-z-]+|x-[a-z-]*(?:key|token|secret|sign[a-z]*)|{_NAMES}|pass(?:phrase|word|wd)|"
    r"pwd|sign(?:ature)?|credentials?|jwt|otp|totp|session[-_]?id)"
)
_LINES = r"(?:proxy-)?authorization|(?:set-)?cookie"
_EDGE = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"  # of a word, also behind an escaped line break
_QUOTED = r"""b?(?P<quote>\\*["'])(?P<inner>(?:(?!(?P=quote)).)*)(?P=quote)"""
_LONG = r"[A-Za-z0-9+/_=.~-]"
_FORMS = (
    (r"-----BEGIN [^-]*PRIVATE KEY-----.*?(?:-----END [^-]*-----|\Z)", HIDDEN),
    (r"(?<=://)[^\s/?#\"'<>@]*(?:@[^\s/?#\"'<>@]*)*@", f"{HIDDEN}@"),
    (rf"""(?P<head>{_EDGE}(?:{_LINES})\\*["']?\s*[:=,]\s*){_QUOTED}""", rf"\g<head>{HIDDEN}"),
    (rf"(?P<head>{_EDGE}(?:{_LINES})\s*[:=]\s*)[^\r\n\\\"',}}\]]+", rf"\g<head>{HIDDEN}"),
    (rf"""(?P<head>\(\s*b?["']{_NAMED}["']\s*,\s*){_QUOTED}""", rf"\g<head>{HIDDEN}"),
    (
        rf"""(?P<head>{_EDGE}{_NAMED}\\*["']?\s*[:=]\s*){_QUOTED}""",
        rf"\g<head>{HIDDEN}",
    ),
    (
        rf"""(?P<head>{_EDGE}{_NAMED}\s*=\s*)[^\s"'&,;)\]}}]+""",
        rf"\g<head>{HIDDEN}",
    ),
    (
        rf"""(?P<head>{_EDGE}{_NAMED}\s*:\s*)(?={_LONG}{{6}}){_LONG}*[0-9+/=]{_LONG}*""",
        rf"\g<head>{HIDDEN}",
    ),
    (rf"(?P<head>\bbearer\s+){_LONG}{{6,}}", rf"\g<head>{HIDDEN}"),
    (
        r"(?P<head>\bbasic\s+)(?=[A-Za-z]*[0-9+/=])[A-Za-z0-9+/]{8,}={0,2}",
        rf"\g<head>{HIDDEN}",
    ),
)


@cache
def _rules() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compiled for the first text: a restart that is told nothing by anybody needs none."""
    return tuple(
        (re.compile(pattern, re.IGNORECASE | re.DOTALL), instead) for pattern, instead in _FORMS
    )


def redacted(text: str) -> str:
    """``text`` without what looks like a credential; the same text where nothing does."""
    for pattern, instead in _rules():
        text = pattern.sub(instead, text)
    return text
