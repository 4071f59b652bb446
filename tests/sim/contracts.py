"""Settlement, factory and programs: the state of all our contracts, and calls into it.

A call is calldata in and return data or logs out, as a node sees it. Only what the house calls is
here; anything else is refused loudly, so that a new call of ours is noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from eth_abi.abi import decode, encode

from backend.chain.codec import (
    CREATE_PROGRAM,
    IS_OPERATOR,
    PROGRAM_CREATED_TOPIC,
    PROGRAM_OF,
    SETTLE,
    decode_settle,
)
from backend.chain.keccak import keccak256, selector
from backend.chain.program_rules import ProgramRules
from backend.core.calendar import Calendar
from tests.sim.badge import Badges
from tests.sim.consent import Consents, Judge, Redemption, judged_in_sim
from tests.sim.evm import NOBODY, Event, Reverted, word
from tests.sim.factory import can_be, clone_address
from tests.sim.program import Program
from tests.sim.views import PROGRAM_VIEWS

PARAMETERS: Final = (
    "(string,string,uint8,uint8,uint8,int16,bool,uint16,uint64,uint48,uint48,bytes32,string,string)"
)
PROGRAM_RULES_SET: Final = keccak256(f"ProgramRulesSet(address,{PARAMETERS})".encode())
PROGRAM_PAUSED: Final = keccak256(b"ProgramPaused(address,address)")
PROGRAM_UNPAUSED: Final = keccak256(b"ProgramUnpaused(address,address)")
EXPIRE: Final = selector("expire(address[])")
SET_SIGNED_ONLY: Final = selector("setSignedOnly(bool)")
REDEEM_BATCH: Final = selector("redeemBatch((address,uint256,bytes32,uint256,bytes)[])")
SET_SIGNED_ONLY_SIGNED: Final = selector("setSignedOnlyWithSignature(address,bool,uint256,bytes)")
ISSUE_BADGES: Final = selector("issueBadges(address,uint256[])")
REVOKE_BADGES: Final = selector("revokeBadges(address,uint256[])")
REBIND: Final = selector("rebind(address,uint64,bytes32,address,address,uint256,bytes)")
SET_LIMITS: Final = selector("setLimits(address,(uint64,uint48,uint48))")
PAUSE: Final = selector("pause(address)")
UNPAUSE: Final = selector("unpause(address)")

PROGRAM_REBIND: Final = selector("rebind(uint64,bytes32,address,address,uint256,bytes)")

_CHANGES: Final = {
    SETTLE, CREATE_PROGRAM, REBIND, PROGRAM_REBIND, EXPIRE, PAUSE, UNPAUSE, SET_LIMITS,
    REDEEM_BATCH, SET_SIGNED_ONLY, SET_SIGNED_ONLY_SIGNED, ISSUE_BADGES, REVOKE_BADGES,
}  # fmt: skip


_AT_PROGRAMS: Final = {
    EXPIRE, REDEEM_BATCH, SET_SIGNED_ONLY, SET_SIGNED_ONLY_SIGNED, PROGRAM_REBIND
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Places:
    """Where the contracts are, who may do what (20 bytes each), and what a signature is."""

    settlement: bytes
    factory: bytes
    logic: bytes
    badge: bytes
    admin: bytes
    operators: frozenset[bytes]
    chain_id: int
    judge: Judge = judged_in_sim


@dataclass(slots=True)
class Contracts:
    """Everything on chain that is ours, at one block. Programs are replaced, never changed."""

    places: Places
    programs: dict[bytes, Program] = field(default_factory=dict)
    by_salt: dict[bytes, bytes] = field(default_factory=dict)
    badges: Badges = field(init=False)

    def __post_init__(self) -> None:
        self.badges = Badges(self.places.badge)

    def copy(self) -> Contracts:
        copied = Contracts(self.places, dict(self.programs), dict(self.by_salt))
        copied.badges = self.badges
        return copied

    def has_code(self, address: bytes) -> bool:
        places = self.places
        return address in {
            places.settlement, places.factory, places.logic, places.badge, *self.programs
        }  # fmt: skip

    def transact(self, caller: bytes, to: bytes, data: bytes, now: int) -> list[Event]:
        """Carries a call out; the logs. On Reverted nothing has changed."""
        trial = self.copy()
        events = _Transaction(trial, caller, now).run(to, data)
        self.programs, self.by_salt, self.badges = trial.programs, trial.by_salt, trial.badges
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
        if to == self.places.badge:
            return self.badges.view(data)
        program = self.programs.get(to)
        if program is None:
            # No code there yet: an EVM answers success and nothing.
            return b""
        return PROGRAM_VIEWS[data[:4]](program, data[16:36], now)


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
            (self.state.places.settlement, ISSUE_BADGES): self._change_badges,
            (self.state.places.settlement, REVOKE_BADGES): self._change_badges,
            (self.state.places.factory, CREATE_PROGRAM): self._create,
        }
        if (to, data[:4]) in known:
            return known[to, data[:4]](data)
        if to in self.state.programs and data[:4] in _AT_PROGRAMS:
            return self._at_program(to, data)
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
        address, *said = decode(types, data[4:])
        return self._rebind_in(_raw(address), said, self.state.places.settlement)

    def _rebind_in(self, program: bytes, said: list[Any], caller: bytes) -> list[Event]:
        seq, root, old, new, deadline_s, signature = said
        sides, consent = (_raw(old), _raw(new)), (deadline_s, signature)
        return self._consents(program).rebind(caller, (seq, root), sides, consent)

    def _at_program(self, to: bytes, data: bytes) -> list[Event]:
        """What members do at a program, themselves or with a signature, and what anyone may."""
        called, consents = data[:4], self._consents(to)
        if called == EXPIRE:
            (members,) = decode(["address[]"], data[4:])
            return consents.program.expire([_raw(member) for member in members], self.now)
        if called == SET_SIGNED_ONLY:
            return consents.set_signed_only(self.caller, bool(data[35]))
        if called == SET_SIGNED_ONLY_SIGNED:
            member, *said = decode(["address", "bool", "uint256", "bytes"], data[4:])
            return consents.set_signed_only_signed(_raw(member), *said)
        if called == PROGRAM_REBIND:
            types = ["uint64", "bytes32", "address", "address", "uint256", "bytes"]
            return self._rebind_in(to, list(decode(types, data[4:])), self.caller)
        (several,) = decode(["(address,uint256,bytes32,uint256,bytes)[]"], data[4:])
        return consents.redeem_batch([Redemption(_raw(member), *said) for member, *said in several])

    def _consents(self, program: bytes) -> Consents:
        places = self.state.places
        return Consents(self._program(program), places.chain_id, places.judge, self.now)

    def _change_badges(self, data: bytes) -> list[Event]:
        self._only_operators()
        address, ids = decode(["address", "uint256[]"], data[4:])
        if _raw(address) != self.state.places.badge:
            raise NotImplementedError(f"badges at {address}")
        badges = self.state.badges = self.state.badges.copy()
        return badges.issue(ids) if data[:4] == ISSUE_BADGES else badges.revoke(ids)

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
        if not can_be(rules):
            raise Reverted("BadParameters()")
        address = clone_address(places.factory, places.logic, issuer, salt, parameters)
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


def _raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])
