"""What is audited: one settlement contract, its factory, and what is kept of each program."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.findings import Findings
from auditor.fold import ProgramFold
from auditor.node import Block
from auditor.replay import ProgramReplay
from auditor.rules import Rules


class AuditImpossible(Exception):
    """The audit cannot be made with what is given; the message says what to change."""


@dataclass(slots=True)
class ProgramHistory:
    """One program: the fold of its logs, the replay of its calldata, and the batch words."""

    rules: Rules
    fold: ProgramFold
    replay: ProgramReplay
    words: dict[int, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: Rules, findings: Findings) -> ProgramHistory:
        return cls(rules, ProgramFold(rules, findings), ProgramReplay(rules))


@dataclass
class Subject:
    """Everything an audit knows, at block `block`."""

    chain_id: int
    block: Block
    factory: str
    settlement: str
    findings: Findings
    notes: list[str] = field(default_factory=list)
    programs: dict[str, ProgramHistory] = field(default_factory=dict)
    operations: int = 0
    transactions: int = 0
