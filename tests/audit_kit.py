"""A chain on which everything happened that can happen, for the auditor to replay."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from auditor.audit import Audit, Plan, audit
from auditor.node import Node
from auditor.published import load
from auditor.receipts import Receipt
from backend.chain.contracts import Deployment
from backend.core import receipts
from backend.core.operations import Kind, Operation, encode_word, rebind_word
from scripts import _artifacts
from tests.anvil import ADMIN, Anvil, deploy, dev_key

DAY = 86_400
ROLE_DELAY = 2 * DAY
OPERATOR = bytes.fromhex(Account.from_key(dev_key(0)).address[2:])
STRANGER = bytes.fromhex(Account.from_key(dev_key(5)).address[2:])
SIGNER_KEY = dev_key(6)
SIGNER = bytes.fromhex(Account.from_key(SIGNER_KEY).address[2:])
"""A member with an ordinary account."""

PARAMETERS = (
    "(string,string,uint8,uint8,uint8,int16,bool,uint16,uint64,uint48,uint48,bytes32,string,string)"
)
LIMITS = "(uint64,uint48,uint48)"
QUARTERLY = ("Fidélité", "FID", 0, 3, 2, 60, False, 30, 100_000, 10_000, 5_000)
ENDLESS = ("Pot", "POT", 2, 0, 0, 0, False, 1, 2**64 - 1, 2**48 - 1, 2**48 - 1)
LONG_URI = "https://terms.example.org/" + "long/" * 12


def member(number: int) -> bytes:
    """A member nobody has the key of."""
    return sha256(f"member {number}".encode()).digest()[:20]


@dataclass
class Stage:
    """Contracts on an anvil that mines when told, and what was settled to them."""

    node: Anvil
    deployment: Deployment
    now: int
    receipts: list[Receipt] = field(default_factory=list)
    _seqs: dict[bytes, int] = field(default_factory=dict)
    _salt: int = 0

    @classmethod
    def open(cls, node: Anvil) -> Stage:
        # The very contracts that are published: an older build may lie there.
        _artifacts.export()
        deployment = deploy(node, [OPERATOR], role_delay_seconds=ROLE_DELAY)
        head = node.rpc("eth_getBlockByNumber", "latest", False)
        return cls(node, deployment, int(head["timestamp"], 16))

    def wait(self, seconds: int) -> None:
        """Time passes on the chain."""
        self.now += seconds

    def wait_until(self, year: int, month: int) -> None:
        """Until the first of a month, a day in."""
        self.now = max(self.now, int(datetime(year, month, 2, tzinfo=UTC).timestamp()))

    def call(self, sender: bytes, to: bytes, signature: str, *arguments: Any) -> dict[str, Any]:
        """One transaction in a block of its own; it must succeed."""
        name, _, rest = signature.partition("(")
        types = _split(rest[:-1])
        data = keccak(text=f"{name}({rest}")[:4] + encode(types, arguments)
        call = {"from": "0x" + sender.hex(), "to": "0x" + to.hex(), "gas": hex(16_000_000)}
        self.node.rpc("anvil_setBalance", call["from"], hex(10**21))
        self.node.rpc("anvil_impersonateAccount", call["from"])
        tx_hash = self.node.rpc("eth_sendTransaction", call | {"data": "0x" + data.hex()})
        self.now += 1
        self.node.rpc("evm_setNextBlockTimestamp", self.now)
        self.node.mine()
        receipt: dict[str, Any] = self.node.rpc("eth_getTransactionReceipt", tx_hash)
        assert receipt["status"] == "0x1", signature
        return receipt

    def admin(self, signature: str, *arguments: Any) -> dict[str, Any]:
        return self.call(ADMIN, self.deployment.settlement, signature, *arguments)

    def create(self, rules: tuple[Any, ...], terms_uri: str = "") -> bytes:
        """A program with these parameters, up to the limits."""
        self._salt += 1
        salt = self._salt.to_bytes(32, "big")
        given = (*rules, sha256(b"terms").digest(), terms_uri, "")
        settlement = "0x" + self.deployment.settlement.hex()
        receipt = self.call(
            OPERATOR,
            self.deployment.factory,
            f"createProgram(address,bytes32,{PARAMETERS})",
            settlement,
            salt,
            given,
        )
        program = bytes.fromhex(receipt["logs"][0]["topics"][1][-40:])
        self._seqs[program] = 0
        return program

    def settle(self, *parts: tuple[bytes, Sequence[Operation]], sender: bytes = OPERATOR) -> None:
        """One transaction with a batch per part, receipts and all."""
        batches = []
        for program, operations in parts:
            words = [encode_word(each) for each in operations]
            seq, root = self._sealed(program, words)
            batches.append(("0x" + program.hex(), seq, root, words))
        signature = "settle((address,uint64,bytes32,uint256[])[])"
        self.call(sender, self.deployment.settlement, signature, batches)

    def rebind(self, program: bytes, old: bytes, new: bytes, signature: bytes = b"") -> None:
        seq, root = self._sealed(program, [rebind_word(old)])
        self.call(
            OPERATOR,
            self.deployment.settlement,
            "rebind(address,uint64,bytes32,address,address,uint256,bytes)",
            *("0x" + program.hex(), seq, root),
            *("0x" + old.hex(), "0x" + new.hex(), 2**40, signature),
        )

    def _sealed(self, program: bytes, words: list[int]) -> tuple[int, bytes]:
        self._seqs[program] += 1
        seq = self._seqs[program]
        hidden = [sha256(f"{program.hex()} {seq} {i}".encode()).digest() for i in range(len(words))]
        leaves = [
            receipts.leaf(program, seq, index, word, hidden[index])
            for index, word in enumerate(words)
        ]
        address = "0x" + program.hex()
        self.receipts += [Receipt(address, seq, i, each) for i, each in enumerate(hidden)]
        return seq, receipts.merkle_root(leaves)

    def set_slot(self, contract: bytes, slot: int, value: int) -> None:
        """Rewrite storage behind everybody's back."""
        where = "0x" + contract.hex(), f"{slot:#066x}", f"{value:#066x}"
        self.node.rpc("anvil_setStorageAt", *where)
        self.node.mine()

    def plan(self, **changes: Any) -> Plan:
        given: dict[str, Any] = {
            "factory": "0x" + self.deployment.factory.hex(),
            "settlement": "0x" + self.deployment.settlement.hex(),
            "published": load(_artifacts.BUILD_FOLDER),
            "to_block": "latest",
        }
        return Plan(**(given | changes))

    def audit(self, **changes: Any) -> Audit:
        return audit(Node(self.node.url), self.plan(**changes))

    def codes(self, **changes: Any) -> set[str]:
        """The codes of what an audit finds now."""
        return set(self.audit(**changes).subject.findings.counts)

    def write_record(self, folder: Path) -> dict[str, Any]:
        """A deployment record as the deploy script writes it."""
        parts = {
            "Settlement": self.deployment.settlement,
            "ProgramFactory": self.deployment.factory,
            "LoyaltyProgram": self.deployment.logic,
        }
        record = {
            "chain_id": self.deployment.chain_id,
            "admin": "0x" + ADMIN.hex(),
            "guardian": "0x" + ADMIN.hex(),
            "operators": ["0x" + OPERATOR.hex()],
            "contracts": {name: {"address": "0x" + at.hex()} for name, at in parts.items()},
        }
        path = folder / "deployments" / f"{self.deployment.chain_id}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record))
        return record


def accrue(number: int, points: int) -> Operation:
    return Operation(Kind.ACCRUE, member(number), points)


def signed(program: bytes, kind: str, fields: list[tuple[str, str]], **message: Any) -> bytes:
    """The signature of SIGNER over typed data of the program."""
    domain = {
        "name": "Mereau LoyaltyProgram",
        "version": "1",
        "chainId": 31337,
        "verifyingContract": "0x" + program.hex(),
    }
    types = {kind: [{"type": of, "name": name} for of, name in fields]}
    signable = encode_typed_data(domain, types, message)
    return bytes(Account.from_key(SIGNER_KEY).sign_message(signable).signature)


def a_full_life(stage: Stage) -> tuple[bytes, bytes]:
    """Two programs through every kind of operation, expiry, consent, limits, terms and roles."""
    points, pot = stage.create(QUARTERLY, LONG_URI), stage.create(ENDLESS)
    stage.wait_until(2027, 1)
    stage.settle(
        (points, [accrue(n, 100 + n) for n in range(8)]),
        (pot, [accrue(n, 7) for n in range(3)]),
    )
    _operations(stage, points)
    _consent(stage, points)
    _life(stage, points, pot)
    _roles(stage)
    stage.settle((points, [accrue(n, 3) for n in range(4)]))
    return points, pot


def _operations(stage: Stage, points: bytes) -> None:
    stage.wait_until(2027, 4)
    stage.settle((points, [
        Operation(Kind.BONUS, member(0), 20, reason=4),
        Operation(Kind.REDEEM, member(1), 60),
        Operation(Kind.RETURN, member(2), 500),
        Operation(Kind.RESTORE, member(1), 60, age=1),
        Operation(Kind.ADJUST_CREDIT, member(3), 5, reason=1),
        Operation(Kind.ADJUST_DEBIT, member(3), 7, reason=2),
    ]))  # fmt: skip
    stage.rebind(points, member(4), member(104))
    stage.wait_until(2027, 10)
    # What was earned in the first quarter is gone: swept by a stranger, and by touching.
    stage.call(STRANGER, points, "expire(address[])", ["0x" + member(n).hex() for n in (0, 5, 77)])
    stage.settle((points, [accrue(1, 1), Operation(Kind.RETURN, member(6), 10)]))


def _consent(stage: Stage, points: bytes) -> None:
    stage.settle((points, [Operation(Kind.ACCRUE, SIGNER, 400)]))
    fields = [
        ("address", "member"), ("uint256", "amount"), ("bytes32", "redemptionId"),
        ("uint256", "nonce"), ("uint256", "deadline"),
    ]  # fmt: skip
    signer, redemption = "0x" + SIGNER.hex(), sha256(b"coffee").digest()
    signature = signed(points, "Redeem", fields, member=signer, amount=30, nonce=0,
                       redemptionId=redemption, deadline=2**40)  # fmt: skip
    signature_type = "redeem(address,uint256,bytes32,uint256,bytes)"
    stage.call(STRANGER, points, signature_type, signer, 30, redemption, 2**40, signature)
    stage.call(SIGNER, points, "setSignedOnly(bool)", True)
    stage.settle((points, [Operation(Kind.RETURN, SIGNER, 50)]))
    fields = [("address", "from"), ("address", "to"), ("uint256", "nonce"), ("uint256", "deadline")]
    target = "0x" + member(200).hex()
    consent = signed(
        points, "Rebind", fields, **{"from": signer, "to": target, "nonce": 1, "deadline": 2**40}
    )
    stage.rebind(points, SIGNER, member(200), consent)


def _life(stage: Stage, points: bytes, pot: bytes) -> None:
    address = "0x" + points.hex()
    stage.admin(f"setLimits(address,{LIMITS})", address, (200_000, 9_000, 6_000))
    stage.admin("announceTerms(address,bytes32,string,uint256)", address, sha256(b"2").digest(),
                LONG_URI, stage.now + 40 * DAY)  # fmt: skip
    stage.wait(41 * DAY)
    stage.settle((points, [accrue(3, 8_500)]))
    stage.admin("announceTerms(address,bytes32,string,uint256)", address, sha256(b"3").digest(),
                "ipfs://terms", stage.now + 40 * DAY)  # fmt: skip
    stage.admin("pause(address)", address)
    stage.settle((points, [Operation(Kind.REDEEM, member(3), 10)]))
    stage.admin("unpause(address)", address)
    stage.admin("announceClosing(address,uint256)", "0x" + pot.hex(), stage.now + 3 * DAY)
    stage.settle((pot, [Operation(Kind.REDEEM, member(0), 2)]))


def _roles(stage: Stage) -> None:
    stranger = "0x" + STRANGER.hex()
    stage.admin("addOperator(address)", stranger)
    stage.admin("setGuardian(address)", stranger)
    stage.wait(ROLE_DELAY)
    stage.call(STRANGER, stage.deployment.settlement, "acceptGuardian()")
    stage.admin("transferAdmin(address)", "0x" + member(300).hex())
    stage.admin("removeOperator(address)", stranger)


def _split(types: str) -> list[str]:
    """Top-level argument types."""
    found, depth, current = [], 0, ""
    for char in types:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            found.append(current)
            current = ""
        else:
            current += char
    return [*found, current] if current else found
