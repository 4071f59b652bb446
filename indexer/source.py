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

from backend.chain.codec import NEXT_SEQ, PROGRAM_CREATED_TOPIC, TOTAL_SUPPLY, decode_uint
from backend.chain.port import ChainError, ChainReader, ChainRefused, Header, Log
from backend.chain.program_events import SIGNED_ONLY_TOPIC
from indexer.bloom import admits, is_crowded
from indexer.errors import Doubt
from indexer.events import (
    PROGRAM_TOPICS,
    TOPICS,
    BatchApplied,
    Event,
    Note,
    ProgramCreated,
    Transfer,
    decode,
)
from indexer.reached import Reached, reached

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
    """Whether the contracts themselves said that no batch and no burn is missing."""


class Source:
    """Events of one factory's programs. `known` says how far each known program has come."""

    def __init__(self, chain: ChainReader, factory: bytes) -> None:
        self._chain = chain
        self._factory = factory
        self._span = FIRST_SPAN_BLOCKS
        self._doubted: dict[bytes, int] = {}

    def read_range(self, first: Header, last: int, known: Mapping[str, Reached]) -> Answer:
        """Events of final blocks from `first` to `last` at most, as far as one answer reaches.

        Raises ChainUnavailable (Doubt included), ChainRefused when even one block is refused,
        and MalformedLog.
        """
        end, logs = self._range_logs(first, last, known)
        last_header = first if end == first.number else self._header(end)
        if end < last and self._header(end + 1).parent_hash != last_header.hash:
            raise Doubt(f"block {end + 1}, called final, does not follow block {end}")
        headers = self._headers_of(logs, {first.number: first, end: last_header})
        events = [decode(log) for log in logs]
        then = reached(known, events)
        checked = self._state_agrees(end, then)
        if checked is False:
            raise Doubt(f"logs are missing in blocks {first.number} to {end}")
        lacks = self._lacks_programs(end, then) if checked else None
        if lacks or (lacks is None and self.missing_programs(first.number, end, then)):
            raise Doubt(f"a program is missing in blocks {first.number} to {end}")
        self._check_signing(first.number, end, logs, then)
        return Answer(last_header, events, headers, checked is True)

    def read_block(self, header: Header, known: Mapping[str, Reached]) -> Answer:
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

    def _check_signing(
        self, first: int, last: int, logs: Iterable[Log], known: Mapping[str, Reached]
    ) -> None:
        """A second look at changes of `signedOnly`, which move nothing that could be asked for."""
        told = {_place(log) for log in logs}
        again = _ask_in_chunks(
            lambda some: self._chain.logs_in_range(first, last, some, [SIGNED_ONLY_TOPIC]),
            list(map(_raw, known)),
        )
        if any(_place(log) not in told for log in again):
            raise Doubt(f"changes of signedOnly are missing in blocks {first} to {last}")

    def missing_programs(self, first: int, last: int, known: Mapping[str, Reached]) -> str | None:
        """A second look at the factory's events; None when `known` has every program."""
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

    def missing_events(self, number: int, known: Mapping[str, Reached]) -> str | None:
        """What the contracts at block `number` have that `known` lacks; None when nothing.

        Raises ChainError when the node has no state of that block.
        """
        questions = [(_raw(each), data) for each in known for data in (NEXT_SEQ, TOTAL_SUPPLY)]
        answers = iter(self._chain.call_many(questions, number))
        for program, ours in known.items():
            try:
                theirs = Reached(decode_uint(next(answers)) - 1, decode_uint(next(answers)))
            except ValueError as error:
                raise Doubt(f"nextSeq and totalSupply of {program}: {error}") from error
            if theirs.last_seq != ours.last_seq:
                return (
                    f"program {program}: batch {theirs.last_seq} is on chain, "
                    f"{ours.last_seq} is mirrored"
                )
            if theirs.total_points != ours.total_points:
                return (
                    f"program {program}: {theirs.total_points} points are on chain, "
                    f"{ours.total_points} are mirrored"
                )
        return None

    def _range_logs(
        self, first: Header, last: int, known: Mapping[str, Reached]
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

    def _complete(self, known: Mapping[str, Reached], ask: _Ask) -> list[Log]:
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
        self, header: Header, events: Sequence[Event], known: Mapping[str, Reached]
    ) -> None:
        """Raises Doubt when the header speaks of logs of ours that the answer lacks."""
        created = any(isinstance(event, ProgramCreated) for event in events)
        if not created and admits(header.logs_bloom, self._factory, PROGRAM_CREATED_TOPIC):
            if lacks := self._lacks_programs(header.number, known):
                raise Doubt(f"a program is missing in block {header.number}")
            if lacks is None:
                self._doubt(header, "the Bloom filter speaks of a new program")
        spoken_of = {
            program: ours
            for program, ours in reached(known, events).items()
            if admits(header.logs_bloom, _raw(program))
        }
        if not any(admits(header.logs_bloom, topic) for topic in PROGRAM_TOPICS):
            spoken_of = {}
        self._check_state(header, events, spoken_of)
        heard_of = {each.program for each in events if isinstance(each, Note)}
        if not is_crowded(header.logs_bloom) and admits(header.logs_bloom, SIGNED_ONLY_TOPIC):
            # It leaves no trace that could be asked for: only the filter can speak of it.
            for program in sorted(spoken_of.keys() - heard_of):
                self._doubt(header, f"the Bloom filter speaks of a key of a member of {program}")
        self._doubted.pop(header.hash, None)

    def _check_state(
        self, header: Header, events: Sequence[Event], spoken_of: Mapping[str, Reached]
    ) -> None:
        """The block may hold events that we were not told of: ask the contracts."""
        if not spoken_of:
            return
        try:
            missing = self.missing_events(header.number, spoken_of)
        except ChainError:
            told = {each.program for each in events if isinstance(each, Transfer | BatchApplied)}
            for program in sorted(spoken_of.keys() - told):
                self._doubt(header, f"the Bloom filter speaks of points of {program}")
            return
        if missing is not None:
            raise Doubt(f"logs are missing in block {header.number}: {missing}")

    def _doubt(self, header: Header, why: str) -> None:
        times = self._doubted.get(header.hash, 0) + 1
        if times <= DOUBTS_BEFORE_BELIEF:
            self._doubted = {header.hash: times}
            raise Doubt(f"block {header.number}: {why}, but there is no such log")

    def _lacks_programs(self, number: int, known: Mapping[str, Reached]) -> bool | None:
        """Whether the factory has made more by block `number`: a contract's nonce starts at 1 and
        counts what it creates (EIP-161). None where the chain does not tell."""
        try:
            made = self._chain.nonce(self._factory, number) - 1
        except ChainError:
            return None
        return None if made < len(known) else made > len(known)

    def _state_agrees(self, number: int, known: Mapping[str, Reached]) -> bool | None:
        """None when the node no longer has the state of block `number`."""
        try:
            return self.missing_events(number, known) is None
        except ChainError:
            return None


def _ask_in_chunks(ask: _Ask, addresses: Sequence[bytes]) -> list[Log]:
    """Nodes limit how many addresses one query names."""
    logs: list[Log] = []
    for start in range(0, len(addresses), ADDRESSES_PER_QUERY):
        logs += ask(addresses[start : start + ADDRESSES_PER_QUERY])
    return logs


def _place(log: Log) -> tuple[int, int]:
    return log.block_number, log.log_index


def _raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])
