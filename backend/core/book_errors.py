"""Refusals of whoever reads the books."""

from __future__ import annotations

from backend.core.errors import NotFound


class UnknownBlock(NotFound):
    code = "unknown_block"
    of_pages = True


class UnknownBatch(NotFound):
    code = "unknown_batch"
    of_pages = True


class UnknownPack(NotFound):
    code = "unknown_pack"
    of_pages = True
