"""The settler's parts without a node: the view of the chain, blame, words, lanes."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.chain.codec import SettleBatch, decode_settle
from backend.chain.contract_errors import error_selector
from backend.chain.port import CallReverted, ChainUnavailable, Header
from backend.core.receipts import merkle_root
from backend.ledger.outbox import WaitingEntry
from backend.settlement.lanes import (
    TX_GAS_MAX,
    lane_index,
    settle_gas,
    words_affordable,
)
from backend.settlement.simulation import Simulator
from backend.settlement.view import ChainView
from backend.settlement.words import Draft, encode_entries


@dataclass
class Chain:
    """Blocks named by a fork letter; enough of a node for the view."""

    blocks: list[str] = field(default_factory=lambda: ["g"])
    asked: int = 0
    final: int = 0

    def header(self, number: int) -> Header | None:
        self.asked += 1
        if number >= len(self.blocks):
            return None
        parent = self._hash(number - 1) if number else bytes(32)
        return Header(number, self._hash(number), parent, number, bytes(256), 1, 30_000_000)

    def head(self) -> Header:
        found = self.header(len(self.blocks) - 1)
        assert found is not None
        return found

    def finalized(self) -> Header:
        found = self.header(self.final)
        assert found is not None
        return found

    def _hash(self, number: int) -> bytes:
        return "".join(self.blocks[: number + 1]).encode()[-32:].rjust(32, b"\0")


def view_of(chain: Chain) -> ChainView:
    view = ChainView(chain)  # type: ignore[arg-type]
    view.refresh()
    view.broken = False
    return view


def test_a_view_follows_its_chain_and_remembers() -> None:
    chain = Chain(["g", "a", "a"])
    view = view_of(chain)
    assert not view.refresh()
    chain.blocks += ["a", "a", "a"]
    assert view.refresh()
    assert not view.broken
    before = chain.asked
    assert view.canonical_hash(4) is not None
    assert view.canonical_hash(3) is not None
    assert chain.asked == before
    assert view.canonical_hash(9) is None


@pytest.mark.parametrize(
    "after", [["g", "a", "b"], ["g", "b", "b", "b"], ["g"], ["g", *"a" * 90], ["g", "a", "b", "b"]]
)
def test_a_view_notices_that_the_chain_is_another_one(after: list[str]) -> None:
    chain = Chain(["g", "a", "a"])
    view = view_of(chain)
    old = view.canonical_hash(2)
    chain.blocks = after
    assert view.refresh()
    assert view.broken
    if len(after) > 2:
        assert (view.canonical_hash(2) == old) == (after[:3] == ["g", "a", "a"])


def test_a_view_before_its_first_look_knows_nothing() -> None:
    view = ChainView(Chain())  # type: ignore[arg-type]
    with pytest.raises(ChainUnavailable):
        _ = view.head


def test_a_final_block_that_is_not_below_the_head_makes_nothing_final() -> None:
    chain = Chain(["g", "a", "a"], final=1)
    view = view_of(chain)
    assert view.finalized_number() == 1
    for blocks, final in ((["g", "b", "b"], 1), (["g", "a", "a", "a"], 3)):
        # The head is still that of the look before.
        view = view_of(chain)
        asked = Chain(blocks, final=final)
        view._chain = asked  # type: ignore[assignment]
        with pytest.raises(ChainUnavailable, match="moved"):
            view.finalized_number()


@dataclass
class Blaming:
    """A contract that refuses the words of `bad`, naming `hint` words beside the true one."""

    bad: set[int]
    hint: int = 0
    calls: int = 0

    def call(self, _to: bytes, data: bytes, **_: object) -> bytes:
        self.calls += 1
        [batch] = decode_settle(data)
        for at in range(batch.word_count):
            word = int.from_bytes(batch.words[32 * at : 32 * at + 32])
            if word in self.bad:
                blamed = (at + self.hint).to_bytes(32)
                raise CallReverted(3, "reverted", error_selector("MalformedWord") + blamed)
        return b""


def draft_of(count: int) -> Draft:
    entries = [
        WaitingEntry(n + 1, 1, 0, 0, 5, f"{n:064x}", "0x" + f"{n + 1:040x}") for n in range(count)
    ]
    words, unfit = encode_entries(entries)
    assert unfit == []
    return Draft("prg", b"\x01" * 20, 3, tuple(words))


@given(st.integers(1, 40), st.data())
def test_blame_is_what_simulation_says_whatever_the_error_hints(
    count: int, data: st.DataObject
) -> None:
    draft = draft_of(count)
    guilty = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    hint = data.draw(st.sampled_from([0, 1, -1, 1000]))
    if min(guilty) + hint < 0:
        hint = 0
    chain = Blaming({draft.words[n].word for n in guilty}, hint)
    verdict = Simulator(chain, b"\x02" * 20, b"\x03" * 20).judge(draft)  # type: ignore[arg-type]
    assert verdict is not None
    assert verdict.index == min(guilty)


def test_a_good_batch_costs_one_simulation_and_a_true_hint_three_more() -> None:
    draft = draft_of(600)
    good = Blaming(set())
    assert Simulator(good, b"", b"").judge(draft) is None  # type: ignore[arg-type]
    assert good.calls == 1
    bad = Blaming({draft.words[400].word})
    verdict = Simulator(bad, b"", b"").judge(draft)  # type: ignore[arg-type]
    assert verdict is not None
    assert (verdict.index, bad.calls) == (400, 4)


def test_a_draft_becomes_call_and_row() -> None:
    draft = draft_of(3)
    call = draft.with_root()
    row = draft.row("bat_1", call)
    assert call == SettleBatch(draft.contract, 3, call.receipts_root, draft.packed)
    assert (row.minted_points, row.burned_points, row.seq) == (15, 0, 3)
    assert row.receipts_root == "0x" + call.receipts_root.hex()
    assert call.receipts_root != merkle_root([bytes(32)])
    assert len(draft.without(1).words) == 2


def test_entries_that_no_word_can_express_are_told_why() -> None:
    good, address = "0" * 64, "0x" + "11" * 20
    entries = [
        WaitingEntry(1, 9, 0, 0, 5, good, address),
        WaitingEntry(2, 1, 0, 0, 0, good, address),
        WaitingEntry(3, 1, 0, 0, 5, good, "0x11"),
        WaitingEntry(4, 1, 0, 0, 5, "00", address),
        WaitingEntry(5, 1, 3, 0, 5, good, address),
        WaitingEntry(6, 5, 3, 9, 5, "0x" + good, address),
    ]
    words, unfit = encode_entries(entries)
    assert [word.entry_no for word in words] == [6]
    assert [entry_no for entry_no, _ in unfit] == [1, 2, 3, 4, 5]
    assert all(reason.startswith("no batch word: ") for _, reason in unfit)


def test_lanes_are_stable_and_used_evenly() -> None:
    assert [lane_index(f"prg_{n}", 4) for n in range(6)] == [2, 2, 0, 0, 2, 3]
    counts = [0] * 4
    for number in range(4000):
        counts[lane_index(f"prg_{number}", 4)] += 1
    assert min(counts) > 900


def test_gas_bounds_keep_the_limit_of_a_transaction() -> None:
    assert settle_gas([600]) < TX_GAS_MAX
    assert words_affordable(1) >= 600
    for count in (1, 2, 32):
        share = words_affordable(count) // count
        assert settle_gas([share] * count) <= TX_GAS_MAX
