"""The parts a front door works with, built by wiring and passed in whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backend.core.contact import Channel
from backend.ledger.group_commit import GroupCommitter
from backend.ledger.reader import Reader
from backend.ledger.vault import Vault
from backend.services.chain_gate import ChainGate
from backend.services.request_recorder import RequestRecorder


@dataclass(frozen=True, slots=True)
class House:
    """One process's parts. `now_ms` is the only clock, `entropy` the only source of chance.

    `downloads` is the folder of files that are made for people, readable by its owner only.
    `channels` are the ways messages can leave by, `dev_inbox` is whether they are shown instead.
    `requests` logs what the API is asked, where that is wanted.
    """

    committer: GroupCommitter
    ledger: Reader
    mirror: Reader
    vault: Vault
    now_ms: Callable[[], int]
    new_id: Callable[[str], str]
    entropy: Callable[[int], bytes]
    explorer_tx_url: str | None = None
    chain: ChainGate | None = None
    downloads: Path | None = None
    channels: frozenset[Channel] = frozenset(Channel)
    dev_inbox: bool = False
    requests: RequestRecorder | None = None

    def new_address(self) -> str:
        """A fresh random member address (0x hex); nothing can be derived from it."""
        return f"0x{self.entropy(20).hex()}"
