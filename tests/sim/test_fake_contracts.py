"""The fake contracts against the real ones: the same transactions, the same logs, words, refusals.

What the simulator proves it proves about the fake, so the fake is held to anvil step by step.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import pytest
import urllib3

from backend.chain.codec import encode_create_program
from backend.chain.contracts import Deployment
from backend.chain.program_rules import ProgramRules
from backend.chain.quantities import read_bytes, write_bytes
from backend.chain.typed_data import TypedData, Value
from backend.core.calendar import Calendar
from tests.anvil import ADMIN, CHAIN_ID, Anvil, anvil, deploy, lane_signers
from tests.sim.badge import HELD_BY, OWNER_OF
from tests.sim.contracts import REDEEM_BATCH, SET_SIGNED_ONLY_SIGNED, Contracts, Places
from tests.sim.draws import Draws
from tests.sim.evm import Event, Reverted, word
from tests.sim.program import Program
from tests.sim.views import VIEWS_OF_A_MEMBER, VIEWS_OF_A_PROGRAM

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
    made: dict[tuple[bytes, bytes], bytes] = field(default_factory=dict)
    consents: int = 0

    def sign(self, program: bytes, member: bytes, kind: str, message: dict[str, Value]) -> bytes:
        """The signature that the node makes with that account's key; the fake knows it again."""
        typed = TypedData(CHAIN_ID, program, kind, message)
        signed = self.node.rpc("eth_signTypedData_v4", write_bytes(member), typed.document())
        self.made[member, typed.digest()] = read_bytes(signed)
        return read_bytes(signed)

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
        self.consents += data[:4] in (REDEEM_BATCH, SET_SIGNED_ONLY_SIGNED)
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
            self._compare_view(self.fake.places.badge, HELD_BY + word(member))
        for view in VIEWS_OF_A_PROGRAM:
            self._compare_view(program.address, view)
        for token in self.fake.badges.tokens:
            self._compare_view(self.fake.places.badge, OWNER_OF + word(token))

    def _compare_view(self, address: bytes, data: bytes) -> None:
        real = self.node.chain.call(address, data)
        assert real == self.fake.view(bytes(20), address, data, self.now_s), data[:4].hex()


@pytest.fixture
def both(node: Anvil) -> Both:
    operators = [signer.address for signer in lane_signers(2)]
    deployment = deploy(node, operators)
    assert deployment.badge is not None
    made: dict[tuple[bytes, bytes], bytes] = {}
    places = Places(
        settlement=deployment.settlement,
        factory=deployment.factory,
        logic=deployment.logic,
        badge=deployment.badge,
        admin=ADMIN,
        operators=frozenset(operators),
        chain_id=CHAIN_ID,
        judge=lambda member, digest, signature: made.get((member, digest)) == signature,
    )
    now_s = max(START_S, int(node.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16))
    return Both(
        node, deployment, Contracts(places), urllib3.PoolManager(retries=False), now_s, made
    )


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
    draws = Draws(chance, both.fake, members, strangers, both.sign)
    for _ in range(250):
        _jump(both, chance, program.calendar)
        both.send(*draws.draw(both.fake.programs[program.address], both.now_s))
        if chance.random() < 0.05:
            both.compare(program, members)
    both.compare(program, members)
    assert both.fake.programs[program.address].last_seq > 10
    assert both.consents > 5
    assert both.fake.badges.tokens


def _jump(both: Both, chance: Random, calendar: Calendar) -> None:
    """Sometimes a day, sometimes to the seconds around a boundary of periods."""
    kind = chance.random()
    if kind < 0.1:
        both.now_s += DAY_S
    elif kind < 0.25 and calendar.expires:
        ahead = calendar.period_at(both.now_s) + chance.choice([1, 1, 2, 5])
        both.now_s = max(both.now_s, calendar.starts_at(ahead) - chance.randint(0, 3))
