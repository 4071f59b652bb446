"""Refusals of whoever reads the books."""

from __future__ import annotations

from backend.core.errors import NotFound


class UnknownBlock(NotFound):
    code = "unknown_block"


class UnknownBatch(NotFound):
    code = "unknown_batch"


class UnknownPack(NotFound):
    code = "unknown_pack"
