"""Asking the chain in a request: only where a member's signature has to be judged.

The till's path never comes here. An answer takes a round trip to the node, in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from backend.chain.contracts import Deployment, DeploymentError
from backend.chain.port import CallReverted, ChainError, ChainReader
from backend.core.errors import ChainSilent

T = TypeVar("T")
Opened = tuple[ChainReader, Deployment]


class ChainGate:
    """The chain of the front door, opened when it is first asked."""

    def __init__(self, opening: Callable[[], Opened]) -> None:
        self._opening = opening
        self._opened: Opened | None = None

    async def ask(self, question: Callable[[ChainReader, Deployment], T]) -> T:
        """The question's answer; its CallReverted comes through, ChainSilent when there is none."""
        return await asyncio.to_thread(self._ask, question)

    def _ask(self, question: Callable[[ChainReader, Deployment], T]) -> T:
        try:
            if self._opened is None:
                self._opened = self._opening()
            return question(*self._opened)
        except CallReverted:
            raise
        except (ChainError, DeploymentError) as failure:
            raise ChainSilent("The chain does not answer; try again.") from failure
