"""The fake contracts against the real ones: the same transactions, the same logs, words, refusals.

What the simulator proves it proves about the fake, so the fake is held to anvil step by step.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
import urllib3
from eth_abi.abi import encode

from backend.chain.codec import SettleBatch, encode_create_program, encode_settle
from backend.chain.contracts import Deployment
from backend.chain.program_rules import ProgramRules
from backend.chain.quantities import read_bytes, write_bytes
from backend.core.calendar import Calendar
from tests.anvil import ADMIN, Anvil, anvil, deploy, lane_signers
from tests.sim.contracts import (
    EXPIRE,
    PAUSE,
    REBIND,
    SET_LIMITS,
    SET_SIGNED_ONLY,
    UNPAUSE,
    VIEWS_OF_A_MEMBER,
    VIEWS_OF_A_PROGRAM,
    Contracts,
    Places,
)
from tests.sim.program import Event, Program, Reverted, word

START_S = 1_900_000_000
DAY_S = 86_400
LIMITLESS = 2**48 - 1


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anvil]:
    with anvil(tmp_path_factory.mktemp("anvil")) as running:
        yield running


@dataclass
class Both:
    """The real chain and the fake, told the same things at the same times."""

    node: Anvil
    deployment: Deployment
    fake: Contracts
    http: urllib3.PoolManager
    now_s: int = START_S

    def send(self, sender: bytes, to: bytes, data: bytes) -> list[Event]:
        """A transaction to both; the logs, none where both refuse with the same words."""
        self.now_s += 1
        self.node.rpc("evm_setNextBlockTimestamp", self.now_s)
        self.node.rpc("evm_mine")
        refusal, expected = None, []
        try:
            expected = self.fake.transact(sender, to, data, self.now_s)
        except Reverted as reverted:
            refusal = reverted.data
        call = {"from": write_bytes(sender), "to": write_bytes(to), "data": write_bytes(data)}
        assert self._refusal(call) == refusal
        if refusal is not None:
            return []
        self.node.rpc("evm_setNextBlockTimestamp", self.now_s)
        return self._logs_of(call, expected)

    def _logs_of(self, call: dict[str, str], expected: list[Event]) -> list[Event]:
        # The call above was answered at this very second: the block shares it.
        tx_hash = self.node.rpc("eth_sendTransaction", {**call, "gas": hex(10_000_000)})
        self.node.rpc("evm_mine")
        receipt = self.node.rpc("eth_getTransactionReceipt", tx_hash)
        assert receipt["status"] == "0x1"
        logs = [
            Event(
                read_bytes(log["address"]),
                tuple(read_bytes(topic) for topic in log["topics"]),
                read_bytes(log["data"]),
            )
            for log in receipt["logs"]
        ]
        assert logs == expected
        return logs

    def _refusal(self, call: dict[str, str]) -> bytes | None:
        body = json.dumps(
            {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [call, "latest"]}
        )
        response = self.http.request(
            "POST", self.node.url, body=body, headers={"Content-Type": "application/json"}
        )
        answer = json.loads(response.data)
        if "error" not in answer:
            return None
        return read_bytes(answer["error"].get("data", "0x"))

    def compare(self, program: Program, members: list[bytes]) -> None:
        """Storage and every view that the fake has."""
        self.now_s += 1
        self.node.rpc("evm_setNextBlockTimestamp", self.now_s)
        self.node.rpc("evm_mine")
        for member in members:
            stored = self.node.rpc(
                "eth_getStorageAt",
                write_bytes(program.address), hex(int.from_bytes(member, "big") << 96), "latest",
            )  # fmt: skip
            expected = self.fake.programs[program.address].words.get(member)
            assert int(stored, 16) == (expected.encode() if expected else 0)
            for view in VIEWS_OF_A_MEMBER:
                self._compare_view(program.address, view + word(member))
        for view in VIEWS_OF_A_PROGRAM:
            self._compare_view(program.address, view)

    def _compare_view(self, address: bytes, data: bytes) -> None:
        real = self.node.chain.call(address, data)
        assert real == self.fake.view(bytes(20), address, data, self.now_s), data[:4].hex()


@pytest.fixture
def both(node: Anvil) -> Both:
    operators = [signer.address for signer in lane_signers(2)]
    deployment = deploy(node, operators)
    places = Places(
        deployment.settlement, deployment.factory, deployment.logic, ADMIN, frozenset(operators)
    )
    now_s = max(START_S, int(node.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16))
    return Both(node, deployment, Contracts(places), urllib3.PoolManager(retries=False), now_s)


RULES = {
    "no expiry": ProgramRules(),
    "months": ProgramRules(
        1,
        2,
        60,
        supply_cap=20_000,
        mint_per_day=9_000,
        debit_per_day=3_000,
        notice_days=1,
        terms_hash=b"\x33" * 32,
        terms_uri="https://example.com/terms",
    ),
    "quarters": ProgramRules(3, 4, -300, contract_uri="https://example.com/p.json"),
    "signed only": ProgramRules(12, 1, 0, signed_only=True),
}


@pytest.mark.parametrize("case", RULES)
def test_the_fake_agrees_with_the_contracts(both: Both, case: str) -> None:
    chance = Random(case)
    rules = RULES[case]
    operator = sorted(both.fake.places.operators)[0]
    settlement, factory = both.deployment.settlement, both.deployment.factory
    calldata = encode_create_program(settlement, bytes(32), "Café", "PTS", 0, rules)
    both.send(operator, factory, calldata)
    both.send(operator, factory, calldata)
    (program,) = both.fake.programs.values()
    strangers = [read_bytes(account) for account in both.node.rpc("eth_accounts")[3:6]]
    members = [*strangers, *(chance.randbytes(20) for _ in range(2))]
    for _ in range(60):
        _jump(both, chance, program.calendar)
        current = both.fake.programs[program.address]
        sender, to, data = _draw(chance, current, members, both.fake.places)
        both.send(sender, to, data)
        if chance.random() < 0.1:
            both.compare(program, members)
    both.compare(program, members)
    assert both.fake.programs[program.address].last_seq > 5


def _draw(
    chance: Random, program: Program, members: list[bytes], places: Places
) -> tuple[bytes, bytes, bytes]:
    """Sender, target and calldata of a transaction that often succeeds."""
    operator = chance.choice(sorted(places.operators))
    kind = chance.random()
    if kind < 0.70:
        caller = members[0] if chance.random() < 0.02 else operator
        return caller, places.settlement, _settle(chance, program, members)
    if kind < 0.80:
        swept = ["0x" + member.hex() for member in chance.choices(members, k=3)]
        return members[0], program.address, EXPIRE + encode(["address[]"], [swept])
    if kind < 0.85:
        paused = chance.random() < 0.4
        data = (PAUSE if paused else UNPAUSE) + word(program.address)
        return ADMIN if chance.random() < 0.9 else operator, places.settlement, data
    if kind < 0.90:
        member = chance.choice(members[:3])
        return member, program.address, SET_SIGNED_ONLY + word(chance.random() < 0.3)
    if kind < 0.94:
        limits = [chance.choice([10**6, 20_000, 9_000, 3_000, 500]) for _ in range(3)]
        data = SET_LIMITS + word(program.address) + b"".join(map(word, limits))
        return ADMIN if chance.random() < 0.9 else operator, places.settlement, data
    old, new = chance.choice(members), chance.choice([*members, chance.randbytes(20)])
    types = ["address", "uint64", "bytes32", "address", "address", "uint256", "bytes"]
    values: list[Any] = [
        program.address, program.last_seq + 1, b"\x11" * 32, old, new, 0, b"",
    ]  # fmt: skip
    return operator, places.settlement, REBIND + encode(types, values)


def _settle(chance: Random, program: Program, members: list[bytes]) -> bytes:
    words = b""
    for _ in range(chance.choice([0, 1, 2, 3, 5])):
        odd = chance.random() < 0.04
        kind = chance.choice([0, 8]) if odd else chance.choice([1, 1, 1, 1, 2, 3, 4, 4, 5, 6, 7])
        odd = chance.random() < 0.04
        points = chance.choice([0, 2**40 - 2, 2**40 - 1]) if odd else chance.randint(1, 300)
        odd = chance.random() < 0.04
        age = chance.randint(0, 5) if odd or kind == 5 else 0
        age = age if odd else min(age, program.calendar.validity_periods)
        reason = 0 if chance.random() < 0.04 else kind
        zero = chance.random() < 0.01
        member = chance.choice(members)
        words += member + bytes([kind, age]) + reason.to_bytes(2, "big")
        words += (zero << 40 | points).to_bytes(8, "big")
    seq = program.last_seq + chance.choice([1] * 20 + [0, 2])
    batch = SettleBatch(program.address, seq, chance.randbytes(32), words)
    return encode_settle([batch] if chance.random() > 0.02 else [])


def _jump(both: Both, chance: Random, calendar: Calendar) -> None:
    """Sometimes a day, sometimes to the seconds around a boundary of periods."""
    kind = chance.random()
    if kind < 0.1:
        both.now_s += DAY_S
    elif kind < 0.25 and calendar.expires:
        ahead = calendar.period_at(both.now_s) + chance.choice([1, 1, 2, 5])
        both.now_s = max(both.now_s, calendar.starts_at(ahead) - chance.randint(0, 3))
