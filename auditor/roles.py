"""Who may do what, from the log of the settlement contract."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from auditor.abi import NOBODY, Event
from auditor.calls import ADMINS_CALLS, GUARDIANS_CALLS, OPERATORS_CALLS
from auditor.findings import Findings
from auditor.storage import operator_slot

Place = tuple[int, int]
"""Block number and log index."""


@dataclass
class Roles:
    """The settlement contract's history; `role_delay_s` is part of its code."""

    settlement: str
    role_delay_s: int
    findings: Findings
    admin: str = NOBODY
    pending_admin: str = NOBODY
    guardian: str = NOBODY
    next_guardian: str = NOBODY
    guardian_from: int = 0
    admin_from: int = 0
    operators: dict[str, int] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    """Every account that ever had or was offered a role."""
    _history: list[tuple[Place, str, str, dict[str, int]]] = field(default_factory=list)
    at_birth: dict[str, Any] = field(default_factory=dict)
    """Admin, guardian and operators that the deployment named."""
    _birth: str | None = None

    def apply(self, event: Event, place: Place, timestamp_s: int, tx_hash: str) -> None:
        """One log of the settlement contract."""
        at_birth = self._birth in {None, tx_hash}
        self._birth = self._birth or tx_hash
        waits_until = timestamp_s + (0 if at_birth else self.role_delay_s)
        name, args = event
        self.named |= {arg for arg in args if isinstance(arg, str)}
        if name == "OperatorActive":
            operator, active_from = args
            self._hold(place, f"operator {operator}", active_from, waits_until)
            self.operators[operator] = active_from
        elif name == "OperatorRemoved":
            self.operators.pop(args[0], None)
        elif name == "GuardianNamed":
            self._hold(place, f"guardian {args[0]}", args[1], waits_until)
            self.next_guardian, self.guardian_from = args
        elif name == "GuardianChanged":
            if not at_birth:
                self._taken_up(place, "guardian", args[1], self.next_guardian, self.guardian_from)
                self._hold(place, f"guardian {args[1]}", timestamp_s, self.guardian_from)
            self.guardian, self.guardian_from = args[1], 0
        elif name == "AdminTransferStarted":
            self.pending_admin, self.admin_from = args[1], waits_until
        elif name == "AdminChanged":
            if not at_birth:
                self._taken_up(place, "admin", args[1], self.pending_admin, self.admin_from)
                self._hold(place, f"admin {args[1]}", timestamp_s, self.admin_from)
            self.admin, self.pending_admin = args[1], NOBODY
        if at_birth:
            operators = sorted(self.operators)
            self.at_birth = {
                "admin": self.admin, "guardian": self.guardian, "operators": operators
            }  # fmt: skip
        self._history.append((place, self.admin, self.guardian, dict(self.operators)))

    def may(self, function: str, sender: str, place: Place, timestamp_s: int) -> bool:
        """Whether `sender` had the role for this call of the settlement contract there and then."""
        before = bisect_right(self._history, place, key=lambda entry: entry[0])
        if not before:
            return False
        _, admin, guardian, operators = self._history[before - 1]
        if function in OPERATORS_CALLS:
            return sender in operators and operators[sender] <= timestamp_s
        if function in GUARDIANS_CALLS:
            return sender in {admin, guardian}
        return function not in ADMINS_CALLS or sender == admin

    def slots(self) -> dict[int, int]:
        """The settlement contract's storage after this history."""
        return {
            0: int(self.admin, 16),
            1: int(self.pending_admin, 16),
            2: int(self.guardian, 16),
            4: int(self.next_guardian, 16),
            5: self.guardian_from,
            6: self.admin_from,
        } | {operator_slot(each): since for each, since in self.operators.items()}

    def _hold(self, place: Place, what: str, found: int, earliest: int) -> None:
        if found < earliest:
            self.findings.add(
                "role_too_early",
                self.settlement,
                f"{what} from {found}, not before {earliest}",
                place[0],
            )

    def _taken_up(
        self, place: Place, role: str, taken_by: str, named: str, named_from: int
    ) -> None:
        if taken_by != named or (role == "guardian" and not named_from):
            self.findings.add(
                "role_too_early", self.settlement, f"{role} {taken_by} was not named", place[0]
            )
