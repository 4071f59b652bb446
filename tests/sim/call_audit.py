"""The final audit of calls: what signatures, rebinds and badges did to the chain, each once."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

from backend.core import badges
from tests.ledger_audit import records_of
from tests.sim.consent import REDEEMED
from tests.sim.world import World

REBIND_KIND = 8


def audit_calls(world: World) -> Counter[str]:
    """Holds every call to what it asked for; signed redemptions on the chain, by member."""
    calls = records_of(world.databases.ledger, "chain_calls")
    transactions = {row["id"]: row for row in records_of(world.databases.ledger, "settlement_txs")}
    for call in calls:
        if call["parked_reason"] is None:
            transaction = transactions[call["settlement_tx_id"]]
            assert (transaction["state"], bool(transaction["succeeded"])) == ("final", True), call
    _who_signs(world)
    _badges_are_held(world)
    return _redeemed_once(world, calls)


def _redeemed_once(world: World, calls: list[dict[str, Any]]) -> Counter[str]:
    """Every redemption with a signature is one event on the chain, with its own reference."""
    journal = {
        (row["program_id"], row["entry_no"]): row
        for row in records_of(world.databases.ledger, "journal")
    }
    contracts = world.auditor.contracts()
    on_chain: list[tuple[bytes, bytes, int]] = []
    for block in world.chain.blocks:
        for log in block.logs:
            if log.topics[0] == REDEEMED:
                points = int.from_bytes(log.data, "big")
                on_chain.append((log.address, log.topics[2], points))
    found: Counter[str] = Counter()
    for call in calls:
        if call["kind"] != "redeem" or call["parked_reason"] is not None:
            continue
        entry, said = journal[call["program_id"], call["entry_no"]], json.loads(call["arguments"])
        assert entry["points"] == said["points"]
        reference = bytes.fromhex(said["redemption_ref"][2:])
        on_chain.remove((contracts[call["program_id"]], reference, said["points"]))
        found[call["member_id"]] += 1
    assert not on_chain, f"redeemed on chain and not in the ledger: {on_chain}"
    return found


def _who_signs(world: World) -> None:
    """Members have to sign on the chain as they asked for last."""
    contracts = world.auditor.contracts()
    for member, book in world.books.members.items():
        program = world.chain.head.contracts.programs[contracts[book.program]]
        word = program.words.get(world.auditor.address_of(member))
        has_to = word is not None and word.signed_only
        assert has_to == world.books.calls.must_sign(member), f"{member}: {word}"


def _badges_are_held(world: World) -> None:
    """The badges on the chain are those of the books, at the addresses members have now."""
    expected = Counter(
        (world.auditor.address_of(badge.member), badge.number)
        for badge in world.books.calls.badges.values()
        if badge.held
    )
    found = Counter(
        (badges.holder(token), badges.type_number(token))
        for token in world.chain.head.contracts.badges.tokens
    )
    assert found == expected, f"badges {found}, not {expected}"


def addresses_at(world: World) -> dict[str, list[tuple[int, bytes]]]:
    """By member, the addresses they left, each with the batch that took them away."""
    batches = {
        row["settlement_tx_id"]: row["seq"]
        for row in records_of(world.databases.ledger, "batches")
        if row["voided_at_ms"] is None
    }
    left: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for call in records_of(world.databases.ledger, "chain_calls"):
        if call["kind"] == "rebind" and call["parked_reason"] is None:
            seq = batches[call["settlement_tx_id"]]
            old = json.loads(call["arguments"])["from"]
            left[call["member_id"]].append((seq, bytes.fromhex(old[2:])))
    return {member: sorted(moves) for member, moves in left.items()}
