"""Reading the next range of final history while the one before it is being written."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from backend.chain.port import ChainReader
from indexer.errors import Doubt
from indexer.follower import FetchRange
from indexer.reached import Reached, reached
from indexer.source import Answer, Source


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A range on its way: it follows the block with the hash `onto`."""

    onto: bytes
    answer: Future[Answer]


class ReadAhead:
    """Answers FetchRange from what was asked for in advance, when that fits."""

    def __init__(self, chain: ChainReader, source: Source, executor: Executor | None) -> None:
        """Without an executor nothing is read in advance."""
        self._chain = chain
        self._source = source
        self._executor = executor
        self._ahead: _Ahead | None = None

    def read(self, action: FetchRange, known: Mapping[str, Reached]) -> Answer:
        """The range's first part, as Source.read_range gives and raises."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.onto == action.first.parent_hash:
            answer = ahead.answer.result()
        else:
            answer = self._source.read_range(action.first, action.last, known)
        if self._executor is not None and answer.last.number < action.last:
            following = reached(known, answer.events)
            future = self._executor.submit(self._next, answer, action.last, following)
            self._ahead = _Ahead(answer.last.hash, future)
        return answer

    def forget(self) -> None:
        """What was asked for in advance is not wanted any more."""
        self._ahead = None

    def _next(self, before: Answer, last: int, known: Mapping[str, Reached]) -> Answer:
        number = before.last.number + 1
        header = self._chain.header(number)
        if header is None or header.parent_hash != before.last.hash:
            raise Doubt(f"block {number}, called final, does not follow block {number - 1}")
        return self._source.read_range(header, last, known)
