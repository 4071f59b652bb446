"""POST to a server that may be slow, wrong or hostile: bounded in time and in what is read."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from types import TracebackType
from typing import Final
from urllib.parse import urlsplit

from backend.duties.addresses import AddressRefused, Reach, open_socket

CONNECT_S: Final = 5.0
WHOLE_S: Final = 10.0
ANSWER_BYTES: Final = 400

# Verifying certificates costs a file read: one context serves every thread.
_tls: Final = lru_cache(maxsize=1)(ssl.create_default_context)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back: the status and the answer's first characters, or why nothing did."""

    status: int | None
    took_ms: int
    answer: str

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class Line:
    """One server, its connection kept from request to request. Redirects are not followed."""

    def __init__(self, url: str, reach: Reach, whole_s: float = WHOLE_S) -> None:
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._secure else 80)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._reach = reach
        self._whole_s = whole_s
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._close()

    def post(self, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """One request. A kept connection that the server has closed meanwhile is opened anew."""
        started = time.monotonic()
        try:
            if self._connection is not None:
                try:
                    status, answer = self._send(body, headers)
                except (HTTPException, ConnectionError):
                    self._close()
                    status, answer = self._send(body, headers)
            else:
                status, answer = self._send(body, headers)
        except (OSError, HTTPException, UnicodeError, AddressRefused) as failure:
            self._close()
            return Outcome(None, _since_ms(started), _reason(failure))
        return Outcome(status, _since_ms(started), answer)

    def _send(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        connection = self._connection or self._open()
        # A timeout of the socket is for each read; a server that sends a byte now and then is cut
        # off as a whole.
        cut = threading.Timer(self._whole_s, _cut, [connection.sock])
        cut.daemon = True
        cut.start()
        try:
            connection.request("POST", self._path, body, dict(headers))
            response = connection.getresponse()
            text = response.read(ANSWER_BYTES)
            if not response.isclosed():
                self._close()
            return response.status, _printable(text)
        finally:
            cut.cancel()

    def _open(self) -> http.client.HTTPConnection:
        sock = open_socket(self._host, self._port, self._reach, CONNECT_S)
        sock.settimeout(self._whole_s)
        if self._secure:
            sock = _tls().wrap_socket(sock, server_hostname=self._host)
        connection = http.client.HTTPConnection(self._host, self._port)
        # The port is left out of the Host header where it is the scheme's own.
        connection.default_port = 443 if self._secure else 80
        connection.sock = sock
        # Nothing may connect past the look at the address.
        connection.auto_open = 0
        self._connection = connection
        return connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _cut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It was closed in the same moment, which is as good.
        return


def _since_ms(started: float) -> int:
    return int((time.monotonic() - started) * 1000)


def _printable(text: bytes) -> str:
    shown = text.decode("utf-8", "replace")
    return "".join(each if each.isprintable() else " " for each in shown).strip()


def _reason(failure: Exception) -> str:
    """Why there was no answer, in words that say nothing of our own network."""
    if isinstance(failure, AddressRefused):
        return "refused: not a public address"
    if isinstance(failure, TimeoutError):
        return "timed out"
    if isinstance(failure, ssl.SSLError):
        return "the certificate or TLS was not accepted"
    if isinstance(failure, socket.gaierror):
        return "the host name has no address"
    if isinstance(failure, ConnectionRefusedError):
        return "connection refused"
    return "the connection broke"
