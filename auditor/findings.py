"""What an audit can find: one line each, under a code that does not change."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

CODES: Final = {
    # The contracts.
    "code_differs": "code on chain is not the published one",
    "clone_differs": "a program's code is not the clone that its creation announced",
    "record_differs": "the deployment record says something else than the chain",
    "role_differs": "a role on chain is not what the log adds up to",
    "role_too_early": "a role took power before its delay was over",
    "caller_without_role": "a call was made by an account without the role for it",
    "settlement_storage_differs": "the settlement contract's storage is not what its log makes",
    "factory_storage_differs": "the factory's storage is not what its log adds up to",
    # A program's history.
    "sequence_gap": "a batch is not the next one",
    "batch_sums": "a batch's totals are not those of its transfers",
    "mint_outside_batch": "points were minted outside a batch",
    "burn_outside_batch": "points were burned without batch, signature or expiry",
    "points_moved": "points went from one member to another",
    "burn_above_balance": "more was burned than the member held",
    "balance_too_large": "a balance went above what a word can hold",
    "lapse_wrong": "points expired that should not have, or too few did",
    "lapse_missing": "a member was touched and expired points stayed",
    "consent_missing": "points of a member who answers to signatures only were taken without one",
    "mint_budget_exceeded": "more was minted in a day than the budget in force",
    "debit_budget_exceeded": "more was debited in a day than the budget in force",
    "cap_exceeded": "a mint took the supply above the cap in force",
    "minted_while_paused": "minted while minting was paused",
    "minted_while_closing": "minted after the closing was announced",
    "settled_after_close": "settled after the redemption window",
    "notice_too_short": "a change was announced later than the notice demands",
    "limit_raised_at_once": "a limit rose without notice",
    "unknown_event": "a program logged something that no version of it logs",
    # Calldata against logs.
    "calldata_unknown": "a batch came in a transaction whose calldata we cannot read",
    "calldata_disagrees": "the logs are not what the words in the calldata must do",
    "words_disagree": "calldata and logs add up to different member words",
    # State against history.
    "word_differs": "a member's word in storage is not what the history adds up to",
    "state_differs": "a slot of a program is not what the history adds up to",
    "storage_unknown": "a program's storage holds something that no transaction put there",
    "view_differs": "a view of a program answers something else than its storage holds",
    "supply_differs": "the supply is not the sum of the balances",
    "proof_invalid": "no proof leads from the block's state root to an account and its code",
    "header_invalid": "the audited block's header does not make its hash",
    # Receipts and books.
    "receipts_root_differs": "the receipts given do not make the root of their batch",
    "receipt_missing": "a batch of which receipts were given lacks one",
    "receipt_unknown": "a receipt is given for a batch, or place in it, that is not on chain",
    "books_program_missing": "a program on chain is not in the books",
    "books_program_unknown": "a program in the books is not on chain",
    "books_batch_missing": "a batch on chain is not in the books",
    "books_batch_unknown": "the books say a batch is final that is not on chain",
    "books_batch_differs": "a batch in the books is not the one on chain",
    "books_operation_missing": "a word on chain has no operation in the books",
    "books_operation_twice": "two operations in the books claim one word on chain",
    "books_operation_differs": "an operation in the books is not the word on chain",
    "books_member_differs": "books and chain give a member other points, with what is under way",
    "books_journal_broken": "the journal's sum is not the balance beside it",
    # The audit itself.
    "chain_moved": "the audited block was replaced while the audit ran",
}  # fmt: skip
"""Every code with its meaning. A code is never given another meaning."""

SHOWN_PER_CODE: Final = 200
"""Findings of one code and subject kept in full; more are counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `subject` is an address, or `books`."""

    code: str
    subject: str
    what: str
    block: int | None = None

    def __str__(self) -> str:
        where = f" block {self.block}" if self.block is not None else ""
        return f"{self.code}: {self.subject}{where}: {self.what}"


@dataclass
class Findings:
    """All findings of an audit, in the order they were made."""

    kept: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _per_subject: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, code: str, subject: str, what: str, block: int | None = None) -> None:
        """Notes a finding; KeyError for a code that is not in CODES."""
        if code not in CODES:
            raise KeyError(code)
        self.counts[code] += 1
        self._per_subject[code, subject] += 1
        if self._per_subject[code, subject] <= SHOWN_PER_CODE:
            self.kept.append(Finding(code, subject, what, block))

    @property
    def total(self) -> int:
        return self.counts.total()
