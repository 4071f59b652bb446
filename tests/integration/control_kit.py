"""The card over a real chain, and a phone to look at it with: Chromium with a passkey in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from eth_account import Account
from playwright.sync_api import CDPSession, Page

from backend.ledger.columns import table_of
from backend.ledger.engine import writing
from backend.ledger.people import token_digest
from backend.ledger.people_tables import WebSession
from tests.anvil import Anvil
from tests.conftest import LedgerDatabase
from tests.integration.front_kit import Front, open_front_pages
from tests.member_keys import Wallet
from tests.pages_kit import Pages

_DAY_MS = 86_400_000


@dataclass
class CardHouse:
    """Pages, till and settler on one ledger, with a chain of their own."""

    pages: Pages
    front: Front

    @property
    def url(self) -> str:
        """At a name: passkeys have no place at a number."""
        return self.pages.url.replace("127.0.0.1", "localhost")

    def settle(self) -> None:
        # What is asked after this is younger than what was asked before.
        self.front.till.clock.forward(1)
        self.front.settle()
        self.front.look()

    def member(self, amount_minor: int = 10_000) -> str:
        """Somebody with points on chain."""
        member_id = self.front.till.enrol()
        self.front.till.buy(member_id, amount_minor)
        self.settle()
        return member_id

    def sign_in(self, page: Page, *member_ids: str) -> None:
        """As after a one-time code."""
        house = self.pages.shop.house
        token = house.new_id("token")
        row = {
            "token_sha256": token_digest(token),
            "kind": "member",
            "subject": " ".join(member_ids),
            "created_at_ms": house.now_ms(),
            "expires_at_ms": house.now_ms() + _DAY_MS,
        }
        with writing(self.pages.shop.database.ledger) as connection:
            connection.execute(table_of(WebSession).insert(), row)
        cookie: Any = {"name": "mereau_member", "value": token, "url": self.url, "httpOnly": True}
        page.context.add_cookies([cookie])


@contextmanager
def open_card_house(database: LedgerDatabase, node: Anvil) -> Iterator[CardHouse]:
    with open_front_pages(database, node) as (front, pages):
        yield CardHouse(pages, front)


def give_passkeys(page: Page) -> tuple[CDPSession, str]:
    """A platform authenticator whose owner is always there and always verified; its id."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    added = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, str(added["authenticatorId"])


_PROVIDER = """
(() => {
  const request = ({ method, params }) => window.askWallet(method, JSON.stringify(params ?? []));
  const info = { uuid: "a4d9", name: "Test wallet", icon: "data:,", rdns: "test.wallet" };
  const detail = Object.freeze({ info, provider: { request } });
  const announce = () =>
    window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})();
"""


def give_wallet(page: Page, wallet: Wallet, chain_id: int) -> list[str]:
    """A browser wallet that signs whatever it is asked; the methods it was asked for."""
    asked: list[str] = []

    def answer(method: str, params: str) -> Any:
        asked.append(method)
        if method == "eth_chainId":
            return hex(chain_id)
        if method == "eth_requestAccounts":
            return [Account.from_key(wallet.secret).address]
        assert method == "eth_signTypedData_v4"
        account, typed_data = json.loads(params)
        assert account == wallet.address
        signed = Account.sign_typed_data(wallet.secret, full_message=json.loads(typed_data))
        return f"0x{bytes(signed.signature).hex()}"

    page.expose_function("askWallet", answer)
    page.add_init_script(_PROVIDER)
    return asked
