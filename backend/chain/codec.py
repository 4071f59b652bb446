"""The ABI of our contracts, written out by hand for what the hot path sends and reads.

Integers are plain ints, addresses 20 bytes, hashes 32 bytes. Decoders raise ValueError on data
that is not what the signature says. Contract errors are decoded in contract_errors.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backend.chain.keccak import keccak256, selector
from backend.chain.port import Log
from backend.chain.program_rules import DEFAULT_RULES, ProgramRules

SETTLE: Final = selector("settle((address,uint64,bytes32,uint256[])[])")
CREATE_PROGRAM: Final = selector(
    "createProgram(address,bytes32,(string,string,uint8,uint8,uint8,int16,bool,uint16,"
    "uint64,uint48,uint48,bytes32,string,string))"
)
PROGRAM_OF: Final = selector("programOf(address,bytes32)")
NEXT_SEQ: Final = selector("nextSeq()")
TOTAL_SUPPLY: Final = selector("totalSupply()")
BALANCE_OF: Final = selector("balanceOf(address)")
BUCKETS_OF: Final = selector("bucketsOf(address)")
IS_OPERATOR: Final = selector("isOperator(address)")
OPERATOR_FROM: Final = selector("operatorFrom(address)")
ADD_OPERATOR: Final = selector("addOperator(address)")
MINT_PAUSED: Final = selector("mintPaused()")

TRANSFER_TOPIC: Final = keccak256(b"Transfer(address,address,uint256)")
BATCH_APPLIED_TOPIC: Final = keccak256(b"BatchApplied(uint64,bytes32,uint256,uint256,uint256)")
PROGRAM_CREATED_TOPIC: Final = keccak256(
    b"ProgramCreated(address,address,bytes32,uint32,string,string,uint8)"
)

_ZERO_WORD: Final = bytes(32)
_ADDRESS_PAD: Final = bytes(12)


@dataclass(frozen=True, slots=True)
class SettleBatch:
    """One program's part of a settle call; `words` are 32-byte batch words end to end."""

    program: bytes
    seq: int
    receipts_root: bytes
    words: bytes

    @property
    def word_count(self) -> int:
        return len(self.words) // 32


@dataclass(frozen=True, slots=True)
class Transfer:
    """A mint (`points` positive) or burn (negative) of one member's points."""

    program: bytes
    member: bytes
    points: int


@dataclass(frozen=True, slots=True)
class BatchApplied:
    program: bytes
    seq: int
    receipts_root: bytes
    word_count: int
    minted_points: int
    burned_points: int


@dataclass(frozen=True, slots=True)
class ProgramCreated:
    factory: bytes
    program: bytes
    issuer: bytes
    salt: bytes
    version: int
    name: str
    symbol: str
    decimals: int


def encode_settle(batches: Sequence[SettleBatch]) -> bytes:
    """Calldata of `Settlement.settle`."""
    bodies = [_settle_tuple(batch) for batch in batches]
    offsets = []
    offset = 32 * len(bodies)
    for body in bodies:
        offsets.append(_uint(offset))
        offset += len(body)
    return b"".join([SETTLE, _uint(32), _uint(len(bodies)), *offsets, *bodies])


def decode_settle(calldata: bytes) -> list[SettleBatch]:
    """The batches of a `settle` call; ValueError when it is another call or is cut short."""
    if calldata[:4] != SETTLE:
        raise ValueError("not a settle call")
    data = calldata[4:]
    array = _int(data, 0)
    tuples = array + 32
    count = _int(data, array)
    if count > len(data) // 32:
        raise ValueError("more batches than bytes")
    return [_read_tuple(data, tuples + _int(data, tuples + 32 * i)) for i in range(count)]


def encode_create_program(
    issuer: bytes,
    salt: bytes,
    name: str,
    symbol: str,
    decimals: int,
    rules: ProgramRules = DEFAULT_RULES,
) -> bytes:
    """Calldata of `ProgramFactory.createProgram`."""
    tails = [_string(text) for text in (name, symbol, rules.terms_uri, rules.contract_uri)]
    offsets, offset = [], 14 * 32
    for tail in tails:
        offsets.append(_uint(offset))
        offset += len(tail)
    name_at, symbol_at, terms_at, contract_at = offsets
    return b"".join(
        [
            CREATE_PROGRAM,
            _address(issuer),
            salt,
            _uint(3 * 32),
            name_at,
            symbol_at,
            _uint(decimals),
            _uint(rules.period_months),
            _uint(rules.validity_periods),
            (rules.utc_offset_minutes % 2**256).to_bytes(32, "big"),
            _uint(rules.signed_only),
            _uint(rules.notice_days),
            _uint(rules.supply_cap),
            _uint(rules.mint_per_day),
            _uint(rules.debit_per_day),
            rules.terms_hash,
            terms_at,
            contract_at,
            *tails,
        ]
    )


def encode_program_of(issuer: bytes, salt: bytes) -> bytes:
    return PROGRAM_OF + _address(issuer) + salt


def encode_balance_of(member: bytes) -> bytes:
    return BALANCE_OF + _address(member)


def encode_buckets_of(member: bytes) -> bytes:
    return BUCKETS_OF + _address(member)


def decode_buckets(data: bytes) -> tuple[int, tuple[int, ...]]:
    """What `bucketsOf` answers: the period, and live points by age, the newest first."""
    if len(data) != 6 * 32:
        raise ValueError(f"expected six words, got {len(data)} bytes")
    period, *buckets = (_int(data, 32 * n) for n in range(6))
    return period, tuple(buckets)


def encode_add_operator(account: bytes) -> bytes:
    return ADD_OPERATOR + _address(account)


def encode_operator_from(account: bytes) -> bytes:
    return OPERATOR_FROM + _address(account)


def encode_is_operator(account: bytes) -> bytes:
    return IS_OPERATOR + _address(account)


def decode_uint(data: bytes) -> int:
    """The one unsigned integer a view answered."""
    if len(data) != 32:
        raise ValueError(f"expected one word, got {len(data)} bytes")
    return int.from_bytes(data, "big")


def decode_address(data: bytes) -> bytes:
    """The one address a view answered (20 bytes; zero bytes for nobody)."""
    if len(data) != 32 or data[:12] != _ADDRESS_PAD:
        raise ValueError("expected one address")
    return data[12:]


def decode_transfer(log: Log) -> Transfer:
    """A program's Transfer; ValueError for a transfer between two members, which cannot exist."""
    if len(log.topics) != 3 or log.topics[0] != TRANSFER_TOPIC or len(log.data) != 32:
        raise ValueError("not a Transfer of ours")
    _, sender, recipient = log.topics
    points = int.from_bytes(log.data, "big")
    if sender == _ZERO_WORD and recipient != _ZERO_WORD:
        return Transfer(log.address, recipient[12:], points)
    if recipient == _ZERO_WORD and sender != _ZERO_WORD:
        return Transfer(log.address, sender[12:], -points)
    raise ValueError("a Transfer that neither mints nor burns")


def decode_batch_applied(log: Log) -> BatchApplied:
    if len(log.topics) != 2 or log.topics[0] != BATCH_APPLIED_TOPIC or len(log.data) != 128:
        raise ValueError("not a BatchApplied of ours")
    data = log.data
    return BatchApplied(
        program=log.address,
        seq=int.from_bytes(log.topics[1], "big"),
        receipts_root=data[:32],
        word_count=_int(data, 32),
        minted_points=_int(data, 64),
        burned_points=_int(data, 96),
    )


def decode_program_created(log: Log) -> ProgramCreated:
    """The factory's event; ValueError when it is another event or its strings are broken."""
    if len(log.topics) != 4 or log.topics[0] != PROGRAM_CREATED_TOPIC:
        raise ValueError("not a ProgramCreated of ours")
    _, program, issuer, salt = log.topics
    data = log.data
    return ProgramCreated(
        factory=log.address,
        program=program[12:],
        issuer=issuer[12:],
        salt=salt,
        version=_int(data, 0),
        name=_read_string(data, _int(data, 32)),
        symbol=_read_string(data, _int(data, 64)),
        decimals=_int(data, 96),
    )


def _settle_tuple(batch: SettleBatch) -> bytes:
    return b"".join(
        [
            _address(batch.program),
            _uint(batch.seq),
            batch.receipts_root,
            _uint(4 * 32),
            _uint(batch.word_count),
            batch.words,
        ]
    )


def _read_tuple(data: bytes, at: int) -> SettleBatch:
    words_at = at + _int(data, at + 96)
    first = words_at + 32
    words = data[first : first + 32 * _int(data, words_at)]
    if len(words) != 32 * _int(data, words_at):
        raise ValueError("words cut short")
    return SettleBatch(
        program=decode_address(data[at : at + 32]),
        seq=_int(data, at + 32),
        receipts_root=data[at + 64 : at + 96],
        words=words,
    )


def _uint(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _address(address: bytes) -> bytes:
    if len(address) != 20:
        raise ValueError(f"an address has 20 bytes, not {len(address)}")
    return _ADDRESS_PAD + address


def _string(text: str) -> bytes:
    data = text.encode()
    return _uint(len(data)) + data + bytes(-len(data) % 32)


def _int(data: bytes, at: int) -> int:
    word = data[at : at + 32]
    if len(word) != 32:
        raise ValueError("data cut short")
    return int.from_bytes(word, "big")


def _read_string(data: bytes, at: int) -> str:
    size = _int(data, at)
    text = data[at + 32 : at + 32 + size]
    if len(text) != size:
        raise ValueError("string cut short")
    # A name is data from outside: it may be anything, and must not stop the indexer.
    return text.decode("utf-8", "replace")
