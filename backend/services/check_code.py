"""Check a one-time code that somebody typed: a few tries, each counted before it is judged."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

import msgspec

from backend.core.identifiers import Identifier, IdentifierKind
from backend.core.people_errors import CodeOver, CodeWrong
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.one_time_codes import code_by_token, code_used, try_taken
from backend.ledger.people import token_digest
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House


@dataclass(frozen=True, slots=True)
class ProvedAddress:
    """An address whose owner typed the code sent to it, and what the code was asked for."""

    purpose: str
    identifier: Identifier
    context: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Check:
    digest: str
    digits: str

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        row = work.ask(lambda connection: code_by_token(connection, self.digest))
        usable = row is not None and row["tries_left"] > 0 and row["used_at_ms"] is None
        if row is None or not usable or row["expires_at_ms"] <= work.now_ms:
            return Answer(410, b"")
        # The try is gone before the code is looked at, for the others of this group too.
        work.execute(try_taken(self.digest))
        given = work.vault.one_time_digest(self.digest, self.digits)
        if not hmac.compare_digest(given, row["code_digest"]):
            return Answer(409 if row["tries_left"] > 1 else 410, b"")
        work.execute(code_used(self.digest, work.now_ms))
        context = work.vault.open_note(self.digest, row["sealed_context"])
        told = {"purpose": row["purpose"], "context": msgspec.json.decode(context)}
        return Answer(200, msgspec.json.encode(told))


async def check_code(house: House, token: str, digits: str) -> ProvedAddress:
    """Raises CodeWrong while there are tries left, and CodeOver for a code that is used, too old
    or was tried too often."""
    answer = await house.committer.submit(_Check(token_digest(token), digits))
    if answer.status_code == 410:
        raise CodeOver("This code is over; ask for a new one.")
    if answer.status_code == 409:
        raise CodeWrong("This is not the code that was sent.")
    told = msgspec.json.decode(answer.body)
    identifier = Identifier(IdentifierKind(told["context"]["kind"]), told["context"]["value"])
    return ProvedAddress(told["purpose"], identifier, told["context"])
