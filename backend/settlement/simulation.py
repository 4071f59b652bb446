"""Trying a settle call before it is sealed, and finding the word that makes it fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backend.chain.codec import encode_settle
from backend.chain.contract_errors import ContractError, decode_error
from backend.chain.port import CallReverted, ChainReader
from backend.settlement.words import Draft

WORD_ERRORS: Final = frozenset(
    {"InsufficientBalance", "BalanceOverflow", "MalformedWord", "SignatureRequired"}
)
"""Errors that are one operation's own fault: it is parked and the rest settles."""

BAD_SEQUENCE: Final = "BadSequence"
INSUFFICIENT_BALANCE: Final = "InsufficientBalance"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a batch fails now. `index` is the word to blame, None when it is no word's fault."""

    error: ContractError
    index: int | None


class Simulator:
    """Simulates as one operator, at the latest block."""

    def __init__(self, chain: ChainReader, settlement: bytes, operator: bytes) -> None:
        self._chain = chain
        self._settlement = settlement
        self._operator = operator

    def fails(self, drafts: Sequence[Draft]) -> ContractError | None:
        """What settling all of `drafts` would revert with; None when it would succeed.

        Raises ChainUnavailable, and ChainRefused for a refusal that is no revert.
        """
        calldata = encode_settle([draft.for_simulation() for draft in drafts])
        try:
            self._chain.call(self._settlement, calldata, sender=self._operator)
        except CallReverted as revert:
            return decode_error(revert.data)
        return None

    def judge(self, draft: Draft) -> Verdict | None:
        """Why one program's batch fails alone, and which word is to blame; None if it does not."""
        error = self.fails([draft])
        if error is None:
            return None
        if error.name not in WORD_ERRORS:
            return Verdict(error, None)
        length = self._hinted_prefix(draft, error) or self._smallest_failing_prefix(draft)
        cause = self.fails([draft.prefix(length)])
        if cause is None or cause.name not in WORD_ERRORS:
            # The chain moved under the search; the next pass looks again.
            return Verdict(cause or error, None)
        return Verdict(cause, length - 1)

    def _hinted_prefix(self, draft: Draft, error: ContractError) -> int | None:
        """The prefix that ends with the word the error names, if simulation confirms it."""
        hint = error.word_index
        if hint is None or hint >= len(draft.words):
            return None
        if hint and self.fails([draft.prefix(hint)]) is not None:
            return None
        return hint + 1 if self.fails([draft.prefix(hint + 1)]) is not None else None

    def _smallest_failing_prefix(self, draft: Draft) -> int:
        passes, fails = 0, len(draft.words)
        while fails - passes > 1:
            middle = (passes + fails) // 2
            if self.fails([draft.prefix(middle)]) is None:
                passes = middle
            else:
                fails = middle
        return fails
