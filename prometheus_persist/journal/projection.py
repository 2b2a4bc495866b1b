"""The readable JSON layout: a projection of an image, for people, for ``jq``, and for salvage.

    checkpoint_latest.json   when, cycle, runtime, agents, sequence, and every file's checksum
    public_ledger.json       accounts, rankings, the archive of the dead, all records
    private_ledgers/<stem>.json    one agent's book and history
    agents/<stem>_state.json       one agent
    valhalla.json  supervisor_state.json  mastermind_state.json
    exchange_state.json      registry, open intents, orphans, freeze, watermark

Every file is ``{"schema_version", "sequence", "saved_ms", "checksum", "data"}``; the checksum is
the SHA-256 of the canonical bytes of ``data``. Files are replaced one by one, so they need not be
in step with one another; the journal is the truth and no restore depends on them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.change import Image
from prometheus_persist.state.documents import (
    INTENT_LOG,
    ORPHAN_FILLS,
    PUBLIC_TRADES,
    private_trades,
)
from prometheus_persist.state.exactjson import JsonObject, dumps, loads_object, pretty

SCHEMA_VERSION = 1
CHECKPOINT = "checkpoint_latest.json"


def project(image: Image) -> dict[str, JsonObject]:
    """The ``data`` of every file but the checkpoint, by file name."""
    documents, streams = image.documents, image.streams
    files: dict[str, JsonObject] = {
        "public_ledger.json": {
            **documents.get("public_ledger", {}),
            "accounts": _family(documents, "public_accounts"),
            "records": streams.get(PUBLIC_TRADES, []),
        },
        "valhalla.json": documents.get("valhalla", {}),
        "supervisor_state.json": documents.get("supervisor", {}),
        "mastermind_state.json": documents.get("mastermind", {}),
        "exchange_state.json": {
            **{
                name: documents.get(name, {})
                for name in ("registry", "freeze", "unattributed", "watermark")
            },
            "intents": _family(documents, "intents"),
            "intent_log": streams.get(INTENT_LOG, []),
            "orphan_fills": streams.get(ORPHAN_FILLS, []),
        },
    }
    rows = documents.get("registry", {}).get("rows", {})
    for agent_id, row in rows.items():
        stem = row["file_stem"]
        if agent := documents.get(f"agents/{agent_id}"):
            files[f"agents/{stem}_state.json"] = agent
        if ledger := documents.get(f"private_ledgers/{agent_id}"):
            files[f"private_ledgers/{stem}.json"] = {
                **ledger,
                "records": streams.get(private_trades(agent_id), []),
            }
    return files


def checkpoint(image: Image, epoch: int, saved_ms: int, checksums: Mapping[str, str]) -> JsonObject:
    """The checkpoint's ``data``: what a person reads first."""
    supervisor = image.documents.get("supervisor", {})
    return {
        "timestamp_ms": saved_ms,
        "sequence": image.seq,
        "epoch": epoch,
        "cycle_count": supervisor.get("system_cycle_count", 0),
        "runtime_hours": supervisor.get("total_runtime_hours", 0.0),
        "agent_count": sum(key.startswith("agents/") for key in image.documents),
        "record_count": len(image.streams.get(PUBLIC_TRADES, [])),
        "files": dict(sorted(checksums.items())),
    }


def checksum(data: JsonObject) -> str:
    """SHA-256 of the canonical bytes."""
    return hashlib.sha256(dumps(data)).hexdigest()


def wrap(data: JsonObject, seq: int, saved_ms: int) -> bytes:
    """A projection file's bytes."""
    return pretty(
        {
            "schema_version": SCHEMA_VERSION,
            "sequence": seq,
            "saved_ms": saved_ms,
            "checksum": checksum(data),
            "data": data,
        }
    )


def unwrap(content: bytes, where: str) -> tuple[JsonObject, int]:
    """A file's ``data`` and sequence; raises StoreDamaged where it does not fit its checksum."""
    found = loads_object(content, where)
    data, seq = found.get("data"), found.get("sequence")
    if found.get("schema_version") != SCHEMA_VERSION:
        raise StoreDamaged(f"schema version {found.get('schema_version')!r}", file=where)
    if not isinstance(data, dict) or not isinstance(seq, int) or isinstance(seq, bool):
        raise StoreDamaged("lacks data or sequence", file=where)
    if checksum(data) != found.get("checksum"):
        raise StoreDamaged("does not fit its checksum", file=where)
    return data, seq


def _family(documents: Mapping[str, JsonObject], family: str) -> JsonObject:
    head = f"{family}/"
    return {key[len(head) :]: item for key, item in documents.items() if key.startswith(head)}
