"""The whole audit once everything has settled: ledger = mirror = chain, operation by operation."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import Any

from backend.chain.codec import SETTLE
from backend.core.expiry import MemberWord
from backend.core.operations import Kind
from backend.settlement.reconcile import reconcile
from tests.ledger_audit import audit, records_of
from tests.sim.call_audit import REBIND_KIND, addresses_at, audit_calls
from tests.sim.chain import Transaction
from tests.sim.contracts import REBIND
from tests.sim.world import World

_SELECTOR_BYTES = 4


def audit_everything(world: World) -> int:
    """Holds the run to I1–I9; the number of operations settled."""
    world.auditor.note_parked()
    engine = world.databases.ledger
    audit(engine)
    _answers_are_kept(world)
    settled = _every_operation_once(world, audit_calls(world))
    _one_nonce_one_call(world)
    world.auditor.check_mirror()
    found = reconcile(
        engine, world.databases.mirror, world.node("auditor", honest=True), members_on_chain=-1
    )
    assert found.reconciled, found.differences
    assert not found.notes, found.notes
    parked = [row for row in records_of(engine, "outbox") if row["parked_reason"] is not None]
    assert not parked, f"parked without a reason in the books: {parked}"
    _chain_is_the_books(world)
    return settled


def _answers_are_kept(world: World) -> None:
    """I2 and I5: every request that was served is answered the same again."""
    till = world.till
    for start in range(0, len(till.served), 50):
        till.ask(till.served[start : start + 50])


def _every_operation_once(world: World, by_signature: Counter[str]) -> int:
    """I3 and I6: the words on the chain are the journal's entries, each once, under the roots."""
    left = addresses_at(world)
    journal = {
        (row["program_id"], row["entry_no"]): row
        for row in records_of(world.databases.ledger, "journal")
    }
    batches = {row["id"]: row for row in records_of(world.databases.ledger, "batches")}
    by_batch: dict[tuple[str, int], dict[int, dict[str, Any]]] = {}
    for row in records_of(world.databases.ledger, "outbox"):
        batch = batches[row["batch_id"]]
        assert batch["voided_at_ms"] is None
        entry = journal.pop((row["program_id"], row["entry_no"]))
        entry = {**entry, "points": entry["points"] - row["lapsed_points"], "age": row["age"] or 0}
        place = by_batch.setdefault((batch["program_id"], batch["seq"]), {})
        assert row["word_index"] not in place
        place[row["word_index"]] = entry
    calls = records_of(world.databases.ledger, "chain_calls")
    for call in calls:
        journal.pop((call["program_id"], call["entry_no"]), None)
    for (program, entry_no), entry in journal.items():
        undone = Kind(entry["kind"]) in (Kind.REDEEM_UNDONE, Kind.RETURN_UNDONE)
        assert undone or world.books.programs[program].calendar.expires, (
            f"never queued: entry {entry_no}"
        )
    contracts = world.auditor.contracts()
    on_chain = _applied(world)
    settled = _rebound(world, calls, on_chain)
    for (program, seq), entries in by_batch.items():
        root, words = on_chain.pop((contracts[program], seq))
        assert sorted(entries) == list(range(len(words)))
        leaves = []
        for index, word in enumerate(words):
            entry = entries[index]
            address = _address(world, left, entry["member_id"], seq)
            expected = _word(address, entry)
            assert word == expected, f"{entry}: {word.hex()}, not {expected.hex()}"
            committed = bytes.fromhex(entry["commitment"])
            leaves.append(_leaf(contracts[program], seq, index, word, committed))
        assert _root(leaves) == root, f"the root of batch {seq} of {program}"
        settled += len(words)
    assert not on_chain, f"on the chain and not in the ledger: {sorted(on_chain)}"
    _every_request_counted(world, by_batch, by_signature)
    return settled + by_signature.total()


def _address(
    world: World, left: dict[str, list[tuple[int, bytes]]], member: str, seq: int
) -> bytes:
    """Where the member's points were when the batch was applied."""
    later = [old for moved_at, old in left.get(member, []) if moved_at > seq]
    return later[0] if later else world.auditor.address_of(member)


def _rebound(
    world: World,
    calls: list[dict[str, Any]],
    on_chain: dict[tuple[bytes, int], tuple[bytes, list[bytes]]],
) -> int:
    """Every rebind is a batch of one leaf; how many there were."""
    contracts = world.auditor.contracts()
    batches = {
        row["settlement_tx_id"]: row["seq"]
        for row in records_of(world.databases.ledger, "batches")
        if row["voided_at_ms"] is None
    }
    count = 0
    for call in calls:
        if call["kind"] != "rebind" or call["parked_reason"] is not None:
            continue
        contract, seq = contracts[call["program_id"]], batches[call["settlement_tx_id"]]
        said = json.loads(call["arguments"])
        word = bytes.fromhex(said["from"][2:]) + bytes([REBIND_KIND]) + bytes(11)
        root, words = on_chain.pop((contract, seq))
        assert words == [bytes.fromhex(said["from"][2:]) + bytes.fromhex(said["to"][2:])]
        leaf = _leaf(contract, seq, 0, word, bytes.fromhex(call["commitment"][2:]))
        assert leaf == root, f"the root of rebind {call}"
        count += 1
    return count


def _every_request_counted(
    world: World,
    by_batch: dict[tuple[str, int], dict[int, dict[str, Any]]],
    by_signature: Counter[str],
) -> None:
    """Where points never expire, each request that moves some is one operation on the chain."""
    found = Counter(by_signature)
    for entries in by_batch.values():
        found.update(entry["member_id"] for entry in entries.values())
    for member, book in world.books.members.items():
        if not world.books.programs[book.program].calendar.expires:
            assert found[member] == book.operations, f"{member}: {found[member]} operations"


def _applied(world: World) -> dict[tuple[bytes, int], tuple[bytes, list[bytes]]]:
    """Root and words of every batch that the canonical chain has applied, from the calldata."""
    applied: dict[tuple[bytes, int], tuple[bytes, list[bytes]]] = {}
    for block in world.chain.blocks:
        for transaction in block.transactions:
            if not block.receipts[transaction.hash].succeeded:
                continue
            called = (transaction.to, transaction.data[:_SELECTOR_BYTES])
            if called == (world.places.settlement, REBIND):
                program, seq, root, words = _rebind(transaction)
                assert (program, seq) not in applied
                applied[program, seq] = (root, words)
            if called == (world.places.settlement, SETTLE):
                for program, seq, root, words in _batches(transaction):
                    assert (program, seq) not in applied
                    applied[program, seq] = (root, words)
    return applied


def _rebind(transaction: Transaction) -> tuple[bytes, int, bytes, list[bytes]]:
    """Program, number and root, and both addresses in place of words."""
    at = [transaction.data[4 + 32 * n : 36 + 32 * n] for n in range(5)]
    return at[0][12:], int.from_bytes(at[1], "big"), at[2], [at[3][12:] + at[4][12:]]


def _batches(transaction: Transaction) -> list[tuple[bytes, int, bytes, list[bytes]]]:
    data = transaction.data[_SELECTOR_BYTES:]

    def number(at: int) -> int:
        return int.from_bytes(data[at : at + 32], "big")

    found = []
    array = number(0)
    for index in range(number(array)):
        at = array + 32 + number(array + 32 + 32 * index)
        words_at = at + number(at + 96)
        words = [
            data[words_at + 32 + 32 * i : words_at + 64 + 32 * i] for i in range(number(words_at))
        ]
        found.append((data[at + 12 : at + 32], number(at + 32), data[at + 64 : at + 96], words))
    return found


def _word(address: bytes, entry: dict[str, Any]) -> bytes:
    return b"".join(
        [
            address,
            entry["kind"].to_bytes(1, "big"),
            entry["age"].to_bytes(1, "big"),
            entry["reason"].to_bytes(2, "big"),
            entry["points"].to_bytes(8, "big"),
        ]
    )


def _leaf(program: bytes, seq: int, index: int, word: bytes, committed: bytes) -> bytes:
    place = seq.to_bytes(8, "big") + index.to_bytes(4, "big")
    return sha256(b"\x00mereau/receipt/1" + program + place + word + committed).digest()


def _root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    pairs = [leaves[at : at + 2] for at in range(0, len(leaves), 2)]
    return _root([sha256(b"\x01" + b"".join(p)).digest() if p[1:] else p[0] for p in pairs])


def _one_nonce_one_call(world: World) -> None:
    """I9: what a lane's key has sent is a stored attempt of exactly one slot, or a stranger's."""
    rows = world.auditor.ledger_rows(
        "SELECT a.tx_hash, t.lane, t.nonce, t.calldata FROM tx_attempts a"
        " JOIN settlement_txs t ON t.id = a.settlement_tx_id"
    )
    stored = {bytes.fromhex(tx[2:]): (lane, nonce, bytes(data)) for tx, lane, nonce, data in rows}
    for block in world.chain.blocks:
        for transaction in block.transactions:
            if transaction.data and transaction.sender in world.places.operators:
                lane = "0x" + transaction.sender.hex()
                expected = (lane, transaction.nonce, transaction.data)
                assert stored[transaction.hash] == expected


def _chain_is_the_books(world: World) -> None:
    """The lots on the chain, as of now, are the ledger's, and the points those of the books."""
    lots = {row["member_id"]: row for row in records_of(world.databases.ledger, "balances")}
    rows = world.auditor.ledger_rows("SELECT id, program_id, address FROM members")
    contracts = world.auditor.contracts()
    state = world.chain.head.contracts
    for member, program_id, address in rows:
        program = state.programs[contracts[program_id]]
        held = program.word_now(bytes.fromhex(address[2:]), world.now_ms // 1000)
        least, most = world.books.points(member, world.now_ms)
        assert least <= held.balance <= most, f"{member}: {held}, not {least}…{most}"
        row = lots[member]
        ledger = MemberWord(row["period"], buckets=tuple(row[f"lot_{age}"] for age in range(5)))
        ledger = ledger.aged(program.calendar, max(held.period, ledger.period))
        assert ledger.buckets == held.buckets, f"{member}: ledger {ledger}, chain {held}"
