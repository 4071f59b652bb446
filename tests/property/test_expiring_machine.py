"""Random shoppers over years: the real ledger, through the API, against the contract's model.

Batches are sealed by the settler's own functions and applied by `MemberWord`, the model that the
contract is tested against. As soon as nothing is on its way, ledger and chain have the same lots.
"""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from backend.core.calendar import Calendar
from backend.core.expiry import MemberWord
from backend.core.operations import decode_word
from backend.ledger import outbox
from backend.ledger import settlement_writes as writes
from backend.ledger.crossings import rebase_crossed
from backend.ledger.engine import writing
from backend.ledger.histories import histories_of
from backend.ledger.rebase import rebased
from backend.ledger.settlements import Purpose
from backend.services.lapse import LapseSweep
from backend.settlement.lanes import Parts
from backend.settlement.timely import complete, timely
from backend.settlement.words import Draft, encode_entries
from tests.api_client import Shop, accepted, another_merchant
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
CALENDAR = Calendar(1, 2, 60)
EXPIRY = {"period_months": 1, "validity_periods": 2, "timezone": "Europe/Paris"}
DAY = 86_400
POINTS = st.sampled_from([1, 5, 10, 30])
NUMBERS = st.integers(0, 1)
ENDS = st.sampled_from(["at once", "capture", "cancel", "none"])
CONTRACT = b"\x11" * 20


class Years(RuleBasedStateMachine):
    def __init__(self, shared: Shop) -> None:
        super().__init__()
        self.shop = another_merchant(shared)
        self.program = self.shop.open_program(expiry=EXPIRY, hold_ttl_seconds=30 * DAY)
        self.shop.program_id = self.program
        self.members = [self.shop.enrol() for _ in range(2)]
        self.words = {self.address(member): MemberWord() for member in self.members}
        self.holds: list[str] = []
        self.captured: list[str] = []
        self.bought: list[str] = []
        self.seq = 0

    def address(self, member: str) -> str:
        return str(accepted(self.shop.get(f"/members/{member}"))["address"])

    def now_s(self) -> int:
        return self.shop.clock.now_ms // 1000

    def balance(self, member: str) -> dict[str, Any]:
        read = accepted(self.shop.get(f"/members/{member}/balance"))
        assert sum(lot["points"] for lot in read["expiring"]) == read["available"] >= 0
        return read

    @rule(number=NUMBERS, points=POINTS)
    def buy(self, number: int, points: int) -> None:
        self.bought.append(self.shop.buy(self.members[number], points * 100)["id"])

    @rule(number=NUMBERS, points=POINTS, capture=st.booleans())
    def redeem(self, number: int, points: int, capture: bool) -> None:
        member = self.members[number]
        available = self.balance(member)["available"]
        answer = self.shop.post(
            "/redemptions", self.shop.redemption(member, points, capture=capture)
        )
        assert (answer.status_code == 201) == (points <= available), answer.text
        if answer.status_code == 201:
            (self.captured if capture else self.holds).append(answer.json()["id"])

    @rule(capture=st.booleans(), data=st.data())
    def close(self, capture: bool, data: st.DataObject) -> None:
        if self.holds:
            self.end_hold(data.draw(st.integers(0, len(self.holds) - 1)), capture)

    def end_hold(self, place: int, capture: bool) -> None:
        redemption = self.holds.pop(place)
        end = "capture" if capture else "cancel"
        answer = self.shop.post(f"/redemptions/{redemption}/{end}")
        assert answer.status_code == 200 or answer.json()["state"] == "expired"
        if capture and answer.status_code == 200:
            self.captured.append(redemption)

    @rule(data=st.data())
    def refund(self, data: st.DataObject) -> None:
        if self.captured:
            redemption = self.captured.pop(data.draw(st.integers(0, len(self.captured) - 1)))
            accepted(self.shop.post(f"/redemptions/{redemption}/refund"))

    @rule(data=st.data())
    def return_purchase(self, data: st.DataObject) -> None:
        if self.bought:
            purchase = self.bought.pop(data.draw(st.integers(0, len(self.bought) - 1)))
            accepted(self.shop.post(f"/purchases/{purchase}/returns", {}))

    @rule(days=st.sampled_from([1, 14, 31, 62, 62, 200]))
    def wait(self, days: int) -> None:
        self.shop.clock.forward(days * DAY)

    @rule(
        number=NUMBERS,
        lots=st.tuples(POINTS, POINTS),
        parts=st.tuples(POINTS, POINTS),
        ends=st.tuples(ENDS, ENDS),
        settled=st.booleans(),
    )
    def let_points_expire_under_orders(
        self,
        number: int,
        lots: tuple[int, int],
        parts: tuple[int, int],
        ends: tuple[str, str],
        settled: bool,
    ) -> None:
        """What chance alone seldom does: orders that are open when their points expire."""
        self.buy(number, lots[0])
        if settled:
            self.settle(50)
        self.wait(31)
        self.buy(number, lots[1])
        self.settle(50)
        self.wait(31)
        before = len(self.holds)
        for points, end in zip(parts, ends, strict=True):
            self.redeem(number, points, capture=end == "at once")
        self.wait(29)
        for end in ends:
            if end in ("capture", "cancel") and len(self.holds) > before:
                self.end_hold(before, capture=end == "capture")
                self.the_row_is_the_fold()
        self.balance(self.members[number])

    @rule()
    def sweep(self) -> None:
        engine, house = self.shop.database.ledger, self.shop.house
        sweeper = LapseSweep(engine, self.shop.clock, house.new_id)
        while sweeper.step():
            pass

    @rule(most=st.sampled_from([1, 3, 50]))
    def settle(self, most: int) -> None:
        """Seals a batch as the settler does; the model applies it in this very second."""
        engine, now_ms = self.shop.database.ledger, self.shop.clock.now_ms
        new_id = self.shop.house.new_id
        with engine.connect() as connection:
            entries = outbox.waiting_entries(connection, self.program, most)
            fitted = timely(connection, CALENDAR, entries, self.now_s(), 0)
        parts = SimpleNamespace(engine=engine, now_ms=self.shop.clock, new_id=new_id)
        complete(cast("Parts", parts), self.program, fitted.needless)
        words, unfit = encode_entries(fitted.entries)
        assert not unfit
        if not words:
            return
        self.seq += 1
        draft = Draft(self.program, CONTRACT, self.seq, tuple(words))
        row = draft.row(new_id("bat"), draft.with_root())
        slot = writes.NewSlot(
            id=new_id("stx"), lane=self.program, nonce=self.seq, purpose=Purpose.SETTLE,
            program_id=None, to_address="0x", calldata=b"", gas_limit=1, sealed_at_ms=now_ms,
        )  # fmt: skip
        with writing(engine) as connection:
            writes.insert_slot(connection, slot)
            writes.insert_batch(connection, slot, row)
            numbers = [word.entry_no for word in draft.words]
            outbox.assign_entries(connection, self.program, numbers, row.id)
            outbox.note_words(connection, self.program, draft.notes())
        for word in words:
            self.apply(word.word)
        with writing(engine) as connection:
            assert writes.mark_included(connection, slot.id, 1, "0x", self.now_s(), "0x", True)
            rebase_crossed(connection, slot.id, self.now_s(), now_ms, new_id)
        self.ledger_and_chain_agree()

    def the_row_is_the_fold(self) -> None:
        """Nobody finds anything to correct in a row that is of this period."""
        period, now_ms = CALENDAR.period_at(self.now_s()), self.shop.clock.now_ms
        with self.shop.database.ledger.connect() as connection:
            plans = rebased(connection, CALENDAR, self.members, now_ms)
        for row in self.shop.records("balances"):
            plan = plans.get(row["member_id"])
            if plan is not None and row["period"] == period:
                lots = tuple(row[f"lot_{n}"] for n in range(5))
                assert (lots, 0) == (plan.projection.word.buckets, plan.lapsing_points)

    def ledger_and_chain_agree(self) -> None:
        """Ledger live = chain live + what is on its way, of every member, right now."""
        period, now_ms = CALENDAR.period_at(self.now_s()), self.shop.clock.now_ms
        with self.shop.database.ledger.connect() as connection:
            histories = histories_of(connection, CALENDAR, self.members, now_ms)
        for member, history in histories.items():
            projection = history.projected(CALENDAR, period)
            on_its_way = 0
            for move in history.pending:
                if move.kind.is_credit:
                    lost = move.operation_id in projection.lost
                    on_its_way += 0 if lost or move.covered_points else move.points
                else:
                    on_its_way -= move.points - projection.covered[move.operation_id]
            chain = self.words[self.address(member)].aged(CALENDAR, period)
            assert projection.word.balance == chain.balance + on_its_way

    def apply(self, word: int) -> None:
        """As the contract does; `consumed` refuses to burn more than there is."""
        operation = decode_word(word)
        address = "0x" + operation.member.hex()
        now = self.words[address].aged(CALENDAR, CALENDAR.period_at(self.now_s()))
        if operation.kind.is_credit:
            self.words[address] = now.minted(operation.points, operation.age)
        else:
            self.words[address] = now.consumed(operation.points)

    def teardown(self) -> None:
        while True:
            before = self.seq
            self.settle(50)
            with self.shop.database.ledger.connect() as connection:
                waiting = outbox.waiting_entries(connection, self.program, 1)
            if self.seq == before and not waiting:
                break
        self.sweep()
        period = CALENDAR.period_at(self.now_s())
        rows = {row["member_id"]: row for row in self.shop.records("balances")}
        for member in self.members:
            chain = self.words[self.address(member)].aged(CALENDAR, period)
            row = rows[member]
            ledger = MemberWord(row["period"], buckets=tuple(row[f"lot_{n}"] for n in range(5)))
            assert ledger.aged(CALENDAR, max(period, ledger.period)).buckets == chain.buckets
            read = self.balance(member)
            kept = row["points"] - ledger.balance
            assert read["available"] + read["held"] - kept == chain.balance


@pytest.mark.parametrize(
    ("shared_shop", "examples", "steps"),
    [("sqlite", 14, 15), ("postgresql", 3, 12)],
    indirect=["shared_shop"],
)
def test_random_years_end_with_the_lots_of_the_contract(
    shared_shop: Shop, examples: int, steps: int
) -> None:
    machine = partial(Years, shared_shop)
    run_state_machine_as_test(
        machine,  # type: ignore[arg-type] # any factory will do
        settings=settings(max_examples=examples, stateful_step_count=steps),
    )
    audit(shared_shop.database.ledger)
