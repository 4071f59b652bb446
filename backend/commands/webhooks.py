"""The webhooks' duty with its parts."""

from __future__ import annotations

import secrets

from backend import wiring
from backend.duties.addresses import Reach
from backend.duties.webhooks import Webhooks
from backend.settings import Settings
from backend.wiring import Databases


def open_webhooks(settings: Settings, databases: Databases) -> Webhooks:
    """Raises SettingError. Its clock is the wall's: receivers compare theirs with it."""
    return Webhooks(
        databases.ledger,
        wiring.open_vault(settings),
        wiring.now_ms,
        wiring.new_id,
        secrets.token_bytes,
        webhooks_reach(settings),
    )


def webhooks_reach(settings: Settings) -> Reach:
    """Where webhooks may go."""
    return Reach(settings.webhooks_reach or ("loopback" if settings.embedded else "public"))
