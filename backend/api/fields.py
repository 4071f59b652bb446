"""Field types shared by the request models; ranges that have a code of their own are the core's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from backend.core.money import AMOUNT_MINOR_MAX
from backend.core.operations import POINTS_MAX

_RFC3339: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Strict(BaseModel):
    """A request model: no unknown member, no coercion (so no float, NaN or bool as int)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Answered(BaseModel):
    """A response model."""

    model_config = ConfigDict(frozen=True)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable text")
    return text


def _is_rfc3339(text: str) -> str:
    to_ms(text)
    return text


@lru_cache(maxsize=256)
def to_ms(text: str) -> int:
    """UTC milliseconds of an RFC 3339 timestamp, rounded down; raises ValueError."""
    if not _RFC3339.fullmatch(text):
        raise ValueError("must be an RFC 3339 time with its offset, as 2026-03-01T12:30:00+01:00")
    whole, fraction, offset = _split(text)
    moment = datetime.fromisoformat(whole + offset)
    try:
        since = moment - _EPOCH
    except OverflowError:
        raise ValueError("must be a time after 1970") from None
    milliseconds = since // timedelta(milliseconds=1) + int(fraction[:3].ljust(3, "0"))
    if milliseconds < 0:
        raise ValueError("must be a time after 1970")
    return milliseconds


def to_rfc3339(at_ms: int) -> str:
    """A time in UTC milliseconds as RFC 3339 text with Z."""
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _split(text: str) -> tuple[str, str, str]:
    whole, rest = text[:19].upper(), text[19:].upper()
    fraction = ""
    if rest.startswith("."):
        fraction = re.split(r"[^0-9]", rest[1:], maxsplit=1)[0]
        rest = rest[1 + len(fraction) :]
    return whole, fraction, "+00:00" if rest == "Z" else rest


Text = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(_printable)]
Timestamp = Annotated[
    str,
    AfterValidator(_is_rfc3339),
    Field(
        json_schema_extra={"format": "date-time", "examples": ["2026-03-01T12:30:00+01:00"]},
        description="RFC 3339 with offset; what the till's clock said.",
    ),
]
AmountMinor = Annotated[
    int,
    Field(
        json_schema_extra={"minimum": 0, "maximum": AMOUNT_MINOR_MAX},
        description="Minor units of the currency (cents).",
        examples=[1177],
    ),
]
Points = Annotated[
    int, Field(json_schema_extra={"minimum": 1, "maximum": POINTS_MAX}, examples=[50])
]
Currency = Annotated[str, Field(max_length=16, description="ISO 4217 code.", examples=["EUR"])]
