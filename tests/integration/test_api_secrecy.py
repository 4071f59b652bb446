"""When the ledger fails: a problem, a retry that works, and no secret in any log or answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from backend.ledger.engine import writing
from backend.ledger.group_commit import LedgerOverloaded
from tests.api_client import Shop, accepted, open_shop, refused
from tests.conftest import LedgerDatabase
from tests.ledger_audit import audit

pytest_plugins = ["tests.api_client"]
PERSON = {
    "phone": "+33612345678",
    "email": "ada.lovelace@example.org",
    "card": "CARD4012888",
    "external_id": "crm-ada-1815",
}


@contextmanager
def table_missing(engine: Engine) -> Iterator[None]:
    """The last table a purchase is written to is not there: everything else was sent already."""
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE outbox RENAME TO outbox_away"))
    yield
    with writing(engine) as connection:
        connection.execute(text("ALTER TABLE outbox_away RENAME TO outbox"))


@contextmanager
def commit_failing(engine: Engine) -> Iterator[None]:
    """Everything is sent, and then the disk is full."""

    def fail(_connection: object) -> None:
        raise OperationalError("COMMIT", None, Exception("disk full"))

    event.listen(engine, "commit", fail)
    yield
    event.remove(engine, "commit", fail)


@contextmanager
def connection_failing(engine: Engine) -> Iterator[None]:
    """No statement gets through."""

    def fail(*_call: object) -> None:
        raise OperationalError("SELECT", None, Exception("gone away"))

    event.listen(engine, "before_cursor_execute", fail)
    yield
    event.remove(engine, "before_cursor_execute", fail)


FAILURES = [table_missing, commit_failing, connection_failing]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failure_of_the_ledger_is_a_503_and_the_same_key_works_later(
    shop: Shop, failure: Callable[[Engine], object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    member = shop.enrol(**PERSON)
    before = shop.snapshot()
    named = {"member_id": None, "member": {"phone": PERSON["phone"]}}
    body = shop.purchase(member) | named
    with failure(shop.database.ledger):  # type: ignore[attr-defined]
        answer = shop.post("/purchases", body, key="retry")
        problem = refused(answer, 503, "ledger_unavailable")
        assert answer.headers["retry-after"] == "1"
        assert "disk" not in problem["detail"]
    assert shop.snapshot() == before
    assert accepted(shop.post("/purchases", body, key="retry"))["balance"]["available"] == 10
    assert "idempotency-replayed" not in shop.post("/purchases", body).headers
    audit(shop.database.ledger)
    assert "did not commit" in caplog.text
    for secret in (shop.secret, *PERSON.values()):
        assert secret not in caplog.text


def test_reads_of_a_ledger_that_is_gone_are_503_too(shop: Shop) -> None:
    member = shop.enrol()
    accepted(shop.get(f"/members/{member}"))
    with connection_failing(shop.database.ledger):
        for path in (f"/members/{member}", f"/programs/{shop.program_id}", "/programs"):
            refused(shop.get(path), 503, "ledger_unavailable")
        quote = shop.post("/purchases/quote", shop.purchase(member))
        refused(quote, 503, "ledger_unavailable")
        shop.clock.forward(3600)
        refused(shop.get("/programs"), 503, "ledger_unavailable")
    accepted(shop.get(f"/members/{member}"))


def test_a_day_of_traffic_leaves_no_secret_in_the_logs(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    member = shop.enrol(**PERSON)
    shop.buy(member)
    refused(shop.post("/members", {"program_id": shop.program_id, **PERSON}), 409,
            "member_already_enrolled")  # fmt: skip
    refused(shop.post("/redemptions", shop.redemption(member, 99)), 409, "insufficient_points")
    # httpx2 logs the address of a request, which is the test's own doing.
    ours = [
        record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    ]
    for kind, value in PERSON.items():
        assert len(shop.get("/members", **{kind: value}).json()["data"]) == 1
    for record in ours:
        for secret in (shop.secret, *PERSON.values()):
            assert secret not in record.getMessage()


def test_an_overload_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_command: object) -> None:
        raise LedgerOverloaded("full")

    member = shop.enrol()
    with monkeypatch.context() as patch:
        patch.setattr(shop.house.committer, "submit", full)
        answer = shop.post("/purchases", shop.purchase(member), key="k")
    refused(answer, 503, "overloaded")
    accepted(shop.post("/purchases", shop.purchase(member), key="k"))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_bug_is_a_500_without_its_story(
    ledger_database: LedgerDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    with open_shop(ledger_database) as shop:

        async def broken(_command: object) -> None:
            raise RuntimeError("the story")

        body = shop.purchase(shop.enrol(**PERSON))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shop.house.committer, "submit", broken)
            # As behind a real server, which does not raise what the application raised.
            shop.client._transport.raise_server_exceptions = False  # type: ignore[attr-defined]
            answer = shop.post("/purchases", body)
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        assert answer.headers["content-type"] == "application/problem+json"
        assert "story" not in answer.text
        assert "the story" in caplog.text
        assert shop.secret not in caplog.text
