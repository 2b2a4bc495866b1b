"""Agent id ↔ OKX id: a durable table, assigned once and looked up, never parsed.

OKX takes ``[A-Za-z0-9]`` only, 16 characters for a tag and 32 for a clOrdId. An agent id is
whatever its owner calls it; ``LiveAgent_01`` is legal at OKX in neither place, and dropping
characters is not injective (``Agent_1`` and ``Agent1``). So each agent is given, once:

- ``tag``        its mark on orders: its id's letters and digits where those are free, else a
                 shortened form with a number; then the store's own id, so that two stores on one
                 account never take each other's orders for theirs, whatever their agents are
                 called. A row of before has a tag without it, and keeps it;
- ``file_stem``  its file name: the id itself where every file system takes it and no other agent's
                 id differs in case only, else a shortened form with a number. Never leaves the
                 directory (S11).

A clOrdId is the tag without the store's id, then 4 characters of the store's own id, 5 of an epoch
and 7 of the order's number in that epoch (base 36). The last 16 make it unique, whatever the tag.

- The epoch is the writer's plus ``epoch_ahead``: a copy of the directory from earlier on counts its
  epochs again, and ``epoch_ahead`` lifts it over every epoch that the exchange has seen.
- The number begins in a lane drawn for each life (``saving.gate``), so that two lives that do have
  the same epoch do not issue the same id.
- ``issued_by`` reads such an id back: to know an order of this store whose record is lost, never to
  attribute what the books know. The epoch it gives is that of the id.

``SYSTEM_OWNER`` is no agent: under its row the system closes what no agent owns.

Invariants: tags are injective without regard to case, file stems likewise; no tag that is assigned
makes two agents' clOrdIds begin alike; a row is never changed or given to another agent. The
store's id is set before the first row is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from prometheus_persist.errors import BadValue

SYSTEM_OWNER = "UNATTRIBUTED"
TAG_CHARS_MAX = 16
STORE_ID_CHARS = 4
AGENT_ID_CHARS_MAX = 300
_EPOCH_CHARS = 5
_NUMBER_CHARS = 7
EPOCH_MAX = 36**5 - 36**4
"""What an id of somebody's can raise the epoch to: far enough below what 5 digits hold."""
UNIQUE_CHARS = STORE_ID_CHARS + _EPOCH_CHARS + _NUMBER_CHARS
_STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
_NOT_ALNUM = re.compile(r"[^A-Za-z0-9]")
_ALNUM = re.compile(r"[A-Za-z0-9]+")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ISSUED = re.compile(r"([A-Za-z0-9]{1,16})([a-z0-9]{4})([a-z0-9]{5})([a-z0-9]{7})")


class AgentIds(BaseModel):
    """One agent's names: its own, OKX's, the file system's."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    if TYPE_CHECKING:  # for a checker without pydantic's plug-in it is no argument
        __pydantic_extra__: dict[str, JsonValue] = Field(init=False)
    else:
        __pydantic_extra__: dict[str, JsonValue]

    agent_id: str
    tag: str = Field(pattern=r"^[A-Za-z0-9]{1,16}$")
    file_stem: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$")


class Issued(NamedTuple):
    """What a clOrdId of this store says of itself."""

    agent_id: str
    epoch: int
    number: int


class Registry(BaseModel):
    """The table. ``assign`` returns a new one; a row, once in, stays."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)
    if TYPE_CHECKING:  # for a checker without pydantic's plug-in it is no argument
        __pydantic_extra__: dict[str, JsonValue] = Field(init=False)
    else:
        __pydantic_extra__: dict[str, JsonValue]

    store_id: str = Field(default="0000", pattern=r"^[a-z0-9]{4}$")
    epoch_ahead: int = Field(default=0, ge=0)
    rows: dict[str, AgentIds] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _injective(self) -> Self:
        for name in ("tag", "file_stem"):
            folded = [getattr(row, name).casefold() for row in self.rows.values()]
            if len(set(folded)) != len(folded):
                raise ValueError(f"two agents share one {name}")
        if any(key != row.agent_id for key, row in self.rows.items()):
            raise ValueError("a row stands under another agent's id")
        return self

    def assign(self, *agent_ids: str) -> Registry:
        """A registry in which each of these has its row; itself where they had one already.

        The cost is that of the whole table, once, however many are assigned.
        """
        new = [agent_id for agent_id in dict.fromkeys(agent_ids) if agent_id not in self.rows]
        if not new:
            return self
        rows = dict(self.rows)
        tags = {name.casefold() for row in rows.values() for name in (row.tag, self._head(row.tag))}
        stems = {row.file_stem.casefold() for row in rows.values()}
        begun: dict[str, int] = {}
        for agent_id in new:
            _check_agent_id(agent_id)
            head, stem = self._free_head(agent_id, tags, begun), _free_stem(agent_id, stems, begun)
            tag = head + self.store_id
            rows[agent_id] = AgentIds(agent_id=agent_id, tag=tag, file_stem=stem)
            tags |= {head.casefold(), tag.casefold()}
            stems.add(stem.casefold())
        return self.model_copy(update={"rows": rows})

    def owner_of_tag(self, tag: str) -> str | None:
        """The agent whose tag this is, exactly; None for everyone else's."""
        return next((row.agent_id for row in self.rows.values() if row.tag == tag), None)

    def tag_is_ours(self, tag: str) -> bool:
        """Whether a row has this tag, exactly."""
        return self.owner_of_tag(tag) is not None

    def carries_store(self, tag: str) -> bool:
        """Whether the tag has the store's own id, as every one has that is assigned now."""
        return self._head(tag) != tag

    def cl_ord_id(self, agent_id: str, epoch: int, number: int) -> str:
        """The clOrdId of a writer's ``number``-th order; raises BadValue when out of range."""
        if agent_id not in self.rows:
            raise BadValue(f"agent {agent_id!r} is not in the registry")
        last = base36(epoch + self.epoch_ahead, _EPOCH_CHARS) + base36(number, _NUMBER_CHARS)
        return self._head(self.rows[agent_id].tag) + self.store_id + last

    def issued_by(self, cl_ord_id: str) -> Issued | None:
        """Who issued it, if it has this store's own form, exactly; None for everyone else's, and
        where it could be more than one agent's."""
        match = _ISSUED.fullmatch(cl_ord_id)
        if match is None or match[2] != self.store_id:
            return None
        owners = [r.agent_id for r in self.rows.values() if match[1] in (r.tag, self._head(r.tag))]
        if len(owners) != 1:
            return None
        return Issued(owners[0], int(match[3], 36), int(match[4], 36))

    def epoch_of(self, cl_ord_id: str) -> int | None:
        """The epoch of an id of this store's form, whoever's it is; None for everyone else's.

        Unlike ``issued_by`` it knows ids of agents that this copy has no row for.
        """
        match = _ISSUED.fullmatch(cl_ord_id)
        return int(match[3], 36) if match is not None and match[2] == self.store_id else None

    def _head(self, tag: str) -> str:
        """What a clOrdId begins with: the tag, without the store's id where it ends in it."""
        return tag.removesuffix(self.store_id) or tag

    def _free_head(self, agent_id: str, taken: set[str], begun: dict[str, int]) -> str:
        """A tag that is free, without the store's id."""

        def free(head: str) -> bool:
            return not taken & {head.casefold(), (head + self.store_id).casefold()}

        room = TAG_CHARS_MAX - STORE_ID_CHARS
        letters = _NOT_ALNUM.sub("", agent_id)
        if letters and len(letters) <= room and free(letters):
            return letters
        return _numbered((letters or "agent")[: room - 4], 4, len(taken), free, begun)


def base36(number: int, width: int) -> str:
    """``number`` in base 36, zero-padded; raises BadValue when it does not fit."""
    if number < 0 or number >= 36**width:
        raise BadValue(f"{number} does not fit into {width} base-36 digits")
    text = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text


def _check_agent_id(agent_id: str) -> None:
    if not agent_id or len(agent_id) > AGENT_ID_CHARS_MAX:
        raise BadValue(f"an agent id has 1 to {AGENT_ID_CHARS_MAX} characters, not {len(agent_id)}")
    try:
        agent_id.encode("utf-8")
    except UnicodeEncodeError:
        raise BadValue(f"agent id {agent_id!r} holds a lone surrogate") from None


def _free_stem(agent_id: str, taken: set[str], begun: dict[str, int]) -> str:
    plain = _STEM.fullmatch(agent_id) is not None and _RESERVED.fullmatch(agent_id) is None
    if plain and agent_id.casefold() not in taken:
        return agent_id
    letters = "".join(_ALNUM.findall(agent_id))[:40] or "agent"
    return _numbered(f"{letters}-", 6, len(taken), lambda stem: stem.casefold() not in taken, begun)


def _numbered(
    head: str, width: int, taken: int, free: Callable[[str], bool], begun: dict[str, int]
) -> str:
    """``head`` with the lowest number that is free; ``begun`` has the last one given to a head."""
    first = begun.get(head, 0) + 1
    for number in range(first, first + taken + 1):
        candidate = head + base36(number, width)
        if free(candidate):
            begun[head] = number
            return candidate
    raise BadValue(f"no free name left after {head!r}")
