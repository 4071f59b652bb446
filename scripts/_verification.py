"""Compare a recorded deployment with the chain. Reads only, through any JSON-RPC callable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

Rpc = Callable[[str, list[Any]], Any]


@dataclass(frozen=True)
class Check:
    """One thing that was compared."""

    subject: str
    expected: str
    found: str

    @property
    def holds(self) -> bool:
        """Whether the chain says what the record says."""
        return self.expected == self.found


def check_deployment(record: dict[str, Any], compiled: dict[str, Any], rpc: Rpc) -> list[Check]:
    """Compare code, transactions, roles and versions; answer every comparison made.

    `compiled` is what the compiler makes of the kept input now, by contract name.
    """
    checks = [Check("chain id", str(record["chain_id"]), str(int(rpc("eth_chainId", []), 16)))]
    for name, part in record["contracts"].items():
        checks.append(_check_code(name, part, compiled[name]["evm"]["deployedBytecode"], rpc))
        checks.append(_check_transaction(name, part, rpc))
    return [*checks, *_check_roles(record, rpc), *_check_versions(record, rpc)]


def masked(code: str, references: dict[str, list[dict[str, int]]]) -> str:
    """Return the code with its immutable values blanked: only the chain can know those."""
    data = bytearray.fromhex(code.removeprefix("0x"))
    for places in references.values():
        for place in places:
            start, length = place["start"], place["length"]
            if len(data) >= start + length:
                data[start : start + length] = bytes(length)
    return data.hex()


def _fingerprint(code: str) -> str:
    return f"{len(code) // 2} bytes, {keccak(hexstr=code).hex()[:16]}" if code else "no code"


def _check_code(name: str, part: dict[str, Any], built: dict[str, Any], rpc: Rpc) -> Check:
    references = built.get("immutableReferences", {})
    found = masked(rpc("eth_getCode", [part["address"], "latest"]), references)
    expected = masked(built["object"], references)
    return Check(f"{name} code", _fingerprint(expected), _fingerprint(found))


def _check_transaction(name: str, part: dict[str, Any], rpc: Rpc) -> Check:
    expected = f"{part['address']} in block {part['block_number']}"
    receipt = rpc("eth_getTransactionReceipt", [part["tx_hash"]])
    if not receipt or not receipt.get("contractAddress"):
        return Check(f"{name} transaction", expected, "not on this chain")
    address = to_checksum_address(receipt["contractAddress"])
    found = f"{address} in block {int(receipt['blockNumber'], 16)}"
    return Check(f"{name} transaction", expected, found)


def _call(rpc: Rpc, to: str, signature: str, returns: str, *arguments: Any) -> str:
    """Call a view and return its one value as text."""
    types = signature[signature.index("(") + 1 : -1]
    data = keccak(text=signature)[:4] + encode(types.split(",") if types else [], arguments)
    answer = rpc("eth_call", [{"to": to, "data": "0x" + data.hex()}, "latest"])
    raw = bytes.fromhex(str(answer).removeprefix("0x"))
    if len(raw) < 32:
        return "no answer"
    (value,) = decode([returns], raw)
    return to_checksum_address(value) if returns == "address" else str(value)


def current_operators(record: dict[str, Any], rpc: Rpc) -> list[str]:
    """Return the operators that the settlement's own log adds up to."""
    settlement = record["contracts"]["Settlement"]
    added, removed = (
        "0x" + keccak(text=f"Operator{verb}(address)").hex() for verb in ("Added", "Removed")
    )
    query = {
        "address": settlement["address"],
        "fromBlock": hex(settlement["block_number"]),
        "toBlock": "latest",
        "topics": [[added, removed]],
    }
    present: dict[str, None] = {}
    for log in rpc("eth_getLogs", [query]):
        operator = to_checksum_address("0x" + log["topics"][1][-40:])
        if log["topics"][0] == added:
            present[operator] = None
        else:
            present.pop(operator, None)
    return sorted(present)


def _check_roles(record: dict[str, Any], rpc: Rpc) -> list[Check]:
    settlement = record["contracts"]["Settlement"]["address"]
    nobody = to_checksum_address(bytes(20))
    return [
        Check("admin", record["admin"], _call(rpc, settlement, "admin()", "address")),
        Check("pending admin", nobody, _call(rpc, settlement, "pendingAdmin()", "address")),
        Check("guardian", record["guardian"], _call(rpc, settlement, "guardian()", "address")),
        Check(
            "operators",
            ", ".join(sorted(record["operators"])) or "none",
            ", ".join(current_operators(record, rpc)) or "none",
        ),
        *(
            Check(
                f"operator {each}",
                "True",
                _call(rpc, settlement, "isOperator(address)", "bool", each),
            )
            for each in record["operators"]
        ),
    ]


def _check_versions(record: dict[str, Any], rpc: Rpc) -> list[Check]:
    logic, factory, settlement = (
        record["contracts"][name]["address"]
        for name in ("LoyaltyProgram", "ProgramFactory", "Settlement")
    )
    newest = _call(rpc, factory, "implementationOf(uint32)", "address", 1)
    return [
        *_check_badge(record, settlement, rpc),
        Check("LoyaltyProgram version", "1", _call(rpc, logic, "version()", "uint32")),
        Check("Settlement version", "1", _call(rpc, settlement, "version()", "uint32")),
        Check("factory versions", "1", _call(rpc, factory, "latestVersion()", "uint32")),
        Check("factory logic", logic, newest),
    ]


def _check_badge(record: dict[str, Any], settlement: str, rpc: Rpc) -> list[Check]:
    """Records from before badges were deployed have none to check."""
    part = record["contracts"].get("LoyaltyBadge")
    if part is None:
        return []
    _, collection, symbol, _ = part["constructor_arguments"]
    return [
        Check(
            "LoyaltyBadge issuer", settlement, _call(rpc, part["address"], "issuer()", "address")
        ),
        Check("LoyaltyBadge name", collection, _call(rpc, part["address"], "name()", "string")),
        Check("LoyaltyBadge symbol", symbol, _call(rpc, part["address"], "symbol()", "string")),
    ]
