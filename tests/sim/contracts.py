"""Settlement, factory and programs: the state of all our contracts, and calls into it.

A call is calldata in and return data or logs out, as a node sees it. Only what the house calls is
here; anything else is refused loudly, so that a new call of ours is noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from eth_abi.abi import decode, encode

from backend.chain.codec import (
    BALANCE_OF,
    CREATE_PROGRAM,
    IS_OPERATOR,
    MINT_PAUSED,
    NEXT_SEQ,
    PROGRAM_CREATED_TOPIC,
    PROGRAM_OF,
    SETTLE,
    TOTAL_SUPPLY,
    decode_settle,
)
from backend.chain.keccak import keccak256, selector
from backend.chain.program_rules import ProgramRules
from backend.core.calendar import PERIOD_MONTHS, VALIDITY_MAX, Calendar
from tests.sim.program import NOBODY, UNTOUCHED, Event, Program, Reverted, word

PARAMETERS: Final = (
    "(string,string,uint8,uint8,uint8,int16,bool,uint16,uint64,uint48,uint48,bytes32,string,string)"
)
PROGRAM_RULES_SET: Final = keccak256(f"ProgramRulesSet(address,{PARAMETERS})".encode())
PROGRAM_PAUSED: Final = keccak256(b"ProgramPaused(address,address)")
PROGRAM_UNPAUSED: Final = keccak256(b"ProgramUnpaused(address,address)")
LEDGER_BALANCE_OF: Final = selector("ledgerBalanceOf(address)")
MEMBER_WORD: Final = selector("memberWord(address)")
BUCKETS_OF: Final = selector("bucketsOf(address)")
BUDGETS_LEFT: Final = selector("budgetsLeft()")
LIMITS: Final = selector("limits()")
EXPIRE: Final = selector("expire(address[])")
SET_SIGNED_ONLY: Final = selector("setSignedOnly(bool)")
REBIND: Final = selector("rebind(address,uint64,bytes32,address,address,uint256,bytes)")
SET_LIMITS: Final = selector("setLimits(address,(uint64,uint48,uint48))")
ANNOUNCED_LIMITS: Final = selector("announcedLimits()")
REDEMPTION_UNTIL: Final = selector("redemptionUntil()")
NOTICE_PERIOD: Final = selector("noticePeriod()")
UTC_OFFSET: Final = selector("utcOffsetMinutes()")
TERMS: Final = selector("terms()")
ANNOUNCED_TERMS: Final = selector("announcedTerms()")
PAUSE: Final = selector("pause(address)")
UNPAUSE: Final = selector("unpause(address)")

_CHANGES: Final = {SETTLE, CREATE_PROGRAM, REBIND, EXPIRE, PAUSE, UNPAUSE, SET_LIMITS}
_CLONE_HEAD: Final = bytes.fromhex("3d81600a3d39f3363d3d373d3d3d363d73")
_CLONE_TAIL: Final = bytes.fromhex("5af43d82803e903d91602b57fd5bf3")
_CLONE_SIZE: Final = 0x2D


@dataclass(frozen=True, slots=True)
class Places:
    """Where the contracts are, and who may do what; 20 bytes each."""

    settlement: bytes
    factory: bytes
    logic: bytes
    admin: bytes
    operators: frozenset[bytes]


@dataclass(slots=True)
class Contracts:
    """Everything on chain that is ours, at one block. Programs are replaced, never changed."""

    places: Places
    programs: dict[bytes, Program] = field(default_factory=dict)
    by_salt: dict[bytes, bytes] = field(default_factory=dict)

    def copy(self) -> Contracts:
        return replace(self, programs=dict(self.programs), by_salt=dict(self.by_salt))

    def has_code(self, address: bytes) -> bool:
        places = self.places
        return address in {places.settlement, places.factory, places.logic, *self.programs}

    def transact(self, caller: bytes, to: bytes, data: bytes, now: int) -> list[Event]:
        """Carries a call out; the logs. On Reverted nothing has changed."""
        trial = self.copy()
        events = _Transaction(trial, caller, now).run(to, data)
        self.programs, self.by_salt = trial.programs, trial.by_salt
        return events

    def view(self, caller: bytes, to: bytes, data: bytes, now: int) -> bytes:
        """What a read answers at `now`; a simulated transaction answers nothing. Reverted."""
        if data[:4] in _CHANGES:
            self.copy().transact(caller, to, data, now)
            return b""
        if to == self.places.settlement and data[:4] == IS_OPERATOR:
            return word(data[16:36] in self.places.operators)
        if to == self.places.factory and data[:4] == PROGRAM_OF:
            return word(self.by_salt.get(data[4:68], NOBODY))
        program = self.programs.get(to)
        if program is None:
            # No code there yet: an EVM answers success and nothing.
            return b""
        return _PROGRAM_VIEWS[data[:4]](program, data[16:36], now)


def _buckets(program: Program, member: bytes, now: int) -> bytes:
    held = program.word_now(member, now)
    return word(program.calendar.period_at(now)) + b"".join(map(word, held.buckets))


def _terms(program: Program, _member: bytes, _now: int) -> bytes:
    return encode(["bytes32", "string"], [program.rules.terms_hash, program.rules.terms_uri])


def _words(*values: int) -> bytes:
    return b"".join(map(word, values))


_NO_TERMS: Final = encode(["bytes32", "string", "uint256"], [bytes(32), "", 0])
_PROGRAM_VIEWS: Final[dict[bytes, Callable[[Program, bytes, int], bytes]]] = {
    NEXT_SEQ: lambda program, *_: word(program.last_seq + 1),
    TOTAL_SUPPLY: lambda program, *_: word(program.supply),
    MINT_PAUSED: lambda program, *_: word(program.paused),
    BALANCE_OF: lambda program, member, now: word(program.word_now(member, now).balance),
    LEDGER_BALANCE_OF: lambda program, member, _: word(
        program.words.get(member, UNTOUCHED).balance
    ),
    MEMBER_WORD: lambda program, member, _: word(program.words.get(member, UNTOUCHED).encode()),
    BUCKETS_OF: _buckets,
    BUDGETS_LEFT: lambda program, _, now: _words(*program.budgets_left(now)),
    LIMITS: lambda program, _, now: _words(*program.limits_at(now)),
    ANNOUNCED_LIMITS: lambda program, _, now: _words(*program.announced_limits(now)),
    REDEMPTION_UNTIL: lambda *_: word(0),
    NOTICE_PERIOD: lambda program, *_: word(86_400 * program.rules.notice_days),
    UTC_OFFSET: lambda program, *_: word(program.rules.utc_offset_minutes),
    TERMS: _terms,
    ANNOUNCED_TERMS: lambda *_: _NO_TERMS,
}

VIEWS_OF_A_MEMBER: Final = (BALANCE_OF, LEDGER_BALANCE_OF, MEMBER_WORD, BUCKETS_OF)
VIEWS_OF_A_PROGRAM: Final = [view for view in _PROGRAM_VIEWS if view not in VIEWS_OF_A_MEMBER]


@dataclass(slots=True)
class _Transaction:
    state: Contracts
    caller: bytes
    now: int

    def run(self, to: bytes, data: bytes) -> list[Event]:
        known: dict[tuple[bytes, bytes], Callable[[bytes], list[Event]]] = {
            (self.state.places.settlement, SETTLE): self._settle,
            (self.state.places.settlement, REBIND): self._rebind,
            (self.state.places.settlement, PAUSE): self._pause,
            (self.state.places.settlement, UNPAUSE): self._pause,
            (self.state.places.settlement, SET_LIMITS): self._set_limits,
            (self.state.places.factory, CREATE_PROGRAM): self._create,
        }
        if (to, data[:4]) in known:
            return known[to, data[:4]](data)
        if to in self.state.programs:
            if data[:4] == EXPIRE:
                (members,) = decode(["address[]"], data[4:])
                raw = [bytes.fromhex(member[2:]) for member in members]
                return self._program(to).expire(raw, self.now)
            if data[:4] == SET_SIGNED_ONLY:
                return self._program(to).set_signed_only(self.caller, bool(data[35]), self.now)
        if not self.state.has_code(to):
            return []
        raise NotImplementedError(f"the fake has no {data[:4].hex()} at {to.hex()}")

    def _program(self, address: bytes) -> Program:
        """A program of this transaction's own, to be changed."""
        found = self.state.programs.get(address)
        if found is None:
            raise Reverted("")
        program = found.copy()
        self.state.programs[address] = program
        return program

    def _settle(self, data: bytes) -> list[Event]:
        self._only_operators()
        batches = decode_settle(data)
        if not batches:
            raise Reverted("NoBatches()")
        events: list[Event] = []
        for batch in batches:
            words = [
                int.from_bytes(batch.words[at : at + 32], "big")
                for at in range(0, len(batch.words), 32)
            ]
            program = self._program(batch.program)
            events += program.apply_batch(
                self.state.places.settlement, batch.seq, batch.receipts_root, words, self.now
            )
        return events

    def _rebind(self, data: bytes) -> list[Event]:
        self._only_operators()
        types = ["address", "uint64", "bytes32", "address", "address", "uint256", "bytes"]
        address, seq, root, old, new, _, _ = decode(types, data[4:])
        program = self._program(bytes.fromhex(address[2:]))
        sides = bytes.fromhex(old[2:]), bytes.fromhex(new[2:])
        return program.rebind(self.state.places.settlement, seq, root, *sides, self.now)

    def _pause(self, data: bytes) -> list[Event]:
        pausing = data[:4] == PAUSE
        if self.caller != self.state.places.admin:
            raise Reverted("NotGuardian()" if pausing else "NotAdmin()")
        settlement, address = self.state.places.settlement, data[16:36]
        topic = PROGRAM_PAUSED if pausing else PROGRAM_UNPAUSED
        said = Event(settlement, (topic, word(address), word(self.caller)), b"")
        return [said, *self._program(address).set_mint_paused(settlement, pausing)]

    def _set_limits(self, data: bytes) -> list[Event]:
        if self.caller != self.state.places.admin:
            raise Reverted("NotAdmin()")
        cap, mint, debit = (int.from_bytes(data[at : at + 32], "big") for at in (36, 68, 100))
        program = self._program(data[16:36])
        return program.set_limits(self.state.places.settlement, (cap, mint, debit), self.now)

    def _only_operators(self) -> None:
        if self.caller not in self.state.places.operators:
            raise Reverted("NotOperator()")

    def _create(self, data: bytes) -> list[Event]:
        places = self.state.places
        raw_issuer, salt, parameters = decode(["address", "bytes32", PARAMETERS], data[4:])
        issuer = bytes.fromhex(raw_issuer[2:])
        if self.caller not in {*places.operators, places.admin}:
            raise Reverted("NotAllowed(address,address)", issuer, self.caller)
        key = word(issuer) + salt
        if key in self.state.by_salt:
            raise Reverted("ProgramExists(address)", self.state.by_salt[key])
        name, symbol, decimals, *rest = parameters
        rules = ProgramRules(*rest)
        if not _can_be(rules):
            raise Reverted("BadParameters()")
        address = clone_address(places, issuer, salt, parameters)
        calendar = Calendar(rules.period_months, rules.validity_periods, rules.utc_offset_minutes)
        self.state.by_salt[key] = address
        self.state.programs[address] = Program(address, issuer, rules, calendar)
        topics = (PROGRAM_CREATED_TOPIC, word(address), word(issuer), salt)
        described = encode(["uint32", "string", "string", "uint8"], [1, name, symbol, decimals])
        return [
            Event(places.factory, topics, described),
            Event(
                places.factory,
                (PROGRAM_RULES_SET, word(address)),
                encode([PARAMETERS], [parameters]),
            ),
        ]


def _can_be(rules: ProgramRules) -> bool:
    endless = rules.period_months == 0 and rules.validity_periods == 0
    periodic = rules.period_months in PERIOD_MONTHS and 1 <= rules.validity_periods <= VALIDITY_MAX
    offset_exists = -12 * 60 <= rules.utc_offset_minutes <= 14 * 60
    return (endless or periodic) and rules.notice_days != 0 and offset_exists


def clone_address(places: Places, issuer: bytes, salt: bytes, parameters: tuple[Any, ...]) -> bytes:
    """Where the factory's CREATE2 puts the clone (EIP-1014, EIP-1167)."""
    (name, symbol, decimals, months, validity, offset, signed_only, notice_days,
     cap, mint, debit, terms_hash, terms_uri, contract_uri) = parameters  # fmt: skip
    fixed = b"".join(
        [
            issuer,
            bytes([decimals, months, validity, signed_only]),
            (offset % 2**16).to_bytes(2, "big"),
            notice_days.to_bytes(2, "big"),
            bytes(4),
        ]
    )
    identity = (name, symbol, contract_uri, terms_uri, terms_hash)
    arguments = encode(
        ["bytes32", "uint256", "(string,string,string,string,bytes32)"],
        [fixed, cap << 96 | mint << 48 | debit, identity],
    )
    size = (_CLONE_SIZE + len(arguments)).to_bytes(2, "big")
    code = b"\x61" + size + _CLONE_HEAD + places.logic + _CLONE_TAIL + arguments
    clone_salt = keccak256(word(issuer) + salt)
    return keccak256(b"\xff" + places.factory + clone_salt + keccak256(code))[12:]
