"""Webhooks: what can be told, how it is signed (Standard Webhooks 1.0), when it is tried again."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from backend.core.errors import Conflict, InvalidInput, NotFound

SECRET_BYTES: Final = 32
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what every secret begins with, no secret
BOTH_SECRETS_MS: Final = 24 * 3_600_000
"""How long the secret before a rotation still signs beside the new one."""

URL_LENGTH_MAX: Final = 500
ENDPOINTS_MAX: Final = 20
ALL: Final = "*"

HOLDING_ATTEMPTS: Final = 7
"""An event that failed fewer times holds back those behind it: about the first hour."""

_WAIT_S: Final = (
    5, 30, 120, 300, 900, 2_400, 3_600, 7_200, 14_400, 28_800, 57_600, 57_600, 57_600,
)  # fmt: skip
GIVE_UP_MS: Final = 72 * 3_600_000
DISABLE_MS: Final = 5 * 24 * 3_600_000
"""An endpoint that took nothing for so long is switched off."""

GONE: Final = 410


class EventType(StrEnum):
    """What is told. A name never changes its meaning."""

    MEMBER_ENROLLED = "member.enrolled"
    PURCHASE_ACCEPTED = "purchase.accepted"
    PURCHASE_CLAIMED = "purchase.claimed"
    PURCHASE_RETURNED = "purchase.returned"
    REDEMPTION_HELD = "redemption.held"
    REDEMPTION_CAPTURED = "redemption.captured"
    REDEMPTION_CANCELLED = "redemption.cancelled"
    REWARD_CLAIMED = "reward.claimed"
    REWARD_FULFILLED = "reward.fulfilled"
    REWARD_CANCELLED = "reward.cancelled"
    TIER_CHANGED = "tier.changed"
    POINTS_EXPIRING = "points.expiring"
    OPERATION_INCLUDED = "operation.included"
    OPERATION_FINAL = "operation.final"
    LIMIT_NEAR = "program.limit_near"
    TEST = "webhook.test"


SUBSCRIBABLE: Final = tuple(each for each in EventType if each is not EventType.TEST)


class WebhookInvalid(InvalidInput):
    code = "webhook_invalid"


class UnknownWebhook(NotFound):
    code = "unknown_webhook"


class UnknownWebhookEvent(NotFound):
    code = "unknown_event"


class TooManyWebhooks(Conflict):
    code = "too_many_webhooks"


class WebhookDisabled(Conflict):
    code = "webhook_disabled"


def checked_url(url: str) -> str:
    """The address, if it can be one; raises WebhookInvalid. Where it leads is looked at when it is
    connected to."""
    refusal = f"url is an http(s) address of at most {URL_LENGTH_MAX} characters."
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        raise WebhookInvalid(refusal) from None
    if not usable or len(url) > URL_LENGTH_MAX or not (url.isascii() and url.isprintable()):
        raise WebhookInvalid(refusal)
    if " " in url or parts.username is not None or parts.password is not None or parts.fragment:
        raise WebhookInvalid("url has no spaces, no user and password, and no fragment.")
    return url


def checked_types(types: Iterable[str]) -> tuple[str, ...]:
    """The kinds of event an endpoint wants, in our order; ("*",) for all that there will ever be.
    Raises WebhookInvalid."""
    wanted = set(types)
    if wanted == {ALL}:
        return (ALL,)
    known = tuple(each.value for each in SUBSCRIBABLE if each.value in wanted)
    if not wanted or len(known) < len(wanted):
        raise WebhookInvalid("event_types are names of events, or * alone for all of them.")
    return known


def wants(types: str, event_type: str) -> bool:
    """Whether an endpoint with these types (with spaces between them) is told of the event."""
    return types == ALL or event_type == EventType.TEST or event_type in types.split(" ")


def new_secret(entropy: bytes) -> str:
    """The text that a receiver keeps, from 32 random bytes."""
    if len(entropy) != SECRET_BYTES:
        raise ValueError("a webhook's secret is of 32 bytes")
    return SECRET_PREFIX + b64encode(entropy).decode()


def signature(secrets: Iterable[str], event_id: str, at_s: int, body: bytes) -> str:
    """The `webhook-signature` header: one signature for each secret that is good now."""
    message = f"{event_id}.{at_s}.".encode() + body
    return " ".join(
        f"v1,{b64encode(hmac.digest(_key(secret), message, 'sha256')).decode()}"
        for secret in secrets
    )


def _key(secret: str) -> bytes:
    return b64decode(secret.removeprefix(SECRET_PREFIX))


def next_attempt_ms(attempts: int, now_ms: int, chance: int) -> int:
    """When to try again after so many attempts; `chance` (0 to 255) spreads it by a tenth, so that
    a receiver that comes back is not met by everything at once."""
    wait_ms = _WAIT_S[min(attempts, len(_WAIT_S)) - 1] * 1000
    return now_ms + wait_ms + wait_ms * chance // 2560


def is_over(first_tried_ms: int, now_ms: int) -> bool:
    """Whether a delivery that failed again has been tried for long enough."""
    return now_ms - first_tried_ms >= GIVE_UP_MS
