"""Read the catalogue, claims and charities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from backend.core.claims import ClaimState, claim_state
from backend.core.errors import UnknownProgram
from backend.core.ids import is_id
from backend.core.rewards import RewardTerms
from backend.core.spending_errors import UnknownCharity, UnknownClaim, UnknownReward
from backend.ledger import programs, rewards
from backend.ledger.loading import ProgramState
from backend.ledger.spending_documents import reward_terms
from backend.ledger.spending_loads import RewardRecord, VoucherRecord
from backend.ledger.vouchers import vouchers_by_id
from backend.services.close_claim import ClaimPlace
from backend.services.find_member import member_record
from backend.services.house import House

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClaimRead:
    """A claim as it is now, with its voucher and its code, and the charity of a donation."""

    claim: Row
    state: ClaimState
    terms: RewardTerms
    program: ProgramState
    voucher: VoucherRecord | None
    code: str | None
    charity: Row | None


async def read_reward(
    house: House, merchant_id: str, reward_id: str
) -> tuple[RewardRecord, ProgramState]:
    """The reward and its program; raises UnknownReward."""
    now_ms = house.now_ms()

    def read(connection: Connection) -> tuple[RewardRecord, ProgramState] | None:
        reward = rewards.reward_of(connection, merchant_id, reward_id, now_ms)
        if reward is None:
            return None
        program = programs.visible_program(connection, merchant_id, reward.program_id)
        return (reward, program) if program else None

    found = await house.ledger.run(read) if is_id("rwd", reward_id) else None
    if found is None:
        raise UnknownReward("There is no such reward.")
    return found


async def list_rewards(
    house: House, merchant_id: str, program_id: str, state: str | None
) -> tuple[list[RewardRecord], ProgramState]:
    """The program's catalogue; raises UnknownProgram."""
    now_ms = house.now_ms()

    def read(connection: Connection) -> tuple[list[RewardRecord], ProgramState] | None:
        program = programs.visible_program(connection, merchant_id, program_id)
        if program is None:
            return None
        found = rewards.rewards_of_program(connection, merchant_id, program_id, state, now_ms)
        return found, program

    found = await house.ledger.run(read) if is_id("prg", program_id) else None
    if found is None:
        raise UnknownProgram("There is no such program.")
    return found


async def list_charities(house: House, merchant_id: str, program_id: str) -> list[Row]:
    """The program's charities; raises UnknownProgram."""
    _, program = await list_rewards(house, merchant_id, program_id, None)
    return await house.ledger.run(
        lambda connection: rewards.charities_of_program(connection, merchant_id, program.id)
    )


async def program_of_charity(house: House, merchant_id: str, charity_id: str) -> str:
    """Where a charity is listed; raises UnknownCharity."""
    found = None
    if is_id("cha", charity_id):
        found = await house.ledger.run(
            lambda connection: rewards.charity_of(connection, merchant_id, charity_id)
        )
    if found is None:
        raise UnknownCharity("There is no such charity.")
    return str(found["program_id"])


async def read_claim(house: House, merchant_id: str, claim_id: str) -> ClaimRead:
    """Raises UnknownClaim."""
    now_ms = house.now_ms()

    def read(connection: Connection) -> list[ClaimRead]:
        row = rewards.claim_of(connection, merchant_id, claim_id)
        return _opened(connection, house, merchant_id, [row] if row else [], now_ms)

    found = await house.ledger.run(read) if is_id("clm", claim_id) else []
    if not found:
        raise UnknownClaim("There is no such claim.")
    return found[0]


async def list_claims(
    house: House, merchant_id: str, member_id: str, limit: int, after_id: str | None
) -> tuple[list[ClaimRead], bool]:
    """A page of the member's claims, newest first, and whether there are older ones.

    Raises UnknownMember, and UnknownClaim for a cursor that is none of theirs.
    """
    await member_record(house, merchant_id, member_id)
    if after_id is not None:
        last = await read_claim(house, merchant_id, after_id)
        if last.claim["member_id"] != member_id:
            raise UnknownClaim("The member has no such claim.")
    now_ms = house.now_ms()

    def read(connection: Connection) -> list[ClaimRead]:
        rows = rewards.claims_of_member(connection, merchant_id, member_id, limit + 1, after_id)
        return _opened(connection, house, merchant_id, rows, now_ms)

    found = await house.ledger.run(read)
    return found[:limit], len(found) > limit


async def place_of_claim(house: House, merchant_id: str, claim_id: str) -> tuple[ClaimPlace, str]:
    """Where the claim belongs and whose it is (member id); raises UnknownClaim."""
    row = None
    if is_id("clm", claim_id):
        row = await house.ledger.run(
            lambda connection: rewards.claim_of(connection, merchant_id, claim_id)
        )
    if row is None:
        raise UnknownClaim("There is no such claim.")
    named = ("program_id", "reward_id", "redemption_id", "grant_id", "voucher_id")
    return ClaimPlace(claim_id, **{name: row[name] for name in named}), row["member_id"]


def _opened(
    connection: Connection, house: House, merchant_id: str, rows: list[Row], now_ms: int
) -> list[ClaimRead]:
    wanted = {row["voucher_id"] for row in rows if row["voucher_id"]}
    vouchers = vouchers_by_id(connection, wanted, now_ms)
    found = []
    for row in rows:
        voucher = vouchers.get(row["voucher_id"] or "")
        terms = reward_terms(row["document"])
        charity = None
        if row["receipt_no"] is not None and terms.charity_id is not None:
            charity = rewards.charity_of(connection, merchant_id, terms.charity_id)
        program = programs.visible_program(connection, merchant_id, row["program_id"])
        if program is None:
            continue
        code = house.vault.open_code(voucher.id, voucher.sealed_code) if voucher else None
        state = claim_state(ClaimState(row["state"]), row["expires_at_ms"], now_ms)
        found.append(ClaimRead(row, state, terms, program, voucher, code, charity))
    return found
