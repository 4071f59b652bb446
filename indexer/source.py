"""Reading events off a chain that may refuse, lag and leave things out.

Final history comes in ranges whose length adapts to what the node accepts and how many logs it
holds; unfinal blocks come one by one, by block hash. An answer is only passed on when nothing
speaks against it; else it is a Doubt and the same question is asked again later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from backend.chain.codec import BATCH_APPLIED_TOPIC, NEXT_SEQ, PROGRAM_CREATED_TOPIC, decode_uint
from backend.chain.port import ChainError, ChainReader, ChainRefused, Header, Log
from indexer.bloom import admits
from indexer.errors import Doubt
from indexer.events import TOPICS, BatchApplied, Event, ProgramCreated, decode

FIRST_SPAN_BLOCKS: Final = 20
MAX_SPAN_BLOCKS: Final = 20_000
LOGS_WANTED: Final = 20_000
"""About how many logs a range should hold: enough to amortise a commit, little memory."""

ADDRESSES_PER_QUERY: Final = 500
DOUBTS_BEFORE_BELIEF: Final = 3
"""A Bloom filter that cannot be checked against the state is chance after so many same answers."""


_Ask = Callable[[Sequence[bytes]], list[Log]]


@dataclass(frozen=True, slots=True)
class Answer:
    """The events of consecutive blocks, in order."""

    last: Header
    events: list[Event]
    headers: list[Header]
    """The blocks that hold an event of ours, ascending."""

    state_checked: bool
    """Whether the contracts themselves said that no batch is missing."""


class Source:
    """Events of one factory's programs. `known` maps each known program to its last batch."""

    def __init__(self, chain: ChainReader, factory: bytes) -> None:
        self._chain = chain
        self._factory = factory
        self._span = FIRST_SPAN_BLOCKS
        self._doubted: dict[bytes, int] = {}

    def read_range(self, first: Header, last: int, known: Mapping[str, int]) -> Answer:
        """Events of final blocks from `first` to `last` at most, as far as one answer reaches.

        Raises ChainUnavailable (Doubt included), ChainRefused when even one block is refused,
        and MalformedLog.
        """
        end, logs = self._range_logs(first, last, known)
        last_header = first if end == first.number else self._header(end)
        headers = self._headers_of(logs, {first.number: first, end: last_header})
        events = [decode(log) for log in logs]
        checked = self._state_agrees(end, last_seqs(known, events))
        if checked is False:
            raise Doubt(f"logs are missing in blocks {first.number} to {end}")
        return Answer(last_header, events, headers, checked is True)

    def read_block(self, header: Header, known: Mapping[str, int]) -> Answer:
        """Events of one block, asked for by its hash; raises as `read_range` does."""
        logs = self._complete(
            known, lambda addresses: self._chain.logs_of_block(header.hash, addresses, TOPICS)
        )
        for log in logs:
            if log.block_hash != header.hash or log.block_number != header.number:
                raise Doubt(f"a log of another block than {header.number}")
        events = [decode(log) for log in logs]
        self._check_bloom(header, events, known)
        return Answer(header, events, [header] if events else [], state_checked=False)

    def missing_programs(self, first: int, last: int, known: Mapping[str, int]) -> str | None:
        """A second look at the factory's events; None when `known` has every program.

        A program that was left out once is never asked for again, and nothing else would tell.
        """
        start, span = first, MAX_SPAN_BLOCKS
        while start <= last:
            end = min(last, start + span - 1)
            query = self._chain.logs_in_range
            try:
                logs = query(start, end, [self._factory], [PROGRAM_CREATED_TOPIC])
            except ChainRefused:
                if span == 1:
                    raise
                span //= 2
                continue
            for program in ("0x" + log.topics[1][12:].hex() for log in logs if self._creates(log)):
                if program not in known:
                    return f"program {program} is on chain and not mirrored"
            start = end + 1
        return None

    def missing_batches(self, number: int, known: Mapping[str, int]) -> str | None:
        """What the contracts at block `number` have that `known` lacks; None when nothing.

        Raises ChainError when the node has no state of that block.
        """
        for program, last_seq in known.items():
            on_chain = self._last_seq(program, number)
            if on_chain != last_seq:
                return f"program {program}: batch {on_chain} is on chain, {last_seq} is mirrored"
        return None

    def _range_logs(
        self, first: Header, last: int, known: Mapping[str, int]
    ) -> tuple[int, list[Log]]:
        while True:
            end = min(last, first.number + self._span - 1)
            try:
                logs = self._complete(known, self._range_query(first.number, end))
            except ChainError as error:
                # Too many results, too long a range, too slow: nodes say it in many ways.
                shorter = self._span // 2
                self._span = max(1, shorter)
                if isinstance(error, ChainRefused) and shorter:
                    continue
                raise
            if any(not first.number <= log.block_number <= end for log in logs):
                raise Doubt(f"a log from outside blocks {first.number} to {end}")
            wanted = self._span * LOGS_WANTED // max(1, len(logs))
            self._span = max(1, min(wanted, 2 * self._span, MAX_SPAN_BLOCKS))
            return end, logs

    def _range_query(self, first: int, last: int) -> _Ask:
        return lambda addresses: self._chain.logs_in_range(first, last, addresses, TOPICS)

    def _complete(self, known: Mapping[str, int], ask: _Ask) -> list[Log]:
        """Our logs in order, those of programs that are created among them included."""
        asked = [self._factory, *map(_raw, known)]
        logs = _ask_in_chunks(ask, asked)
        created = [log.topics[1][12:] for log in logs if self._creates(log)]
        if created:
            logs += _ask_in_chunks(ask, created)
        logs.sort(key=_place)
        for before, after in pairwise(map(_place, logs)):
            if before == after:
                raise Doubt(f"log {after[1]} of block {after[0]} was given twice")
        allowed = {*asked, *created}
        if any(log.address not in allowed for log in logs):
            raise Doubt("a log of a contract that was not asked for")
        return logs

    def _creates(self, log: Log) -> bool:
        if log.topics[:1] != (PROGRAM_CREATED_TOPIC,):
            return False
        if log.address != self._factory or len(log.topics) != 4:
            raise Doubt(f"a program made by 0x{log.address.hex()}, which is not our factory")
        return True

    def _headers_of(self, logs: Iterable[Log], held: dict[int, Header]) -> list[Header]:
        hashes: dict[int, bytes] = {}
        for log in logs:
            if hashes.setdefault(log.block_number, log.block_hash) != log.block_hash:
                raise Doubt(f"logs of two blocks {log.block_number}")
        headers = []
        for number, block_hash in hashes.items():
            header = held.get(number) or self._header(number)
            if header.hash != block_hash:
                raise Doubt(f"logs of another block {number} than the node's own")
            headers.append(header)
        return headers

    def _header(self, number: int) -> Header:
        header = self._chain.header(number)
        if header is None:
            raise Doubt(f"the node lacks block {number}, which it calls final")
        return header

    def _check_bloom(
        self, header: Header, events: Sequence[Event], known: Mapping[str, int]
    ) -> None:
        """Raises Doubt when the header speaks of logs of ours that the answer lacks."""
        created = any(isinstance(event, ProgramCreated) for event in events)
        if not created and admits(header.logs_bloom, self._factory, PROGRAM_CREATED_TOPIC):
            self._doubt(header, "the Bloom filter speaks of a new program")
        seqs = last_seqs(known, events)
        if not admits(header.logs_bloom, BATCH_APPLIED_TOPIC):
            return
        for program, last_seq in seqs.items():
            if last_seq == known.get(program) and admits(header.logs_bloom, _raw(program)):
                self._doubt_program(header, program, last_seq)
        self._doubted.pop(header.hash, None)

    def _doubt_program(self, header: Header, program: str, last_seq: int) -> None:
        """The block may hold a batch of `program` that we were not told of: ask the contract."""
        try:
            on_chain = self._last_seq(program, header.number)
        except ChainError:
            self._doubt(header, f"the Bloom filter speaks of a batch of {program}")
            return
        if on_chain != last_seq:
            raise Doubt(f"logs of program {program} are missing in block {header.number}")

    def _doubt(self, header: Header, why: str) -> None:
        times = self._doubted.get(header.hash, 0) + 1
        if times <= DOUBTS_BEFORE_BELIEF:
            self._doubted = {header.hash: times}
            raise Doubt(f"block {header.number}: {why}, but there is no such log")

    def _state_agrees(self, number: int, seqs: Mapping[str, int]) -> bool | None:
        """None when the node no longer has the state of block `number`."""
        try:
            return self.missing_batches(number, seqs) is None
        except ChainError:
            return None

    def _last_seq(self, program: str, number: int) -> int:
        answer = self._chain.call(_raw(program), NEXT_SEQ, block=number)
        try:
            return decode_uint(answer) - 1
        except ValueError as error:
            raise Doubt(f"nextSeq of {program}: {error}") from error


def _ask_in_chunks(ask: _Ask, addresses: Sequence[bytes]) -> list[Log]:
    """Nodes limit how many addresses one query names."""
    logs: list[Log] = []
    for start in range(0, len(addresses), ADDRESSES_PER_QUERY):
        logs += ask(addresses[start : start + ADDRESSES_PER_QUERY])
    return logs


def last_seqs(known: Mapping[str, int], events: Iterable[Event]) -> dict[str, int]:
    """The last batch of each program once `events` have happened."""
    seqs = dict(known)
    for event in events:
        if isinstance(event, BatchApplied):
            seqs[event.program] = event.seq
        elif isinstance(event, ProgramCreated):
            seqs[event.address] = 0
    return seqs


def _place(log: Log) -> tuple[int, int]:
    return log.block_number, log.log_index


def _raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])
