"""The duty that makes proof packs, with the environment that the auditor needs."""

from __future__ import annotations

import os

from backend import wiring
from backend.duties.packs import PackDuty
from backend.settings import Settings
from backend.wiring import Databases


def open_packs(settings: Settings, databases: Databases) -> PackDuty:
    """Makes packs into the data folder, from the node that the settings name."""
    return PackDuty(
        ledger=databases.ledger,
        downloads=settings.downloads,
        environment=_for_the_auditor(settings),
        now_ms=wiring.open_clock(settings, databases),
    )


def _for_the_auditor(settings: Settings) -> dict[str, str]:
    """The auditor's own settings, and no secret of ours but its key."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("MEREAU_")}
    bare["MEREAU_DATA"] = str(settings.data.resolve())
    bare["MEREAU_RPC_URL"] = wiring.rpc_url(settings)
    if settings.audit_key is not None:
        bare["MEREAU_AUDIT_KEY"] = settings.audit_key.get_secret_value()
    return bare
