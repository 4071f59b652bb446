"""Segments: named conditions about a member, which rules refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.core.engine.conditions import Condition, Scope, parse_when
from backend.core.engine.context import Context
from backend.core.engine.reading import Reading
from backend.core.engine.rfm import RfmScale

SEGMENTS_MAX = 200


@dataclass(frozen=True, slots=True)
class Segments:
    """The document's segments, and the scale of its RFM scores."""

    conditions: Mapping[str, Condition] = field(default_factory=dict)
    rfm: RfmScale = field(default_factory=RfmScale)


def parse_segments(document: Reading) -> Segments:
    """The sections `segments` and `rfm`; raises RuleInvalid."""
    conditions: dict[str, Condition] = {}
    if document.has("segments"):
        for item in document.child("segments").items(SEGMENTS_MAX):
            item.fields("id", "title", "when")
            name = item.get("id", Reading.identifier)
            if name in conditions:
                raise item.child("id").refuse("two segments have this id.")
            if item.has("title"):
                item.child("title").text()
            conditions[name] = item.get("when", lambda when: parse_when(when, Scope("member")))
    scale = RfmScale.parse(document.child("rfm")) if document.has("rfm") else RfmScale()
    return Segments(conditions, scale)


def segments_of(context: Context) -> tuple[str, ...]:
    """The segments that the member is in, by name."""
    names = sorted(context.segments.conditions)
    return tuple(name for name in names if context.in_segment(name))
