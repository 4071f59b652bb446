"""Hand a member all that vault and ledger have of them (GDPR Art. 15 and 20), as one document."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from backend.ledger.columns import table_of
from backend.ledger.member_rows import Rows, rows_of_member
from backend.ledger.message_tables import Message
from backend.ledger.rule_tables import MemberBirthday
from backend.ledger.tables import MemberVault
from backend.ledger.vault import Vault
from backend.ledger.voucher_tables import Voucher
from backend.services.find_member import member_record
from backend.services.house import House
from backend.services.identity import Identity

_VAULT, _BIRTHDAYS = table_of(MemberVault).name, table_of(MemberBirthday).name
_VOUCHERS, _MESSAGES = table_of(Voucher).name, table_of(Message).name
_JSON: Final = frozenset({"document", "details", "benefit", "tier_document", "line_points"})
_MS: Final = "_ms"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def export_member(house: House, merchant_id: str, member_id: str) -> dict[str, Any]:
    """The person as the vault knows them, and each row of the ledger that is theirs. Times are in
    UTC; points and amounts are integers, amounts in minor units. Raises UnknownMember."""
    record = await member_record(house, merchant_id, member_id)
    identity: Identity = {}
    wrapped_key = record.wrapped_key
    if wrapped_key is not None and record.sealed_identity is not None:
        identity = house.vault.open(record.id, wrapped_key, record.sealed_identity)

    def read(connection: Connection) -> Rows:
        return rows_of_member(connection, record.id)

    rows = await house.ledger.run_aside(read)
    rows.pop(_VAULT, None)
    for row in rows.get(_BIRTHDAYS, []):
        sealed = row.pop("sealed_day")
        if wrapped_key is not None and row["member_id"] == record.id:
            row["day"] = house.vault.open_day(record.id, wrapped_key, sealed)
    for row in rows.get(_VOUCHERS, []):
        row["code"] = house.vault.open_code(row["id"], row.pop("sealed_code"))
    for row in rows.get(_MESSAGES, []):
        row["content"] = _content(house.vault, row["id"], row.pop("sealed_content"))
    return {
        "member_id": record.id,
        "program_id": record.program_id,
        "exported_at": _time(house.now_ms()),
        "person": identity,
        "records": {name: [_readable(row) for row in each] for name, each in rows.items()},
    }


def _content(vault: Vault, message_id: str, sealed: bytes | None) -> Any:
    """What a message says that was not sent yet; nothing is kept of the others."""
    return None if sealed is None else json.loads(vault.open_note(message_id, sealed))


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    """With times and documents as people and programs read them; without sealed bytes."""
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, bytes):
            continue
        if name.endswith(_MS):
            shown[name.removesuffix(_MS)] = None if value is None else _time(value)
        elif name in _JSON and isinstance(value, str):
            shown[name] = json.loads(value)
        else:
            shown[name] = value
    return shown


def _time(at_ms: int) -> str:
    """RFC 3339."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")
