"""Checks after every step: the chain against the books, the mirror against the chain.

It reads the databases over a connection of its own and the chain from the inside; it shares no
code with what it audits.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from backend.core.operations import Kind
from tests.sim.books import Books
from tests.sim.call_book import Parked
from tests.sim.chain import Block, Chain, read_transaction
from tests.sim.consent import REBOUND
from tests.sim.program import LAPSED, TRANSFER

Holder = tuple[bytes, bytes]
"""Program and member."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What the chain has minted and debited so far, per holder, at one block."""

    minted: dict[Holder, int] = field(default_factory=dict)
    burned: dict[Holder, int] = field(default_factory=dict)


@dataclass
class Auditor:
    folder: Path
    chain: Chain
    books: Books
    _flows: dict[bytes, Flow] = field(default_factory=dict)
    _sent: dict[tuple[bytes, int], tuple[bytes, bytes]] = field(default_factory=dict)
    _blocks: dict[bytes, Block] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ledger = self._open("ledger.db")
        self._mirror = self._open("mirror.db")

    def close(self) -> None:
        self._ledger.close()
        self._mirror.close()

    def ledger_rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._ledger.execute(query, values).fetchall()

    def mirror_rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._mirror.execute(query, values).fetchall()

    def stored_keys(self) -> dict[str, int]:
        """The idempotency keys in the ledger, each with its place in the order of commits."""
        return dict(self.ledger_rows("SELECT key, rowid FROM idempotency"))

    def on_send(self, raw: bytes) -> None:
        """I9: what is sent was stored first, and a nonce never stands for another call."""
        transaction = read_transaction(raw)
        stored = self.ledger_rows(
            "SELECT raw_transaction FROM tx_attempts WHERE tx_hash = ?",
            "0x" + transaction.hash.hex(),
        )
        assert stored == [(raw,)], f"nonce {transaction.nonce} was sent before it was stored"
        call = (transaction.to, transaction.data)
        slot = (transaction.sender, transaction.nonce)
        before = self._sent.setdefault(slot, call)
        assert before == call, f"nonce {transaction.nonce} was used for two calls"

    def on_block(self, block: Block) -> None:
        """I6 and I3: supply is the sum of balances, and nobody has more than was accepted."""
        self._blocks[block.header.hash] = block
        for program in block.contracts.programs.values():
            held = sum(word.balance for word in program.words.values())
            assert program.supply == held, f"supply {program.supply}, balances {held}"
        flow = self._flow_after(block)
        accepted = self._accepted() if block.logs else {}
        for holder, points in flow.minted.items() if block.logs else ():
            credited, _ = accepted.get(holder, (0, 0))
            assert points <= credited, f"minted {points} of {credited} for {holder[1].hex()}"
        for holder, points in flow.burned.items() if block.logs else ():
            _, debited = accepted.get(holder, (0, 0))
            assert points <= debited, f"burned {points} of {debited} for {holder[1].hex()}"

    def check_mirror(self) -> None:
        """I7: the mirror is exactly the state of the block it stands at."""
        ((block_hash, halted),) = self.mirror_rows(
            "SELECT block_hash, halted_reason FROM mirror_cursor"
        )
        assert halted is None, f"the indexer halted: {halted}"
        if not block_hash:
            return
        block = self._blocks[bytes.fromhex(block_hash[2:])]
        expected = {
            ("0x" + address.hex(), "0x" + member.hex()): (
                word.balance, word.period, *word.buckets, word.signed_only, word.nonce,
            )
            for address, program in block.contracts.programs.items()
            for member, word in program.words.items()
        }  # fmt: skip
        rows = self.mirror_rows(
            "SELECT program, member, points, period, lot_0, lot_1, lot_2, lot_3, lot_4,"
            " signed_only, nonce FROM mirror_balances"
        )
        mirrored = {(row[0], row[1]): row[2:] for row in rows}
        assert mirrored == expected, f"block {block.header.number}: {mirrored}, not {expected}"
        supplies = {
            "0x" + address.hex(): (program.supply, program.last_seq)
            for address, program in block.contracts.programs.items()
        }
        rows = self.mirror_rows("SELECT program, total_points, last_seq FROM mirror_supply")
        found = {p: (total, seq) for p, total, seq in rows}
        assert found == supplies, f"block {block.header.number}: {found}, not {supplies}"

    def _flow_after(self, block: Block) -> Flow:
        before = self._flows.get(block.header.parent_hash, Flow())
        flow = Flow(dict(before.minted), dict(before.burned)) if block.logs else before
        for log in block.logs:
            if log.address not in block.contracts.programs:
                continue
            if log.topics[0] == REBOUND:
                old, new = ((log.address, topic[12:]) for topic in log.topics[1:])
                _move(flow, old, new, int.from_bytes(log.data, "big"))
                continue
            # What lapsed was burned directly before, and was nobody's debit.
            sign = -1 if log.topics[0] == LAPSED else 1
            if log.topics[0] not in (TRANSFER, LAPSED):
                continue
            mints = not any(log.topics[1])
            side = flow.minted if mints else flow.burned
            holder = (log.address, log.topics[2 if mints else 1][12:])
            side[holder] = side.get(holder, 0) + sign * int.from_bytes(log.data, "big")
        self._flows[block.header.hash] = flow
        return flow

    def note_parked(self) -> None:
        """Tells the books of calls that the house gave up since it was last looked, and of returns
        that the chain did not take."""
        for undone, member, points in self.ledger_rows(
            "SELECT operation_id, member_id, points FROM journal WHERE kind = ?",
            int(Kind.RETURN_UNDONE),
        ):
            self.books.leave(undone, member, points)
        rows = self.ledger_rows(
            "SELECT c.id, c.member_id, c.kind, c.arguments, c.parked_reason, j.source_id"
            " FROM chain_calls c LEFT JOIN journal j"
            " ON j.program_id = c.program_id AND j.entry_no = c.entry_no"
            " WHERE c.parked_reason IS NOT NULL ORDER BY c.created_at_ms, c.id"
        )
        for call, member, kind, arguments, reason, source in rows:
            if call not in self.books.calls.parked:
                said = json.loads(arguments)
                self.books.park(Parked(call, member, kind, said, reason, source))

    def address_of(self, member: str) -> bytes:
        """Where the ledger has the member's points."""
        ((address,),) = self.ledger_rows("SELECT address FROM members WHERE id = ?", member)
        return bytes.fromhex(address[2:])

    def has_contract(self, program: str) -> bool:
        """Whether the ledger knows where the program is."""
        query = "SELECT contract_address FROM programs WHERE id = ?"
        return self.ledger_rows(query, program) != [(None,)]

    def has_open_call(self, member: str) -> bool:
        """Whether a call about the member is not on the chain yet, as far as the ledger knows."""
        ((count,),) = self.ledger_rows(
            "SELECT count(*) FROM chain_calls c LEFT JOIN settlement_txs t"
            " ON t.id = c.settlement_tx_id WHERE c.member_id = ? AND c.parked_reason IS NULL"
            " AND NOT coalesce(t.state IN ('included', 'final') AND t.succeeded, 0)",
            member,
        )
        return bool(count)

    def _accepted(self) -> dict[Holder, tuple[int, int]]:
        """What the books have credited and debited, by contract and every address of a member."""
        self.note_parked()
        rows = self.ledger_rows("SELECT id, program_id, address FROM members")
        moves = self.ledger_rows(
            "SELECT member_id, program_id, arguments FROM chain_calls WHERE kind = 'rebind'"
        )
        rows += [
            (member, program, json.loads(arguments)[side])
            for member, program, arguments in moves
            for side in ("from", "to")
        ]
        contracts = self.contracts()
        accepted = {}
        for member, program, address in rows:
            if program in contracts:
                # A member the books do not know yet was enrolled by a request whose answer is
                # still on its way: nothing can have been credited.
                book = self.books.members.get(member)
                holder = (contracts[program], bytes.fromhex(address[2:]))
                accepted[holder] = (book.credited, book.debited) if book else (0, 0)
        return accepted

    def contracts(self) -> dict[str, bytes]:
        """Program id to contract, as the chain knows it: the salt is the id's hash."""
        by_salt = {key[32:]: address for key, address in self.chain.head.contracts.by_salt.items()}
        return {
            program: by_salt[salt]
            for program in self.books.programs
            if (salt := sha256(program.encode()).digest()) in by_salt
        }

    def _open(self, name: str) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / name, isolation_level=None, check_same_thread=False)


def _move(flow: Flow, old: Holder, new: Holder, points: int) -> None:
    """A member has another address: what moved was no debit and no credit."""
    flow.burned[old] = flow.burned.get(old, 0) - points
    flow.minted[new] = flow.minted.get(new, 0) - points
    for side in (flow.minted, flow.burned):
        side[new] = side.get(new, 0) + side.pop(old, 0)
