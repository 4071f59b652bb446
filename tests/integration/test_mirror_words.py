"""The mirror's words are the contract's, bit for bit, whatever members, merchants and time do."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from backend.chain import codec
from backend.chain.keccak import selector
from backend.chain.program_calls import (
    Rebind,
    SignedRedemption,
    encode_expire,
    encode_redeem_batch,
    encode_set_signed_only,
)
from backend.chain.program_rules import ProgramRules
from backend.chain.typed_data import TypedData, Value
from backend.core.calendar import Calendar
from backend.core.expiry import decode
from backend.core.operations import Kind, Operation, encode_word
from backend.ledger import mirror_words
from backend.ledger.engine import mirror_engine
from bench.chain_builder import OPERATOR, Chain, deploy, member_address, running_anvil, send
from indexer.loop import Indexer
from indexer.store import MirrorStore
from tests.indexer_model import dump
from tests.integration.indexer_kit import catch_up

CALENDARS = [Calendar(1, 2, 60), Calendar(6, 4, -300), Calendar(12, 1, 0), Calendar(0, 0, 0)]
KEYS = [
    bytes.fromhex("3c44cdddb6a900fa2b585dd299e03d12fa4293bc"),
    bytes.fromhex("90f79bf6eb2c4f870365e785982e1f101e93b906"),
]
"""Accounts that the node signs for."""

MEMBERS = [*KEYS, *(member_address(number) for number in range(4))]
CHAIN_ID = 31337
FOR_EVER = 2**40
DAY = 86_400
MEMBER_WORD = selector("memberWord(address)")
BUCKETS_OF = selector("bucketsOf(address)")

WORD_KINDS = [kind for kind in Kind if kind.has_word]

member = st.integers(0, len(MEMBERS) - 1)
key = st.integers(0, len(KEYS) - 1)
points = st.integers(1, 60)
words = st.lists(
    st.tuples(st.sampled_from([*WORD_KINDS, Kind.ACCRUE]), member, points, st.integers(0, 4)),
    min_size=1,
    max_size=6,
)
steps = st.one_of(
    st.tuples(st.just("batch"), words),
    st.tuples(st.just("batch"), words),
    st.tuples(st.just("jump"), st.integers(1, 400)),
    st.tuples(st.just("boundary"), st.integers(-2, 1)),
    st.tuples(st.just("expire"), st.lists(member, max_size=4)),
    st.tuples(st.just("rebind"), st.tuples(member, member)),
    st.tuples(st.just("redeem"), st.lists(st.tuples(key, points), min_size=1, max_size=2)),
    st.tuples(st.just("signed_only"), st.tuples(key, st.booleans(), st.booleans())),
    st.tuples(st.just("reorg"), st.integers(1, 4)),
)


@dataclass
class Program:
    """One program on the chain and what may be done to it; what is refused changes nothing."""

    chain: Chain
    address: bytes
    calendar: Calendar
    now_s: int

    def do(self, name: str, argument: Any) -> None:
        getattr(self, f"_{name}")(argument)

    def _batch(self, moves: list[tuple[Kind, int, int, int]]) -> None:
        operations = [
            Operation(kind, MEMBERS[who], n, age=age if kind is Kind.RESTORE else 0, reason=kind)
            for kind, who, n, age in moves
        ]
        batch = codec.SettleBatch(
            self.address,
            self.next_seq(),
            bytes(32),
            b"".join(encode_word(each).to_bytes(32, "big") for each in operations),
        )
        self.send(self.chain.settlement, codec.encode_settle([batch]))

    def _jump(self, days: int) -> None:
        self.now_s += days * DAY

    def _boundary(self, second: int) -> None:
        if self.calendar.expires:
            period = self.calendar.period_at(self.now_s)
            self.now_s = max(self.now_s, self.calendar.starts_at(period + 1) + second)

    def _expire(self, members: list[int]) -> None:
        self.send(self.address, encode_expire([MEMBERS[each] for each in members]))

    def _rebind(self, who: tuple[int, int]) -> None:
        old, new = (MEMBERS[each] for each in who)
        signature = b""
        if old in KEYS:
            message: dict[str, Value] = {"from": old, "to": new, "nonce": self.nonce(old)}
            signature = self.signed("Rebind", old, message)
        call = Rebind(self.next_seq(), bytes(32), old, new, FOR_EVER, signature)
        self.send(self.chain.settlement, call.to_settlement(self.address))

    def _redeem(self, redemptions: list[tuple[int, int]]) -> None:
        signed = []
        for place, (who, amount) in enumerate(redemptions):
            account, used = KEYS[who], [each for each, _ in redemptions[:place]].count(who)
            message: dict[str, Value] = {
                "member": account,
                "amount": amount,
                "redemptionId": bytes(32),
                "nonce": self.nonce(account) + used,
            }
            signature = self.signed("Redeem", account, message)
            signed.append(SignedRedemption(account, amount, bytes(32), FOR_EVER, signature))
        self.send(self.address, encode_redeem_batch(signed))

    def _signed_only(self, choice: tuple[int, bool, bool]) -> None:
        who, on, by_signature = choice
        account = KEYS[who]
        if not by_signature:
            self.send(
                self.address, selector("setSignedOnly(bool)") + bytes(31) + bytes([on]), account
            )
            return
        message: dict[str, Value] = {"member": account, "signedOnly": on}
        signature = self.signed("SetSignedOnly", account, message | {"nonce": self.nonce(account)})
        data = encode_set_signed_only(
            account, signed_only=on, deadline_s=FOR_EVER, signature=signature
        )
        self.send(self.address, data)

    def _reorg(self, depth: int) -> None:
        self.chain.anvil.reorg(depth)
        self.now_s = max(self.now_s, self.chain.reader().head().timestamp_s)

    def send(self, to: bytes, data: bytes, sender: bytes = OPERATOR) -> None:
        """A transaction in a block of its own, one second on."""
        self.now_s += 1
        self.chain.anvil.rpc("evm_setNextBlockTimestamp", self.now_s)
        send(self.chain.anvil, sender, to, data)
        self.chain.anvil.mine()

    def signed(self, kind: str, account: bytes, message: dict[str, Value]) -> bytes:
        typed = TypedData(CHAIN_ID, self.address, kind, message | {"deadline": FOR_EVER})
        answer = self.chain.anvil.rpc(
            "eth_signTypedData_v4", f"0x{account.hex()}", typed.document()
        )
        return bytes.fromhex(answer[2:])

    def next_seq(self) -> int:
        return codec.decode_uint(self.chain.reader().call(self.address, codec.NEXT_SEQ))

    def nonce(self, account: bytes) -> int:
        return decode(self.word(account)).nonce

    def word(self, account: bytes) -> int:
        data = MEMBER_WORD + bytes(12) + account
        return codec.decode_uint(self.chain.reader().call(self.address, data))

    def buckets(self, account: bytes) -> list[int]:
        """The period and the five buckets of `bucketsOf`, as of the newest block."""
        answer = self.chain.reader().call(self.address, BUCKETS_OF + bytes(12) + account)
        return [int.from_bytes(answer[at : at + 32], "big") for at in range(0, 192, 32)]


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with running_anvil() as node:
        yield deploy(node)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        made = mirror_engine(f"sqlite:///{Path(folder) / 'mirror.db'}")
        yield made
        made.dispose()


def born(chain: Chain, calendar: Calendar, *, signed_only: bool) -> Program:
    """A program of its own, at the start of a leap year: what follows does not depend on when."""
    head = chain.reader().head()
    year = datetime.fromtimestamp(head.timestamp_s, UTC).year // 4 * 4 + 4
    now_s = int(datetime(year, 1, 1, 12, tzinfo=UTC).timestamp())
    chain.anvil.rpc("evm_setNextBlockTimestamp", now_s)
    rules = ProgramRules(
        calendar.period_months,
        calendar.validity_periods,
        calendar.utc_offset_minutes,
        signed_only=signed_only,
    )
    return Program(chain, chain.create_program(head.number, rules=rules), calendar, now_s)


def check(program: Program, engine: Engine) -> None:
    """Every word in the mirror is the contract's, and so is what follows from it."""
    address = "0x" + program.address.hex()
    period = 0
    lapsed = {}
    with engine.connect() as connection:
        at_s = mirror_words.head_time_s(connection)
        assert at_s is not None
        held = dict(mirror_words.words_of(connection, address, limit=99))
        assert mirror_words.calendar_of(connection, address) == program.calendar
        for account in MEMBERS:
            name = "0x" + account.hex()
            word = mirror_words.word_of(connection, address, name)
            assert word.encode() == program.word(account)
            assert (name in held) == (program.word(account) != 0)
            period, *buckets = program.buckets(account)
            assert list(word.aged(program.calendar, period).buckets) == buckets
            live = mirror_words.live_points_of(connection, address, name, at_s)
            assert live == sum(buckets)
            if word.balance != live:
                lapsed[name] = word.balance - live
        assert mirror_words.members_with_lapsed(connection, address, period, 99) == sorted(
            lapsed.items()
        )
        supply = codec.decode_uint(program.chain.reader().call(program.address, codec.TOTAL_SUPPLY))
        assert mirror_words.sum_of_points(connection, address) == supply


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    script=st.lists(steps, min_size=4, max_size=24),
    calendar=st.sampled_from(CALENDARS),
    signed_only=st.sampled_from([False, False, True]),
)
def test_words_are_the_contract_s(
    chain: Chain,
    engine: Engine,
    script: list[tuple[str, Any]],
    calendar: Calendar,
    signed_only: bool,
) -> None:
    indexer = Indexer(chain.reader("depth:5"), MirrorStore(engine), chain.factory)
    program = born(chain, calendar, signed_only=signed_only)
    # A reorg undoes no more than is not final, and never the program itself.
    for _ in range(6):
        program.do("expire", [])
    since_reorg = 0
    for name, argument in script:
        since_reorg += 1
        if name == "reorg":
            argument, since_reorg = min(argument, since_reorg), 0
            catch_up(indexer)
        program.do(name, argument)
        if since_reorg % 3 == 0:
            assert catch_up(indexer)[-1].halted is None
    program.do("expire", [])
    assert catch_up(indexer)[-1].failure is None
    check(program, engine)


def test_a_rebuilt_mirror_is_the_same(chain: Chain, engine: Engine) -> None:
    indexer = Indexer(chain.reader("depth:5"), MirrorStore(engine), chain.factory)
    program = born(chain, CALENDARS[0], signed_only=False)
    program.do("batch", [(Kind.ACCRUE, 0, 50, 0), (Kind.RESTORE, 1, 30, 2)])
    program.do("jump", 31)
    program.do("expire", [1])
    program.do("redeem", [(0, 5), (0, 6)])
    program.do("signed_only", (0, True, True))
    program.do("rebind", (0, 5))
    assert catch_up(indexer)[-1].halted is None
    check(program, engine)
    address = "0x" + program.address.hex()
    with engine.connect() as connection:
        assert mirror_words.lapsed_points_total(connection, address) == 30
        moved = mirror_words.word_of(connection, address, "0x" + MEMBERS[5].hex())
    assert (moved.signed_only, moved.nonce, moved.buckets) == (True, 0, (0, 39, 0, 0, 0))
    followed = dump(engine)
    indexer.rebuild()
    catch_up(indexer)
    assert dump(engine) == followed
