"""Read a program's books as an auditor does: balances at a block, batches, changes, findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from backend.chain.codec import TOTAL_SUPPLY, decode_uint
from backend.chain.governance import Change, changes_of
from backend.chain.port import ChainReader
from backend.core.book_errors import UnknownBatch, UnknownBlock
from backend.core.books import ChainSums, TrialBalance, trial_balance
from backend.core.errors import ChainSilent
from backend.core.operations import Kind
from backend.ledger import book_figures, mirror, mirror_books, relayed, verdicts
from backend.ledger.book_figures import SealedBatch
from backend.ledger.loading import ProgramState
from backend.ledger.mirror import MirrorBatch
from backend.ledger.mirror_books import BatchLine
from backend.ledger.signatures_seen import SeenRedemption, seen_between
from backend.ledger.verdicts import Check
from backend.services.house import House

BATCHES_PER_PAGE: Final = 50
WORDS_PER_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class BatchRead:
    """A batch in the books, and the same one in the chain's log (None while it is not there)."""

    sealed: SealedBatch
    on_chain: MirrorBatch | None

    @property
    def agrees(self) -> bool:
        """Whether words and commitments make the root that the chain has."""
        return self.on_chain is not None and (
            self.sealed.derived_root == self.on_chain.receipts_root
        )


async def newest_block(house: House) -> int:
    """The last block that the mirror has applied; −1 before the first."""
    return (await house.mirror.run(mirror.cursor)).block_number


async def read_trial_balance(
    house: House, program: ProgramState, block_number: int | None
) -> TrialBalance:
    """As of the block, or of the newest in the mirror. Raises UnknownBlock beyond that."""
    newest = await newest_block(house)
    number = newest if block_number is None else block_number
    contract = program.contract_address
    if not 0 <= number <= newest or contract is None:
        raise UnknownBlock("The books do not reach this block.", newest_block=newest)

    noted = await house.ledger.run_aside(relayed.noted_until)

    def logs(connection: Connection) -> tuple[ChainSums, int, list[SeenRedemption]]:
        return (
            mirror_books.sums_until(connection, contract, number),
            mirror_books.last_seq_until(connection, contract, number),
            seen_between(connection, noted, number, contract),
        )

    chain, last_seq, seen = await house.mirror.run_aside(logs)

    def books(connection: Connection) -> dict[Kind, int]:
        settled = book_figures.settled_by_kind(connection, program.id, last_seq, number)
        for one, _, call in relayed.matched(connection, program.id, seen):
            # In the books, and on chain before the settler has seen it there.
            if call is not None and (call.included_block or newest + 1) > number:
                settled[Kind.REDEEM] = settled.get(Kind.REDEEM, 0) + one.points
        return settled

    settled = await house.ledger.run_aside(books)
    return trial_balance(number, settled, chain, await _supply(house, contract, number))


async def _supply(house: House, contract: str, number: int) -> int | None:
    """What the contract says; None where no node answers for that block."""
    if house.chain is None:
        return None
    address = bytes.fromhex(contract[2:])
    try:
        answer = await house.chain.ask(lambda chain, _: chain.call(address, TOTAL_SUPPLY, number))
    except ChainSilent:
        return None
    return decode_uint(answer) if answer else None


async def read_supply_changes(house: House, program: ProgramState) -> list[tuple[int, int]]:
    """By how much the supply changed, block by block: (UTC second, points)."""
    contract = program.contract_address
    if contract is None:
        return []
    return await house.mirror.run_aside(
        lambda connection: mirror_books.supply_changes(connection, contract)
    )


async def list_batches(
    house: House, program: ProgramState, before: int | None
) -> tuple[list[BatchLine], bool]:
    """A page of batches, newest first, and whether there are more."""
    contract = program.contract_address
    if contract is None:
        return [], False
    found = await house.mirror.run_aside(
        lambda connection: mirror_books.batches_before(
            connection, contract, before, BATCHES_PER_PAGE + 1
        )
    )
    return found[:BATCHES_PER_PAGE], len(found) > BATCHES_PER_PAGE


async def read_batch(house: House, program: ProgramState, seq: int, first: int) -> BatchRead:
    """A batch with a page of its words. Raises UnknownBatch."""
    sealed = await house.ledger.run_aside(
        lambda connection: book_figures.sealed_batch(
            connection, program.id, seq, first, WORDS_PER_PAGE
        )
    )
    contract = program.contract_address
    if sealed is None or contract is None:
        raise UnknownBatch("The program has no such batch.")
    on_chain = await house.mirror.run(lambda connection: mirror.batch_of(connection, contract, seq))
    return BatchRead(sealed, on_chain)


async def read_changes(house: House, program: ProgramState) -> list[Change]:
    """Roles, limits, terms, pauses and the closing, newest first, asked of the chain now.

    Raises ChainSilent.
    """
    contract = program.contract_address
    if contract is None or house.chain is None:
        raise ChainSilent("The chain does not answer; try again.")
    address = bytes.fromhex(contract[2:])
    return await house.chain.ask(lambda chain, deployment: changes_of(chain, deployment, address))


async def read_times(house: House, numbers: set[int]) -> dict[int, int]:
    """The UTC seconds of blocks, from the chain. Raises ChainSilent."""
    if house.chain is None:
        raise ChainSilent("The chain does not answer; try again.")

    def ask(chain: ChainReader, _: object) -> dict[int, int]:
        headers = {number: chain.header(number) for number in sorted(numbers)}
        return {number: header.timestamp_s for number, header in headers.items() if header}

    return await house.chain.ask(ask)


async def read_check(house: House, program: ProgramState) -> Check | None:
    """What reconciliation last found of the program; None before the first check."""
    return await house.ledger.run(lambda connection: verdicts.check_of(connection, program.id))
