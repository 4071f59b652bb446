"""A call that the chain refuses for now: it says so, holds up nobody, and goes through later."""

from __future__ import annotations

from pathlib import Path

from backend.chain.keccak import selector
from tests.anvil import admin_send, anvil
from tests.chaos.kit import new_key, site
from tests.chaos.processes import Launcher
from tests.chaos.test_nodes import on_one_database
from tests.conftest import LedgerDatabase

DAY_S = 86_400
LIMITS = (10**6, 10**6, 5)
"""Supply cap, points minted in a day, points debited in a day."""


@on_one_database
def test_a_rebind_beyond_the_days_budget_waits_for_a_day_that_has_one(
    tmp_path: Path, ledger_database: LedgerDatabase, launcher: Launcher
) -> None:
    (tmp_path / "anvil").mkdir()
    with (
        anvil(tmp_path / "anvil") as node,
        site(tmp_path / "data", ledger_database, node, launcher) as house,
    ):
        house.start("serve", "settle", "index")
        house.buy("ada", 4)
        house.buy("bob", 4)
        house.expect_settled()
        set_limits = selector("setLimits(address,(uint64,uint48,uint48))")
        types = ["address", "(uint64,uint48,uint48)"]
        admin_send(node, house.deployment, set_limits, types, [house.contract(), LIMITS])
        moved = {}
        for name in ("ada", "bob"):
            query = f"program_id={house.program_id}&external_id={name}"
            found = house.ask("GET", f"/v1/members?{query}").json["data"][0]
            path = f"/v1/members/{found['id']}"
            asked = house.ask("POST", f"{path}/rebind", {"fresh": True}, new_key())
            assert asked.status == 202, asked
            moved[path] = asked.json["to_address"]

        def arrived() -> int:
            return sum(house.ask("GET", p).json["address"] == to for p, to in moved.items())

        # A rebind is a debit of all there is: the second one is more than is left of today.
        house.until("it says so", lambda: "ALARM: call_refused" in house.log("settle"))
        assert "DebitBudgetExceeded" in house.log("settle")
        house.until("the first one is there", lambda: arrived() == 1)
        house.buy("cleo", 9)
        house.expect_settled()
        assert arrived() == 1
        node.rpc("evm_increaseTime", hex(DAY_S))
        house.until("the second one is there", lambda: arrived() == 2)
        house.expect_settled()
