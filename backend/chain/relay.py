"""Questions of others passed on to the node as they are, and its answers passed back."""

from __future__ import annotations

from typing import Final

import urllib3

from backend.chain.port import ChainUnavailable

ANSWER_BYTES_MAX: Final = 32 * 1024 * 1024


class AnswerTooLarge(Exception):
    """The node's answer is longer than anybody should wait for."""


class Relay:
    """A node's HTTP endpoint. Knows nothing of what is asked: whoever calls has to."""

    def __init__(
        self, url: str, *, connections: int = 8, answer_bytes_max: int = ANSWER_BYTES_MAX
    ) -> None:
        self._url = url
        self._answer_bytes_max = answer_bytes_max
        self._http = urllib3.PoolManager(
            maxsize=connections,
            retries=False,
            timeout=urllib3.Timeout(connect=3.0, read=20.0),
            headers={"Content-Type": "application/json"},
        )

    def ask(self, body: bytes) -> bytes:
        """The answer's body. Raises ChainUnavailable and AnswerTooLarge."""
        try:
            response = self._http.request("POST", self._url, body=body, preload_content=False)
            answer: bytes = response.read(self._answer_bytes_max + 1)
            if len(answer) > self._answer_bytes_max:
                # What is left of it cannot be skipped: this connection is of no more use.
                response.close()
                raise AnswerTooLarge
            response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # The error's text names the URL, which may hold a key.
            raise ChainUnavailable(f"no answer: {type(error).__name__}") from None
        if response.status != 200:
            raise ChainUnavailable(f"HTTP status {response.status}")
        return answer

    def close(self) -> None:
        self._http.clear()
