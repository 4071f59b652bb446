"""The admin lowers, raises, announces and pauses; the contract's notice holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from backend.chain.quantities import write_bytes
from backend.commands.program_life import Life, ProgramLifeError
from backend.settings import Settings
from tests.anvil import CHAIN_ID, anvil, dev_key
from tests.conftest import LedgerDatabase
from tests.integration.front_kit import Front, open_front


@pytest.fixture
def front(
    ledger_database: LedgerDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    """On a node that mines by itself, as the command waits for inclusion."""
    with (
        anvil(tmp_path_factory.mktemp("anvil"), block_time_seconds=1) as node,
        open_front(ledger_database, node) as opened,
    ):
        yield opened


def life_with(front: Front, folder: Path, admin_key: str) -> Life:
    deployment = front.desk.deployment
    record = {
        "chain_id": CHAIN_ID,
        "contracts": {
            name: {"address": write_bytes(address), "block_number": 1}
            for name, address in (
                ("Settlement", deployment.settlement),
                ("ProgramFactory", deployment.factory),
                ("LoyaltyProgram", deployment.logic),
            )
        },
    }
    path = folder / "deployments" / f"{CHAIN_ID}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record), encoding="utf-8")
    settings = Settings(data=folder, admin_key=SecretStr(admin_key))
    contract = front.desk.shop.contract(front.till.program_id)
    return Life(settings, front.till.program_id, contract, front.desk.node.chain)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_what_protects_holds_at_once_and_the_rest_after_notice(
    front: Front, tmp_path: Path
) -> None:
    life = life_with(front, tmp_path, dev_key(9))
    life.set_limits(None, 500, None)
    assert life.standing().limits.mint_per_day_points == 500
    life.set_limits(None, 900, 300)
    now = life.standing()
    assert (now.limits.mint_per_day_points, now.limits.debit_per_day_points) == (500, 300)
    assert now.announced_limits.mint_per_day_points == 900
    assert now.limits_from_s >= now.at_s + now.notice_seconds - 60
    life.pause(paused=True)
    assert life.standing().mint_paused
    life.pause(paused=False)
    assert not life.standing().mint_paused
    life.announce_terms("0x" + "5a" * 32, "https://example.org/terms", None)
    assert life.standing().announced_terms.uri == "https://example.org/terms"
    with pytest.raises(ProgramLifeError, match="NoticeTooShort"):
        life.announce_closing(life.standing().at_s + 60)
    life.announce_closing(None)
    assert life.standing().redemption_until_s > life.standing().at_s + now.notice_seconds
    with pytest.raises(ProgramLifeError, match="AlreadyClosing"):
        life.announce_closing(None)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_key_that_is_not_the_admin_changes_nothing(front: Front, tmp_path: Path) -> None:
    life = life_with(front, tmp_path, dev_key(8))
    before = life.standing().limits
    with pytest.raises(ProgramLifeError, match="NotAdmin"):
        life.set_limits(None, 1, None)
    assert life.standing().limits == before
