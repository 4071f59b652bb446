"""A small HTTP/1.1 load generator: keep-alive connections, one request in flight on each."""

from __future__ import annotations

import asyncio
import functools
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import uvloop


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What a run measured; latencies in milliseconds."""

    requests_count: int
    seconds: float
    p50_ms: float
    p99_ms: float
    statuses: Counter[int]

    @property
    def per_second(self) -> float:
        return self.requests_count / self.seconds


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._done = done
        self._buffer = b""
        self._sent_at = 0.0
        self._warm = False
        self.latencies_s: list[float] = []
        self.statuses: Counter[int] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            if not self._done.done():
                self._done.set_result(None)
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._buffer[:head_end].lower()
        marker = head.index(b"content-length:") + 15
        length = int(head[marker : (head + b"\r\n").index(b"\r\n", marker)])
        if len(self._buffer) < head_end + 4 + length:
            return
        # The first answers wait for every connection to be opened: they are no till's latency.
        if self._warm:
            self.latencies_s.append(time.perf_counter() - self._sent_at)
        self._warm = True
        self.statuses[int(head[9:12])] += 1
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server closed the connection"))


def _same(protocol: _Connection) -> _Connection:
    return protocol


async def _run(host: str, port: int, connections: int, requests: Iterator[bytes]) -> LoadResult:
    loop = asyncio.get_running_loop()
    open_connections: list[tuple[asyncio.Future[None], _Connection]] = []
    started = time.perf_counter()
    for _ in range(connections):
        done: asyncio.Future[None] = loop.create_future()
        protocol = _Connection(requests, done)
        await loop.create_connection(functools.partial(_same, protocol), host, port)
        open_connections.append((done, protocol))
    await asyncio.gather(*(done for done, _ in open_connections))
    seconds = time.perf_counter() - started
    latencies_s = sorted(s for _, protocol in open_connections for s in protocol.latencies_s)
    statuses: Counter[int] = Counter()
    for _, protocol in open_connections:
        statuses += protocol.statuses
    count = len(latencies_s)
    answered = sum(statuses.values())
    return LoadResult(
        requests_count=answered,
        seconds=seconds,
        p50_ms=latencies_s[count // 2] * 1000,
        p99_ms=latencies_s[min(count - 1, count * 99 // 100)] * 1000,
        statuses=statuses,
    )


def load(host: str, port: int, connections: int, requests: Iterator[bytes]) -> LoadResult:
    """Sends every request over `connections` connections; raises ConnectionError if one breaks."""
    return uvloop.run(_run(host, port, connections, requests))


def post(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """The bytes of one POST."""
    lines = [f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
