"""Gas per mint, ours with everything on against OpenZeppelin's plain loop, in one run.

    python -m bench.gas              print the table and hold it to bench/gas-snapshot.json
    python -m bench.gas --write      take the figures as the new snapshot

Everything on: expiry, supply cap, daily mint and debit budgets, sequence, receipts root, through
`Settlement.settle`. The floor is what no ERC-20-shaped batch can go below: transaction, one write
of the program's state, calldata, one write and one Transfer per member.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from backend.chain.codec import SettleBatch, encode_settle
from backend.chain.keccak import selector
from backend.chain.program_rules import ProgramRules
from backend.core.operations import Kind, Operation, encode_word
from bench import chain_builder as builder
from bench.chain_builder import Anvil, Chain
from scripts import _artifacts as artifacts

ROOT: Final = Path(__file__).resolve().parent.parent
SNAPSHOT: Final = ROOT / "bench" / "gas-snapshot.json"
SIZES: Final = (100, 500, 600)
LIMITS: Final = {500: (24_600, 7_575)}
"""Words -> most gas per mint to a new and to an existing holder, as issue 3 asks for."""

EVERYTHING_ON: Final = ProgramRules(
    period_months=6,
    validity_periods=4,
    utc_offset_minutes=60,
    supply_cap=10**12,
    mint_per_day=10**9,
    debit_per_day=10**9,
)
_HALF_YEAR_SECONDS: Final = 184 * 86_400
_SLACK_PER_MILLE: Final = 1


@dataclass(frozen=True, slots=True)
class Costs:
    """Gas per mint: to new holders, to existing ones, and to those of a period before."""

    new: int
    existing: int
    later_period: int


def member(index: int) -> bytes:
    """An address without a zero byte, as most are."""
    return ((0x01010101 + index) * (2**128 + 2**96 + 2**64 + 2**32 + 1)).to_bytes(20, "big")


def packed_words(count: int) -> list[int]:
    """Accruals of a usual size to `count` members."""
    return [encode_word(Operation(Kind.ACCRUE, member(n), 50 + n % 200)) for n in range(count)]


def gas_of(anvil: Anvil, to: bytes, data: bytes) -> int:
    """What a transaction of the operator used; RuntimeError when it failed."""
    tx_hash = builder.send(anvil, builder.OPERATOR, to, data)
    anvil.mine()
    receipt = anvil.rpc("eth_getTransactionReceipt", tx_hash)
    if int(receipt["status"], 16) != 1:
        raise RuntimeError("the transaction failed")
    return int(receipt["gasUsed"], 16)


def ours(chain: Chain, number: int, count: int) -> Costs:
    """Our program, with everything on."""
    program = chain.create_program(number, rules=EVERYTHING_ON)
    seq = 0

    def settled(words: list[int]) -> int:
        nonlocal seq
        seq += 1
        packed = b"".join(word.to_bytes(32, "big") for word in words)
        call = encode_settle([SettleBatch(program, seq, b"\x11" * 32, packed)])
        return gas_of(chain.anvil, chain.settlement, call)

    # The first batch ever makes the program's own slot, once: not a cost per mint.
    settled([encode_word(Operation(Kind.ACCRUE, member(100_000), 1))])
    words = packed_words(count)
    new, existing = settled(words), settled(words)
    chain.anvil.rpc("evm_increaseTime", _HALF_YEAR_SECONDS)
    later = settled(words)
    return Costs(*(round(gas / count) for gas in (new, existing, later)))


def theirs(anvil: Anvil, count: int) -> Costs:
    """OpenZeppelin's loop; it knows no periods."""
    token = deploy_loop(anvil)
    words = packed_words(count)
    data = b"".join(
        [
            selector("mint(uint256[])"),
            (32).to_bytes(32, "big"),
            count.to_bytes(32, "big"),
            *(word.to_bytes(32, "big") for word in words),
        ]
    )
    new, existing = (round(gas_of(anvil, token, data) / count) for _ in range(2))
    return Costs(new, existing, existing)


def deploy_loop(anvil: Anvil) -> bytes:
    """The contract to compare with, compiled with our own settings."""
    source = "bench/OpenZeppelinLoop.sol"
    sources = artifacts.collect_sources([source])
    compiled = artifacts.compile_input(artifacts.input_of(sources))
    code = bytes.fromhex(compiled["OpenZeppelinLoop"]["evm"]["bytecode"]["object"])
    tx_hash = builder.send(anvil, builder.OPERATOR, None, code)
    anvil.mine()
    receipt = anvil.rpc("eth_getTransactionReceipt", tx_hash)
    return bytes.fromhex(receipt["contractAddress"][2:])


def floor(count: int) -> tuple[int, int]:
    """(new, existing): (21,000 + 5,000 + calldata) / N + the member's write + the log."""
    calldata = sum(
        16 if byte else 4 for word in packed_words(count) for byte in word.to_bytes(32, "big")
    )
    shared = (26_000 + calldata) / count + 1_756
    return round(shared + 22_100), round(shared + 5_000)


def measure() -> dict[int, tuple[Costs, Costs]]:
    """Size -> (ours, OpenZeppelin's), all on one fresh chain."""
    with builder.running_anvil() as anvil:
        chain = builder.deploy(anvil)
        return {
            count: (ours(chain, number, count), theirs(anvil, count))
            for number, count in enumerate(SIZES)
        }


def table(measured: dict[int, tuple[Costs, Costs]]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| N | floor new / existing | ours | ours / floor | in a later period | OpenZeppelin |",
        "|---|---|---|---|---|---|",
    ]
    for count, (our, their) in measured.items():
        new, existing = floor(count)
        lines.append(
            f"| {count} | {new:,} / {existing:,} | {our.new:,} / {our.existing:,} "
            f"| {our.new / new:.3f} / {our.existing / existing:.3f} | {our.later_period:,} "
            f"| {their.new:,} / {their.existing:,} |"
        )
    return "\n".join(lines)


def breaches(measured: dict[int, tuple[Costs, Costs]], snapshot: dict[str, Any]) -> list[str]:
    """What is dearer than the snapshot or than what was promised."""
    found = []
    for count, (our, _) in measured.items():
        promised = LIMITS.get(count)
        if promised and (our.new > promised[0] or our.existing > promised[1]):
            found.append(f"N={count}: above the promise of {promised[0]:,} / {promised[1]:,}")
        for name, limit in snapshot[str(count)].items():
            gas = getattr(our, name)
            if gas > limit + limit * _SLACK_PER_MILLE // 1000:
                found.append(f"N={count}: {name} costs {gas:,}, the snapshot says {limit:,}")
    return found


def main() -> int:
    """Measure, print, and compare or write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="take the figures as the snapshot")
    write = parser.parse_args().write
    measured = measure()
    print(table(measured))
    if write:
        figures = {
            count: {"new": our.new, "existing": our.existing, "later_period": our.later_period}
            for count, (our, _) in measured.items()
        }
        SNAPSHOT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        return 0
    found = breaches(measured, json.loads(SNAPSHOT.read_text(encoding="utf-8")))
    for each in found:
        print(each, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
