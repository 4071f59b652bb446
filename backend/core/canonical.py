"""One byte string per value: the form in which documents are hashed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

_ENCODER: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def canonical_json(document: Mapping[str, object]) -> bytes:
    """JSON with sorted keys, no spaces and plain integers, in UTF-8 (RFC 8785 for our types)."""
    return _ENCODER.encode(document).encode()
