"""The indexer's own errors; those of the chain are in backend.chain.port.

IndexerError
├── ProjectionError     the events contradict each other or what is already mirrored
│   └── MalformedLog    a log of ours that our contracts cannot have emitted
├── MirrorMoved         somebody else writes the same mirror
└── Doubt               also a ChainUnavailable: an answer that is not to be believed yet
"""

from __future__ import annotations

from backend.chain.port import ChainUnavailable, Log


class IndexerError(Exception):
    """Nothing was written."""


class ProjectionError(IndexerError):
    """Events that cannot be all that our contracts emitted."""


class MalformedLog(ProjectionError):
    def __init__(self, log: Log, what: str) -> None:
        super().__init__(
            f"log {log.log_index} of block {log.block_number} at 0x{log.address.hex()}: {what}"
        )


class MirrorMoved(IndexerError):
    """The cursor is not where we left it."""


class Doubt(IndexerError, ChainUnavailable):
    """The node answered, but not so that it can be believed: ask again later."""
