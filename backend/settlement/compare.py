"""One program's members in the ledger, in the mirror and on the chain, as of one moment.

A member of whom nothing is in flight has the same lots everywhere. For one with operations on
their way the ledger must be the mirror plus those; where time took points meanwhile, both are told
apart by folding the ledger's own history (`backend.core.lots`), once with what the mirror saw
applied and once with what the settler saw.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from backend.chain.codec import (
    TOTAL_SUPPLY,
    decode_buckets,
    decode_uint,
    encode_balance_of,
    encode_buckets_of,
)
from backend.chain.port import ChainError, ChainReader
from backend.chain.program_calls import encode_ledger_balance_of
from backend.chain.quantities import read_bytes
from backend.core.expiry import MemberWord
from backend.core.lots import project
from backend.ledger.batch_points import ledger_points_by_batch, mirror_points_by_batch
from backend.ledger.histories import NOTHING_SEEN, AppliedAt, History, histories_of
from backend.ledger.reconciliation import LedgerMember, LedgerSide, MirrorSide
from backend.ledger.signatures_seen import SeenRedemption

_LINES_MAX = 20
_NOBODY = MemberWord()


@dataclass(frozen=True, slots=True)
class Case:
    """One program as ledger and mirror have it; `at_s` is the second of the mirror's block, and
    `redeemed` what it has of signed redemptions that may not be in the ledger, by member."""

    program_id: str
    contract: str | None
    at_s: int
    ledger: LedgerSide
    mirror: MirrorSide
    ledger_connection: Connection
    mirror_connection: Connection
    redeemed: Mapping[str, Sequence[SeenRedemption]]


@dataclass(slots=True)
class Compared:
    """Sums of live points, and a line for each member that differs (up to a limit)."""

    ledger_points: int = 0
    mirror_points: int = 0
    in_flight_points: int = 0
    differences: list[str] = field(default_factory=list)
    _unsaid: int = 0

    def differ(self, line: str) -> None:
        if len(self.differences) < _LINES_MAX:
            self.differences.append(line)
        else:
            self._unsaid += 1

    def close(self) -> None:
        if self._unsaid:
            self.differences.append(f"{self._unsaid} more members differ")


def compare_members(case: Case) -> Compared:
    """Every member the ledger or the mirror knows."""
    result = Compared()
    members = case.ledger.members
    for address in sorted(members.keys() | case.mirror.words.keys()):
        seen = case.mirror.words.get(address, _NOBODY)
        member = members.get(address)
        if member is None:
            result.mirror_points += seen.balance
            if seen.balance:
                result.differ(_difference(case, address, 0, seen.balance, 0))
            continue
        period = max(case.ledger.calendar.period_at(case.at_s), member.period, seen.period)
        _compare(case, address, member, seen.aged(case.ledger.calendar, period), result)
    result.close()
    return result


def _compare(
    case: Case, address: str, member: LedgerMember, seen: MemberWord, result: Compared
) -> None:
    in_flight = case.ledger.in_flight_by_member.get(address)
    plain = member.points == seen.balance + (in_flight or 0) and member.kept_points == 0
    same = in_flight is not None or _aged_lots(case, member, seen.period) == seen.buckets
    live = member.points
    if not (plain and same) and case.ledger.calendar.expires:
        live, in_flight, differs = _folded(case, member, seen)
        plain, same = not differs, True
    result.ledger_points += live
    result.mirror_points += seen.balance
    result.in_flight_points += in_flight or 0
    if not plain:
        result.differ(_difference(case, address, live, seen.balance, in_flight or 0))
    elif not same:
        result.differ(f"member {address} ledger lots {member.lots}, chain {seen.buckets}")


def _folded(case: Case, member: LedgerMember, seen: MemberWord) -> tuple[int, int, bool]:
    """Live points of the ledger and in flight, and whether anything differs."""
    calendar, period = case.ledger.calendar, seen.period

    def history(
        applied_at: AppliedAt | None, redeemed: Mapping[str, Sequence[SeenRedemption]]
    ) -> History:
        return histories_of(
            case.ledger_connection, calendar, [member.member_id], case.at_s * 1000, applied_at,
            redeemed,
        )[member.member_id]  # fmt: skip

    seconds = {s: at for s, at in case.mirror.batch_seconds.items() if s <= case.mirror.last_seq}
    mirrored, known = history(seconds.get, case.redeemed), history(None, NOTHING_SEEN)
    applied = project(calendar, mirrored.applied, (), (), period).word
    expected = mirrored.projected(calendar, period).word
    settled = known.projected(calendar, period).word
    try:
        row = member.word
    except ValueError:
        return member.points, 0, True
    live = row.aged(calendar, period).balance
    if row.period < period and known.projected(calendar, row.period).word.buckets == row.buckets:
        # Right when it was written, and what was on its way at a period's end does not age with it.
        live = settled.balance
    differs = (
        applied.buckets != seen.buckets
        or row.balance + member.kept_points != member.points
        or live not in {expected.balance, settled.balance}
    )
    return live, expected.balance - seen.balance, differs


def _aged_lots(case: Case, member: LedgerMember, period: int) -> tuple[int, ...]:
    try:
        return member.word.aged(case.ledger.calendar, period).buckets
    except ValueError:
        return member.lots


def _difference(case: Case, address: str, live: int, seen: int, in_flight: int) -> str:
    return (
        f"member {address} ledger {live}, chain {seen}, in flight {in_flight}; "
        f"{_first_difference(case, address)}"
    )


def _first_difference(case: Case, address: str) -> str:
    sealed = ledger_points_by_batch(
        case.ledger_connection, case.program_id, address, case.mirror.last_seq
    )
    seen = mirror_points_by_batch(case.mirror_connection, case.contract or "", address)
    for seq in sorted(sealed.keys() | seen.keys()):
        if sealed.get(seq, 0) != seen.get(seq, 0):
            return f"first difference at batch {seq}"
    return "no batch differs: a balance was changed without one"


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """`followed` is False where the mirror is on a fork that is gone: it knows another past than
    the ledger then, and their members cannot be compared before it has followed."""

    points: int | None
    differences: list[str]
    notes: list[str]
    followed: bool = True


def chain_check(
    chain: ChainReader, case: Case, contract: str, at: tuple[int, str, int], members: int
) -> ChainCheck:
    """The chain's own word at the mirror's block, if the node still has that block's state."""
    number, block_hash, _ = at
    address = read_bytes(contract, 20)
    differences = []

    def ask(data: bytes) -> bytes:
        return chain.call(address, data, block=number)

    try:
        points = decode_uint(ask(TOTAL_SUPPLY))
        if points != case.mirror.total_points:
            differences.append(f"chain supply {points}, mirror {case.mirror.total_points}")
        differences += _members_on_chain(case, ask, members)
        header = chain.header(number)
    except (ChainError, ValueError) as error:
        return ChainCheck(None, [], [f"program {case.program_id}: not read from chain: {error}"])
    if header is None or header.hash != read_bytes(block_hash, 32):
        note = f"program {case.program_id}: the mirror's block {number} is not on the chain now"
        return ChainCheck(None, [], [note], followed=False)
    return ChainCheck(points, differences, [])


def _members_on_chain(case: Case, ask: Callable[[bytes], bytes], members: int) -> list[str]:
    known = sorted(case.mirror.words)
    chosen = known if members < 0 else known[:: max(1, len(known) // members)] if members else []
    lines = []
    for address in chosen:
        member, word = read_bytes(address, 20), case.mirror.words[address]
        points = decode_uint(ask(encode_ledger_balance_of(member)))
        if points != word.balance:
            lines.append(f"member {address} chain {points}, mirror {word.balance}")
            continue
        period, buckets = decode_buckets(ask(encode_buckets_of(member)))
        live = decode_uint(ask(encode_balance_of(member)))
        mirrored = word.aged(case.ledger.calendar, period).buckets
        if buckets != mirrored or live != sum(buckets):
            lines.append(f"member {address} chain lots {buckets}, mirror {mirrored}")
    return lines
