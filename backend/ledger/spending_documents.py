"""Stored documents of rewards, parsed once each."""

from __future__ import annotations

import json
from functools import lru_cache

from backend.core.rewards import RewardTerms


@lru_cache(maxsize=4096)
def reward_terms(document: str) -> RewardTerms:
    """The terms of a document that was checked when it was stored."""
    return RewardTerms.parse(json.loads(document))
