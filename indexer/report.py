"""What a step of the indexer reports, for logs and metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step did. `lag_blocks` is how far the mirror is behind the node's head."""

    top_block: int
    final_block: int
    blocks: int = 0
    events: int = 0
    undone_blocks: int = 0
    lag_blocks: int = 0
    failure: str | None = None
    """Why nothing could be done now; it is tried again."""

    halted: str | None = None
    """The alarm: why following stopped. As long as it is so, nothing is written but this."""

    @property
    def progressed(self) -> bool:
        """Whether another step is worth taking at once."""
        return self.blocks > 0 or self.undone_blocks > 0
