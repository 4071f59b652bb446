"""What gives the demo's pages something to show: rules with tiers, rewards, people who sign in,
and members who have spent points. All of it through the public API, under keys that do not change,
so that a start that was broken off goes on where it stopped."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import urllib3

from backend import wiring
from backend.commands.demo import Demo, load_demo
from backend.commands.errors import OperatorError
from backend.commands.new_program import detail_of
from backend.commands.purchase_file import PurchaseFile, read_purchases
from backend.commands.running import read_ready
from backend.core.roles import Role
from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.ledger.people_tables import StaffUser
from backend.services.sign_in_staff import hash_password
from backend.settings import Settings
from backend.wiring import Databases

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples" / "demo"
PEOPLE: Final = {
    Role.OWNER: ("owner@demo.example", "Ada Owner"),
    Role.MANAGER: ("manager@demo.example", "Max Manager"),
    Role.CASHIER: ("till@demo.example", "Tilda Till"),
    Role.AUDITOR: ("auditor@demo.example", "Ariane Auditor"),
}
MEMBERS: Final = ("ana@demo.example", "ben@demo.example", "chloe@demo.example")
SPENDERS_MAX: Final = 60
_SPENT_FROM_POINTS: Final = 300
_CLAIMS: Final = (("five_off", "large"), ("record", "standard"), ("five_off", "small"))
_ATTEMPTS: Final = 20
_PAUSE_S: Final = 0.5


class DemoError(OperatorError):
    """The API refused something of the demo's; the message is its reason."""


def add_people(databases: Databases, demo: Demo) -> None:
    """The merchant's people, with the demo's password; those who are there stay as they are."""
    users = table_of(StaffUser)
    with writing(databases.ledger) as connection:
        known = set(connection.execute(users.select().with_only_columns(users.c.email)).scalars())
        password_hash = hash_password(demo.password)
        for role, (email, name) in PEOPLE.items():
            if email not in known:
                row = {
                    "id": wiring.new_id("usr"),
                    "merchant_id": demo.merchant_id,
                    "email": email,
                    "name": name,
                    "role": role.value,
                    "password_hash": password_hash,
                    "created_at_ms": wiring.now_ms(),
                }
                connection.execute(users.insert(), row)


@dataclass(frozen=True, slots=True)
class DemoLife:
    """The demo's program at the API."""

    api_url: str
    demo: Demo

    def give_rules(self) -> None:
        """Publishes the rules. Raises DemoError."""
        program = self.demo.program_id
        document = json.loads((EXAMPLES / "rules.json").read_bytes())
        path = f"/v1/programs/{program}/rules"
        drafted = self._post(path, {"document": document}, "rules")
        self._post(f"{path}/{drafted['version']}/publish", None, "publish")

    def give_rewards(self) -> dict[str, str]:
        """Puts the rewards into the catalogue; their ids by key. Raises DemoError."""
        rewards = json.loads((EXAMPLES / "rewards.json").read_bytes())
        return {
            reward["key"]: self._post(
                "/v1/rewards",
                {"program_id": self.demo.program_id, "state": "active", **reward},
                f"reward-{reward['key']}",
            )["id"]
            for reward in rewards
        }

    def let_spend(self, file: PurchaseFile, rewards: dict[str, str]) -> None:
        """The best customers get an address to sign in with, and many have claimed something.

        Raises DemoError.
        """
        best = list(_best(file))
        for email, (customer, _) in zip(MEMBERS, best, strict=False):
            member = self._member(customer)
            known = self._post(f"/v1/members/{member}/identifiers", {"email": email}, email)
            # Their cards have a number to scan.
            if not known["identifiers"]["card"]:
                number = {"card": f"DEMO{customer}"}
                self._post(f"/v1/members/{member}/identifiers", number, f"card-{customer}")
        spenders = [who for who, points in best if points >= _SPENT_FROM_POINTS][:SPENDERS_MAX]
        for place, customer in enumerate(spenders):
            key, step = _CLAIMS[place % len(_CLAIMS)]
            body = {"member": {"external_id": customer}, "step": step}
            self._post(f"/v1/rewards/{rewards[key]}/claims", body, f"claim-{customer}")

    def _member(self, customer: str) -> str:
        found = self._send(
            "GET", f"/v1/members?external_id={customer}&program_id={self.demo.program_id}"
        )
        return str(found["data"][0]["id"])

    def _post(self, path: str, body: dict[str, Any] | None, key: str) -> dict[str, Any]:
        return self._send("POST", path, body, f"demo-{self.demo.program_id}-{key}")

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None, key: str = ""
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.demo.api_key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        problem = "no answer"
        for _ in range(_ATTEMPTS):
            try:
                answer = urllib3.request(
                    method,
                    self.api_url + path,
                    body=None if body is None else json.dumps(body),
                    headers=headers,
                    retries=False,
                    timeout=10,
                )
            except urllib3.exceptions.HTTPError as failure:
                problem = type(failure).__name__
            else:
                if answer.status < 300:
                    document: dict[str, Any] = answer.json()
                    return document
                problem = detail_of(answer)
                if answer.status < 500:
                    break
            time.sleep(_PAUSE_S)
        raise DemoError(f"the demo was not furnished: {path}: {problem}")


def furnish(settings: Settings, path: Path) -> None:
    """Rewards, and members who have spent some. Raises DemoError and PurchaseFileError."""
    demo, ready = load_demo(settings), read_ready(settings.data)
    if demo is None or ready is None:
        raise DemoError("nothing is running on this data folder: start it with `make up` first")
    life = DemoLife(ready["api_url"], demo)
    life.let_spend(read_purchases(path), life.give_rewards())


def _best(file: PurchaseFile) -> Iterator[tuple[str, int]]:
    """Customers with the points they come to, most first."""
    points: Counter[str] = Counter()
    for purchase in file.purchases:
        points[purchase.customer_id] += purchase.amount_minor // 100
    return iter(points.most_common())
