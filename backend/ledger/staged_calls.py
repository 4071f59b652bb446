"""Staging a call to the chain in a unit of work, with what it is about."""

from __future__ import annotations

from collections.abc import Mapping

from backend.core import receipts
from backend.core.calls import CallKind
from backend.core.canonical import canonical_json
from backend.ledger.call_tables import ChainCall
from backend.ledger.calls import call_row
from backend.ledger.loading import MemberState
from backend.ledger.signing_asked import SigningAsked
from backend.ledger.unit_of_work import UnitOfWork


def stage_call(
    work: UnitOfWork,
    kind: CallKind,
    arguments: Mapping[str, object],
    member: MemberState,
    *,
    entry_no: int | None = None,
) -> str:
    """Queues a call about a member; returns its id. `entry_no` is the journal entry it carries.

    Its commitment, for the receipt leaf of a rebind, hides the arguments themselves.
    """
    call_id = work.new_id("cal")
    secret = work.vault.receipt_secret(member.id, member.wrapped_key)
    committed = receipts.commitment(secret, call_id, canonical_json(arguments))
    row = call_row(
        call_id,
        member.program_id,
        kind,
        arguments,
        work.now_ms,
        member_id=member.id,
        entry_no=entry_no,
        commitment=f"0x{committed.hex()}",
    )
    work.stage(ChainCall, row)
    work.state.open_calls[member.id] = call_id
    if kind is CallKind.SET_SIGNED_ONLY:
        asked = SigningAsked(bool(arguments["signed_only"]), None)
        work.state.signing_asked[member.id] = asked
    if kind is CallKind.REBIND:
        work.state.taken_addresses.add((member.program_id, str(arguments["to"])))
    return call_id
