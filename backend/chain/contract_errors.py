"""The custom errors of our contracts, decoded from revert data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.chain.keccak import selector

_SIGNATURES: Final = (
    "BadSequence(uint64 expected,uint64 given)",
    "EmptyBatch()",
    "BatchTooLarge(uint256 given,uint256 limit)",
    "MalformedWord(uint256 index)",
    "MintPaused(uint256 index)",
    "InsufficientBalance(uint256 index,address member,uint256 balance,uint256 amount)",
    "BalanceOverflow(uint256 index,address member)",
    "ProgramClosing(uint256 index)",
    "ProgramClosed(uint256 redemptionUntil)",
    "SignatureRequired(uint256 index,address member)",
    "SupplyCapExceeded(uint256 cap,uint256 supply)",
    "MintBudgetExceeded(uint256 available,uint256 needed)",
    "DebitBudgetExceeded(uint256 available,uint256 needed)",
    "BadTarget(address to)",
    "SignatureExpired(uint256 deadline)",
    "BadSignature(address member)",
    "ZeroAmount()",
    "MissingPrecompile(address precompile)",
    "NoticeTooShort(uint256 earliest,uint256 given)",
    "AlreadyClosing(uint256 redemptionUntil)",
    "EmptyTerms()",
    "BadgeExists(uint256 tokenId)",
    "UnknownBadge(uint256 tokenId)",
    "BadHolder()",
    "NotAdmin()",
    "NotGuardian()",
    "NotIssuer()",
    "NotAProgram()",
    "NotOperator()",
    "NoBatches()",
    "NotAllowed(address issuer,address caller)",
    "ProgramExists(address program)",
    "BadParameters()",
)


@dataclass(frozen=True, slots=True)
class ContractError:
    """A decoded revert: the error's name and its arguments by name, addresses as hex."""

    name: str
    arguments: dict[str, int | str]

    @property
    def word_index(self) -> int | None:
        """The position the error blames, where it names one."""
        index = self.arguments.get("index")
        return index if isinstance(index, int) else None

    def __str__(self) -> str:
        listed = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"{self.name}({listed})"


def decode_error(data: bytes) -> ContractError:
    """What a revert says; an error that is not ours is named by its selector, never a failure."""
    known = _KNOWN.get(data[:4])
    if known is None:
        return ContractError(f"0x{data[:4].hex()}" if data else "no reason", {})
    name, fields = known
    body = data[4:]
    if len(body) != 32 * len(fields):
        return ContractError(name, {})
    arguments: dict[str, int | str] = {}
    for position, (field, kind) in enumerate(fields):
        word = body[32 * position : 32 * position + 32]
        arguments[field] = f"0x{word[12:].hex()}" if kind == "address" else int.from_bytes(word)
    return ContractError(name, arguments)


def error_selector(name: str) -> bytes:
    """The selector of one of our errors; KeyError for a name that is not."""
    return _SELECTORS[name]


def _parse(signature: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    name, _, rest = signature.partition("(")
    pairs = [field.split(" ") for field in rest.rstrip(")").split(",") if field]
    return name, tuple((field, kind) for kind, field in pairs)


def _selector_of(signature: str) -> bytes:
    name, fields = _parse(signature)
    return selector(f"{name}({','.join(kind for _, kind in fields)})")


_KNOWN: Final = {_selector_of(text): _parse(text) for text in _SIGNATURES}
_SELECTORS: Final = {name: four_bytes for four_bytes, (name, _) in _KNOWN.items()}
