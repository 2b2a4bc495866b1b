"""What to do when OKX refuses a key, the machine's clock or a permission: one sentence per code.

``WORDS`` has (zh, en) by OKX's code; ``message_id`` names the pair for whoever translates later.
``{offset_ms}`` is the exchange's clock less ours, in milliseconds; "?" where nobody measured it.
What these codes say of one question they say of all that are signed alike. No text holds a
credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_MISSING: Final = (
    "请求缺少签名头：检查 OKX_API_KEY、OKX_API_SECRET、OKX_API_PASSPHRASE 是否都已设置",
    "the request lacks a signing header: check that OKX_API_KEY, OKX_API_SECRET and "
    "OKX_API_PASSPHRASE are all set",
)
_CLOCK: Final = (
    "OKX拒绝了本机的时间：交易所时钟减本机时钟为 {offset_ms} 毫秒；校准本机时钟（NTP）后重试",
    "OKX refuses this machine's time: the exchange's clock less ours is {offset_ms} ms; "
    "set the machine's clock (NTP), then try again",
)
_PERMISSION: Final = (
    "该API密钥没有所需权限：在OKX的API管理页为它开启读取与交易权限",
    "the API key lacks a permission: give it read and trade on OKX's API page",
)
WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "50030": _PERMISSION,
    "50101": (
        "API密钥与环境不符：模拟盘密钥配 --demo，实盘密钥配 --live",
        "the API key belongs to the other environment: use a demo key with --demo, a live key "
        "with --live",
    ),
    "50102": _CLOCK,
    "50103": _MISSING,
    "50104": _MISSING,
    "50105": (
        "API口令不正确：更正 OKX_API_PASSPHRASE（创建密钥时设置的口令）",
        "the passphrase is wrong: correct OKX_API_PASSPHRASE, the one given when the key was made",
    ),
    "50106": _MISSING,
    "50107": _MISSING,
    "50110": (
        "本机IP不在该API密钥的白名单内：在OKX的API管理页加入本机IP",
        "this machine's IP address is not on the API key's whitelist: add it on OKX's API page",
    ),
    "50111": (
        "API密钥无效：更正 OKX_API_KEY",
        "the API key is not valid: correct OKX_API_KEY",
    ),
    "50112": _CLOCK,
    "50113": (
        "签名不正确：更正 OKX_API_SECRET，它须与 OKX_API_KEY 属于同一密钥",
        "the signature is wrong: correct OKX_API_SECRET, it must belong to OKX_API_KEY",
    ),
    "50114": (
        "授权无效：检查API密钥是否仍然有效，必要时新建密钥",
        "the authorization is not valid: check that the API key is still alive, or make a new one",
    ),
    "50119": (
        "API密钥不存在：它可能已被删除或过期，或属于另一个OKX站点；更正 OKX_API_KEY",
        "the API key does not exist: it was deleted, has expired or belongs to another OKX site; "
        "correct OKX_API_KEY",
    ),
    "50120": _PERMISSION,
}


def message_id(code: str) -> str:
    """The id under which ``WORDS[code]`` is known."""
    return f"venue.{code}"


def pair(code: str, offset_ms: int | None = None) -> tuple[str, str]:
    """The sentence in Chinese and in English, filled in; raises KeyError for another code."""
    known = "?" if offset_ms is None else str(offset_ms)
    zh, en = (text.format(offset_ms=known) for text in WORDS[code])
    return zh, en


def sentence(code: str, offset_ms: int | None = None) -> str:
    """The sentence in English, with OKX's code."""
    return f"{pair(code, offset_ms)[1]} (OKX {code})"
