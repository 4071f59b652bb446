"""Random batches, time jumps, sweeps and rebinds: the contract and the model never part.

After every step every view is compared: supply, live and ledger balance, word, buckets by age,
what expires when, budgets, sequence. `make prove` looks further than `make test`.
"""

from __future__ import annotations

import os
from typing import Any

import ape
import pytest
from contract_model import (
    ACCRUE,
    KINDS,
    MAX_BALANCE,
    REDEEM,
    RESTORE,
    ROOT,
    RefusedError,
    assert_refused,
    member_address,
    pack,
)
from expiry_machine import ProgramModel, Rules, Step, expected_views, views
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from backend.core.calendar import Calendar
from backend.core.expiry import MemberWord

MEMBERS = [member_address(number) for number in range(4)]
DAY = 86_400
START = 1_900_000_000
EXAMPLES = int(os.environ.get("MEREAU_EXAMPLES", "2"))

amounts = st.one_of(
    st.integers(1, 200),
    st.integers(1, 5_000),
    st.integers(MAX_BALANCE - 100, MAX_BALANCE),
    st.just(2**40 - 1),
)
steps = st.lists(
    st.tuples(st.sampled_from(MEMBERS), st.sampled_from(KINDS), amounts, st.integers(0, 4)),
    max_size=6,
)


def newest() -> Any:
    """The newest block."""
    return ape.chain.provider.web3.eth.get_block("latest")


class ProgramMachine(RuleBasedStateMachine):
    """Drives one program and the model side by side."""

    program: Any
    issuer: Any
    stranger: Any
    made_by: Rules
    initial: str

    @initialize()
    def start(self) -> None:
        """Every example starts on an untouched program, at a moment of its own."""
        ape.chain.restore(self.initial)
        type(self).initial = ape.chain.snapshot()
        # The same moment every time: what Hypothesis draws may depend on nothing else.
        ape.chain.mine(timestamp=START)
        self.model = ProgramModel(self.made_by)

    def next_time(self) -> int:
        """Fix the time of the next block, and return it: a call and its block then agree."""
        timestamp = int(newest()["timestamp"]) + 1
        ape.chain.provider.make_request("evm_setNextBlockTimestamp", [timestamp])
        ape.chain.provider.make_request("evm_mine", [])
        timestamp += 1
        ape.chain.provider.make_request("evm_setNextBlockTimestamp", [timestamp])
        return timestamp

    def refuses(self, refused: RefusedError, method: Any, *arguments: Any) -> None:
        """The contract refuses with the same error."""
        error = getattr(self.program, refused.name)
        assert_refused(error, refused.arguments, method, *arguments, sender=self.issuer)

    @rule(batch=steps, wrong_seq=st.sampled_from([0] * 9 + [-1, 1]))
    def apply(self, batch: list[Step], wrong_seq: int) -> None:
        """A batch, usually the next one, sometimes one that must be refused."""
        batch = [(who, kind, n, age if kind == RESTORE else 0) for who, kind, n, age in batch]
        seq = self.model.next_seq + wrong_seq
        words = [pack(who, kind, n, age=age, reason=kind) for who, kind, n, age in batch]
        now = self.next_time()
        try:
            minted, burned = self.model.apply(seq, batch, now)
        except RefusedError as refused:
            self.refuses(refused, self.program.applyBatch, seq, ROOT, words)
            return
        receipt = self.program.applyBatch(seq, ROOT, words, sender=self.issuer)
        (log,) = receipt.decode_logs(self.program.BatchApplied)
        assert (log.seq, log.wordCount, log.minted, log.burned) == (seq, len(words), minted, burned)
        transfers = receipt.decode_logs(self.program.Transfer)
        zero = "0x" + "00" * 20
        assert sum(t.value for t in transfers if t["from"] == zero) == minted
        assert sum(t.value for t in transfers if t["to"] == zero) == burned
        restored = [(log.amount, log.age) for log in receipt.decode_logs(self.program.Restored)]
        assert restored == [(n, age) for _, kind, n, age in batch if kind == RESTORE]

    @rule(mints=st.lists(st.tuples(st.sampled_from(MEMBERS), st.integers(1, 2_000)), min_size=1))
    def earn(self, mints: list[tuple[str, int]]) -> None:
        """Batches that usually succeed, so that there is something to burn and to age."""
        self.apply([(member, ACCRUE, amount, 0) for member, amount in mints], 0)

    @rule(member=st.sampled_from(MEMBERS), percent=st.integers(1, 100))
    def spend(self, member: str, percent: int) -> None:
        """A redemption within the balance, which even a pause lets through."""
        balance = self.model.live(member, int(newest()["timestamp"])).balance
        if balance:
            self.apply([(member, REDEEM, max(1, balance * percent // 100), 0)], 0)

    @rule(choice=st.integers(0, 15))
    def jump(self, choice: int) -> None:
        """Time goes by: days, or to the second before or at a boundary of periods."""
        now = int(newest()["timestamp"])
        calendar = self.made_by.calendar
        choices = [now + days * DAY for days in (1, 20, 100, 400)]
        if calendar.expires:
            ahead = [calendar.starts_at(calendar.period_at(now) + gone) for gone in (1, 2, 4, 6)]
            choices += [boundary + second for boundary in ahead for second in (-3, -1, 0)]
        moment = choices[choice % len(choices)]
        if moment > now + 1:
            ape.chain.mine(timestamp=moment)

    @rule(members=st.lists(st.sampled_from(MEMBERS), max_size=6))
    def expire(self, members: list[str]) -> None:
        """Anyone sweeps."""
        now = self.next_time()
        lapsed = self.model.expire(members, now)
        receipt = self.program.expire(members, sender=self.stranger)
        assert sum(log.amount for log in receipt.decode_logs(self.program.Lapsed)) == lapsed

    @rule(old=st.sampled_from(MEMBERS), new=st.sampled_from(MEMBERS))
    def rebind(self, old: str, new: str) -> None:
        """A lost card."""
        seq = self.model.next_seq
        now = self.next_time()
        arguments = (seq, ROOT, old, new, 0, b"")
        word = self.model.word(old)
        if self.model.word(new) == MemberWord() and (self.made_by.signed_only or word.signed_only):
            refused = RefusedError("SignatureRequired", index=0, member=old)
            self.refuses(refused, self.program.rebind, *arguments)
            return
        try:
            moved = self.model.rebind(old, new, now)
        except RefusedError as refused:
            self.refuses(refused, self.program.rebind, *arguments)
            return
        receipt = self.program.rebind(*arguments, sender=self.issuer)
        (log,) = receipt.decode_logs(self.program.Rebound)
        assert log.amount == moved

    @rule()
    def toggle_pause(self) -> None:
        """Pause, or end the pause."""
        self.next_time()
        self.model.paused = not self.model.paused
        self.program.setMintPaused(self.model.paused, sender=self.issuer)

    @invariant()
    def agrees(self) -> None:
        """Every view says what the model says."""
        now = int(newest()["timestamp"])
        untils = [0, now, now + 40 * DAY, now + 400 * DAY]
        if self.made_by.calendar.expires:
            untils.append(self.made_by.calendar.starts_at(self.made_by.calendar.period_at(now) + 2))
        found = views(self.program, MEMBERS, untils)
        assert found == expected_views(self.model, MEMBERS, untils, now)
        assert found["supply"] == sum(each["ledger"] for each in found["members"])


CASES = {
    "months": Rules(Calendar(1, 2, 60), 10**6, 20_000, 8_000),
    "half years": Rules(Calendar(6, 4, -300), 2**64 - 1, 2**48 - 1, 2**48 - 1),
    "years, signed only": Rules(Calendar(12, 1, 0), 2**64 - 1, 2**48 - 1, 2**48 - 1, True),
    "no expiry": Rules(Calendar(0, 0, 0), 2**64 - 1, 2**48 - 1, 2**48 - 1),
}


@pytest.mark.parametrize("case", CASES)
def test_program_agrees_with_the_model(
    new_direct: Any, operator: Any, stranger: Any, case: str, request: Any
) -> None:
    calendar = CASES[case].calendar
    made = new_direct(
        salt=case.encode().ljust(32),
        periodMonths=calendar.period_months,
        validityPeriods=calendar.validity_periods,
        utcOffsetMinutes=calendar.utc_offset_minutes,
        supplyCap=CASES[case].supply_cap,
        mintPerDay=CASES[case].mint_per_day,
        debitPerDay=CASES[case].debit_per_day,
        signedOnly=CASES[case].signed_only,
    )
    issuing, anyone = operator, stranger

    class Machine(ProgramMachine):
        program = made
        issuer = issuing
        stranger = anyone
        made_by = CASES[case]
        initial = ape.chain.snapshot()

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=14,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
