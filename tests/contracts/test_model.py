"""Random batches against the model: balances, supply, sequence and pause never part."""

from __future__ import annotations

from typing import Any

import ape
from contract_model import (
    KINDS,
    MAX_BALANCE,
    RESTORE,
    ROOT,
    Model,
    RefusedError,
    assert_refused,
    member_address,
    pack,
)
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

MEMBERS = [member_address(number) for number in range(4)]

amounts = st.one_of(
    st.integers(1, 200), st.integers(MAX_BALANCE - 100, MAX_BALANCE), st.just(2**40 - 1)
)
operations = st.lists(
    st.tuples(st.sampled_from(MEMBERS), st.sampled_from(KINDS), amounts), max_size=8
)


class ProgramMachine(RuleBasedStateMachine):
    """Drives one program and the model side by side."""

    program: Any
    issuer: Any
    initial: str

    @initialize()
    def start(self) -> None:
        """Every example starts on an untouched program."""
        ape.chain.restore(self.initial)
        type(self).initial = ape.chain.snapshot()
        self.model = Model()

    @rule(
        operations=operations, wrong_seq=st.sampled_from([0] * 9 + [-1, 1]), age=st.integers(0, 4)
    )
    def apply(self, operations: list[tuple[str, int, int]], wrong_seq: int, age: int) -> None:
        """A batch, usually the next one, sometimes one that must be refused."""
        seq = self.model.next_seq + wrong_seq
        words = [
            pack(member, kind, amount, age=age if kind == RESTORE else 0)
            for member, kind, amount in operations
        ]
        try:
            minted, burned = self.model.apply(seq, operations)
        except RefusedError as refused:
            assert_refused(
                getattr(self.program, refused.name),
                refused.arguments,
                self.program.applyBatch,
                seq,
                ROOT,
                words,
                sender=self.issuer,
            )
            return
        receipt = self.program.applyBatch(seq, ROOT, words, sender=self.issuer)
        (log,) = receipt.decode_logs(self.program.BatchApplied)
        assert (log.seq, log.wordCount, log.minted, log.burned) == (seq, len(words), minted, burned)

    @rule(mints=st.lists(st.tuples(st.sampled_from(MEMBERS), st.integers(1, 10**6)), min_size=1))
    def earn(self, mints: list[tuple[str, int]]) -> None:
        """Batches that succeed when minting is open, so that there is something to burn."""
        self.apply([(member, 1, amount) for member, amount in mints], 0, 0)

    @precondition(lambda self: self.model.supply > 0)
    @rule(data=st.data())
    def spend(self, data: st.DataObject) -> None:
        """A redemption within the balance, which even a pause lets through."""
        holders = sorted(member for member, held in self.model.balances.items() if held)
        member = data.draw(st.sampled_from(holders))
        amount = data.draw(st.integers(1, self.model.balances[member]))
        self.apply([(member, 3, amount)], 0, 0)

    @rule()
    def toggle_pause(self) -> None:
        """Pause, or end the pause."""
        self.model.paused = not self.model.paused
        self.program.setMintPaused(self.model.paused, sender=self.issuer)

    @invariant()
    def agrees(self) -> None:
        """Every view says what the model says."""
        balances = [self.program.balanceOf(member) for member in MEMBERS]
        assert balances == [self.model.balances.get(member, 0) for member in MEMBERS]
        assert self.program.totalSupply() == self.model.supply == sum(balances)
        assert self.program.nextSeq() == self.model.next_seq
        assert self.program.mintPaused() == self.model.paused


def test_program_agrees_with_the_model(direct: Any, operator: Any) -> None:
    class Machine(ProgramMachine):
        program = direct
        issuer = operator
        initial = ape.chain.snapshot()

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
