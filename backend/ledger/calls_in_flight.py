"""What calls change that a mirror at its own block has not seen, or has seen before the settler.

A parked redemption changes nothing: what it took was given back (`given_back`). A signed redemption
is known by what was signed, whoever brought it on chain, a rebind by its batch's sequence number.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select

from backend.core.calls import CallKind
from backend.ledger.call_tables import ChainCall
from backend.ledger.columns import table_of
from backend.ledger.settlement_tables import Batch, SettlementTx
from backend.ledger.settlements import TxState
from backend.ledger.signatures_seen import Key, keys_seen
from backend.ledger.tables import JournalEntry, Member

_CALLS, _TXS = table_of(ChainCall), table_of(SettlementTx)
_JOURNAL, _MEMBERS, _BATCHES = table_of(JournalEntry), table_of(Member), table_of(Batch)
_ENTRY = and_(
    _JOURNAL.c.program_id == _CALLS.c.program_id, _JOURNAL.c.entry_no == _CALLS.c.entry_no
)


@dataclass(frozen=True, slots=True)
class SignedBurn:
    """A signed redemption that a mirror at some block may lack; `address` as the ledger has it.
    `before` equal ones are final there."""

    address: str
    points: int
    key: Key
    before: int


def signed_points(connection: Connection, program_id: str) -> int:
    """Points of all signed redemptions of a program, wherever they are."""
    total = connection.execute(
        select(func.sum(_JOURNAL.c.points))
        .select_from(_CALLS)
        .join(_JOURNAL, _ENTRY)
        .where(_CALLS.c.program_id == program_id, _CALLS.c.parked_reason.is_(None))
    ).scalar()
    return int(total or 0)


def unsure_burns(connection: Connection, program_id: str, mirror_block: int) -> list[SignedBurn]:
    """Signed redemptions that are not final at or below the mirror's block."""
    surely = and_(_TXS.c.state == str(TxState.FINAL), _TXS.c.included_block <= mirror_block)
    burns = (
        select(_MEMBERS.c.id, _MEMBERS.c.address, _JOURNAL.c.points, _CALLS.c.arguments)
        .select_from(_CALLS)
        .join(_JOURNAL, _ENTRY)
        .join(_MEMBERS, _MEMBERS.c.id == _JOURNAL.c.member_id)
        .outerjoin(_TXS, _TXS.c.id == _CALLS.c.settlement_tx_id)
        .where(_CALLS.c.program_id == program_id, _CALLS.c.parked_reason.is_(None))
    )
    rows = connection.execute(burns.where(or_(_TXS.c.id.is_(None), ~surely))).all()
    if not rows:
        return []
    members = sorted({row[0] for row in rows})
    final = connection.execute(burns.where(_MEMBERS.c.id.in_(members), surely))
    before = Counter(key_of(row.arguments) for row in final)
    found = [(address, points, key_of(said)) for _, address, points, said in rows]
    return [SignedBurn(address, points, key, before[key]) for address, points, key in found]


def key_of(arguments: str) -> Key:
    """What tells a redemption apart, of a call's arguments."""
    said = json.loads(arguments)
    return said["member"], said["points"], said["redemption_ref"].lower()


def not_mirrored(connection: Connection, contract: str, burns: list[SignedBurn]) -> dict[str, int]:
    """Points by address of those burns that are not in the mirror."""
    found = keys_seen(connection, contract, (burn.key[2] for burn in burns))
    found.subtract({burn.key: burn.before for burn in burns})
    missing: dict[str, int] = defaultdict(int)
    for burn in burns:
        if found[burn.key] > 0:
            found[burn.key] -= 1
        else:
            missing[burn.address] += burn.points
    return dict(missing)


def addresses_mirrored(connection: Connection, program_id: str, last_seq: int) -> dict[str, str]:
    """Members whose address is another one in a mirror whose newest batch is `last_seq`: the
    ledger's address of each, and the mirror's."""
    rows = connection.execute(
        select(_CALLS.c.arguments, _MEMBERS.c.address, _BATCHES.c.seq)
        .join(_MEMBERS, _MEMBERS.c.id == _CALLS.c.member_id)
        .join(_BATCHES, _BATCHES.c.settlement_tx_id == _CALLS.c.settlement_tx_id)
        .where(
            _CALLS.c.program_id == program_id,
            _CALLS.c.kind == str(CallKind.REBIND),
            _BATCHES.c.voided_at_ms.is_(None),
        )
        .order_by(_BATCHES.c.seq)
    )
    mirrored: dict[str, str] = {}
    for arguments, address, seq in rows:
        said = json.loads(arguments)
        if seq <= last_seq:
            mirrored[address] = said["to"]
        else:
            mirrored.setdefault(address, said["from"])
    return {ours: theirs for ours, theirs in mirrored.items() if ours != theirs}
