"""One program and its Python model, driven side by side: see test_model.py."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import ape
from contract_model import (
    ACCRUE,
    ADJUST_CREDIT,
    ADJUST_DEBIT,
    BONUS,
    MAX_BALANCE,
    REDEEM,
    RESTORE,
    RETURN,
    RefusedError,
)
from eth_abi import decode, encode
from eth_utils import keccak

from backend.core.calendar import Calendar
from backend.core.expiry import MemberWord

Step = tuple[str, int, int, int]
"""Member, kind, amount, age."""


@dataclass
class Rules:
    """What the program was created with."""

    calendar: Calendar
    supply_cap: int
    mint_per_day: int
    debit_per_day: int
    signed_only: bool = False


@dataclass
class ProgramModel:
    """What a program must do, on top of backend.core.expiry; all of it in the fewest words."""

    rules: Rules
    words: dict[str, MemberWord] = field(default_factory=dict)
    next_seq: int = 1
    paused: bool = False
    day: int = 0
    minted_today: int = 0
    debited_today: int = 0

    @property
    def supply(self) -> int:
        """All points in the ledger."""
        return sum(word.balance for word in self.words.values())

    def word(self, member: str) -> MemberWord:
        """The stored word."""
        return self.words.get(member, MemberWord())

    def live(self, member: str, now: int) -> MemberWord:
        """The word as of now, if the member was ever touched."""
        word = self.word(member)
        return word.aged(self.rules.calendar, self.rules.calendar.period_at(now))

    def apply(self, seq: int, steps: list[Step], now: int) -> tuple[int, int]:
        """Apply a batch; answer points minted and burned, or raise what the contract refuses."""
        if seq != self.next_seq:
            raise RefusedError("BadSequence", expected=self.next_seq, given=seq)
        if not steps:
            raise RefusedError("EmptyBatch")
        trial = replace(self, words=dict(self.words))
        minted = burned = debited = 0
        for index, step in enumerate(steps):
            up, down, debit = trial.one(index, step, now)
            minted, burned, debited = minted + up, burned + down, debited + debit
        trial.account(minted, debited, now)
        vars(self).update(vars(trial))
        self.next_seq += 1
        return minted, burned

    def one(self, index: int, step: Step, now: int) -> tuple[int, int, int]:
        """One operation: points minted, burned in all, and debited by the operator."""
        member, kind, amount, age = step
        if age > self.rules.calendar.validity_periods:
            raise RefusedError("MalformedWord", index=index)
        mints = kind in (ACCRUE, BONUS, RESTORE, ADJUST_CREDIT)
        if mints and self.paused:
            raise RefusedError("MintPaused", index=index)
        before = self.word(member)
        word = self.live(member, now)
        lapsed = before.balance - word.balance
        if mints:
            if word.balance + amount > MAX_BALANCE:
                raise RefusedError("BalanceOverflow", index=index, member=member)
            self.words[member] = word.minted(amount, age)
            return amount, lapsed, 0
        silent = self.rules.signed_only or word.signed_only
        if silent and kind != RETURN:
            raise RefusedError("SignatureRequired", index=index, member=member)
        if kind in (REDEEM, ADJUST_DEBIT) and amount > word.balance:
            raise RefusedError(
                "InsufficientBalance",
                index=index,
                member=member,
                balance=word.balance,
                amount=amount,
            )
        taken = 0 if silent else min(amount, word.balance)
        self.words[member] = word.consumed(taken)
        return 0, lapsed + taken, taken

    def account(self, minted: int, debited: int, now: int) -> None:
        """Hold the batch to the budgets and the cap."""
        today = self.rules.calendar.day_at(now)
        if today != self.day:
            self.day, self.minted_today, self.debited_today = today, 0, 0
        for name, limit, used, needed in (
            ("MintBudgetExceeded", self.rules.mint_per_day, self.minted_today, minted),
            ("DebitBudgetExceeded", self.rules.debit_per_day, self.debited_today, debited),
        ):
            if needed and used + needed > limit:
                raise RefusedError(name, available=max(0, limit - used), needed=needed)
        if minted and self.supply > self.rules.supply_cap:
            raise RefusedError("SupplyCapExceeded", cap=self.rules.supply_cap, supply=self.supply)
        self.minted_today += minted
        self.debited_today += debited

    def expire(self, members: list[str], now: int) -> int:
        """Sweep; answer the points that lapsed."""
        swept = 0
        for member in members:
            live = self.live(member, now)
            lapsed = self.word(member).balance - live.balance
            if lapsed:
                self.words[member] = live
                swept += lapsed
        return swept

    def rebind(self, old: str, new: str, now: int) -> int:
        """Move everything to an unused address; answer the points moved."""
        if self.word(new) != MemberWord():
            raise RefusedError("BadTarget", to=new)
        held = self.live(old, now)
        trial = replace(self, words=dict(self.words))
        trial.words[old], trial.words[new] = held.rebound()
        trial.account(0, held.balance, now)
        vars(self).update(vars(trial))
        self.next_seq += 1
        return held.balance


def read(program: Any, signature: str, returns: str, *arguments: Any) -> Any:
    """Call a view at the newest block, without Ape's five milliseconds per call."""
    types = signature[signature.index("(") + 1 : -1].split(",") if arguments else []
    data = keccak(text=signature)[:4] + encode(types, arguments)
    request = {"to": program.address, "data": "0x" + data.hex()}
    answer = ape.chain.provider.web3.provider.make_request("eth_call", [request, "latest"])
    values = decode(returns.split(","), bytes.fromhex(answer["result"][2:]))
    return values if "," in returns else values[0]


def views(program: Any, members: list[str], untils: list[int]) -> dict[str, Any]:
    """What the contract says about everything, at its newest block."""

    def of(member: str) -> dict[str, Any]:
        until = "expiringOf(address,uint256)"
        return {
            "balance": read(program, "balanceOf(address)", "uint256", member),
            "ledger": read(program, "ledgerBalanceOf(address)", "uint256", member),
            "word": read(program, "memberWord(address)", "uint256", member),
            "buckets": list(read(program, "bucketsOf(address)", "uint256,uint256[5]", member)[1]),
            "expiring": [read(program, until, "uint256", member, each) for each in untils],
            "signed_only": read(program, "isSignedOnly(address)", "bool", member),
            "nonce": read(program, "nonces(address)", "uint256", member),
        }

    return {
        "supply": read(program, "totalSupply()", "uint256"),
        "seq": read(program, "nextSeq()", "uint64"),
        "paused": read(program, "mintPaused()", "bool"),
        "epoch": read(program, "currentEpoch()", "uint256"),
        "budgets": read(program, "budgetsLeft()", "uint256,uint256,uint256")[:2],
        "members": [of(member) for member in members],
    }


def expected_views(
    model: ProgramModel, members: list[str], untils: list[int], now: int
) -> dict[str, Any]:
    """The same from the model."""
    calendar, rules = model.rules.calendar, model.rules
    same_day = calendar.day_at(now) == model.day
    return {
        "supply": model.supply,
        "seq": model.next_seq,
        "paused": model.paused,
        "epoch": calendar.period_at(now),
        "budgets": (
            max(0, rules.mint_per_day - (model.minted_today if same_day else 0)),
            max(0, rules.debit_per_day - (model.debited_today if same_day else 0)),
        ),
        "members": [
            {
                "balance": model.live(member, now).balance,
                "ledger": model.word(member).balance,
                "word": model.word(member).encode(),
                "buckets": list(model.live(member, now).buckets),
                "expiring": [
                    model.word(member).expiring_until(calendar, now, until) for until in untils
                ],
                "signed_only": rules.signed_only or model.word(member).signed_only,
                "nonce": model.word(member).nonce,
            }
            for member in members
        ],
    }
