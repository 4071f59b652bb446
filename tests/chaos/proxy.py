"""Bytes both ways on loopback, until told otherwise: the network's bad days, played in seconds."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import Final

_CHUNK: Final = 1 << 16


class Weather(Enum):
    """What becomes of a connection."""

    FAIR = "both ways"
    DOWN = "every connection ends at once, and so do those that are open"
    DEAF = "what is asked does not arrive, and nothing is answered"
    MUTE = "what is asked arrives, and nothing is answered"


class Proxy:
    """Listens on a port of its own in front of whatever `connect` connects to."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect
        self._weather = Weather.FAIR
        self._swallow: bytes | None = None
        self._refusal: tuple[bytes, bytes] | None = None
        self._refusals = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def be(self, weather: Weather) -> None:
        """From now on; connections that were told nothing stay silent until they end."""
        self._weather = weather
        if weather is not Weather.MUTE and weather is not Weather.DEAF:
            self._hang_up()

    def swallow_answer_to(self, words: bytes) -> None:
        """The next time a client says this, it arrives, and the line is cut before the answer."""
        self._swallow = words

    @property
    def swallowed(self) -> bool:
        return self._swallow is None

    def refuse(self, method: bytes, message: str) -> None:
        """From now on whoever calls this JSON-RPC method is told so, and the node hears nothing."""
        error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": message}}
        body = json.dumps(error).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        self._refusals = 0
        self._refusal = method, f"{head}\r\n\r\n".encode() + body

    def refuse_nothing(self) -> None:
        self._refusal = None

    @property
    def refusals(self) -> int:
        """How often the last refusal was said."""
        return self._refusals

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._hang_up()

    def _hang_up(self) -> None:
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._weather is Weather.DOWN:
                client.close()
                continue
            try:
                server = self._connect()
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            cut = threading.Event()
            for pump in (self._asked, self._answered):
                threading.Thread(target=pump, args=(client, server, cut), daemon=True).start()

    def _asked(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while words := client.recv(_CHUNK):
                if (refusal := self._refusal) is not None:
                    words = _whole_request(client, words)
                    if refusal[0] in words:
                        client.sendall(refusal[1])
                        self._refusals += 1
                        continue
                if self._swallow is not None and self._swallow in words:
                    self._swallow = None
                    cut.set()
                if self._weather is not Weather.DEAF:
                    server.sendall(words)
        self._end(client, server)

    def _answered(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while words := server.recv(_CHUNK):
                if cut.is_set():
                    break
                if self._weather is Weather.FAIR:
                    client.sendall(words)
        self._end(client, server)

    def _end(self, *ends: socket.socket) -> None:
        with self._lock:
            for each in ends:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
                self._open.discard(each)


def _whole_request(client: socket.socket, words: bytes) -> bytes:
    """The HTTP request that begins with these words, read to its end."""
    while (end := words.find(b"\r\n\r\n")) < 0:
        words += client.recv(_CHUNK)
    length = re.search(rb"content-length: *(\d+)", words[:end], re.IGNORECASE)
    whole = end + 4 + (int(length[1]) if length else 0)
    while len(words) < whole:
        words += client.recv(_CHUNK)
    return words


def to_port(port: int) -> Callable[[], socket.socket]:
    return lambda: socket.create_connection(("127.0.0.1", port))


def to_unix_socket(path: str) -> Callable[[], socket.socket]:
    def connect() -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        made.connect(path)
        return made

    return connect
