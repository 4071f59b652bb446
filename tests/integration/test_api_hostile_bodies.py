"""Bodies that two readers could read differently, or that are no bodies at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Response

from backend.api.limits import BODY_BYTES_MAX
from tests.api_client import Shop, accepted, refused

pytest_plugins = ["tests.api_client"]


def send(till: Shop, content: bytes | Iterator[bytes], **headers: str) -> Response:
    """A purchase's body as it is, byte by byte."""
    given = {"Idempotency-Key": "hostile", "Content-Type": "application/json"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return till.request("POST", "/v1/purchases", content=content, headers=given)


def document(till: Shop, **wrong: Any) -> dict[str, Any]:
    return till.purchase("mem_x") | wrong


INVALID_JSON: dict[str, bytes] = {
    "nothing after a space": b" ",
    "no JSON": b"amount_minor=5",
    "half a document": b'{"program_id": "prg_',
    "two documents": b"{}{}",
    "single quotes": b"{'a': 1}",
    "a trailing comma": b'{"a": 1,}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "bytes that are no UTF-8": b'{"receipt_id": "\xff"}',
    "a raw surrogate": b'{"receipt_id": "\xed\xa0\x80"}',
    "a lone surrogate": b'{"receipt_id": "\\ud800"}',
    "a lone surrogate as a name": b'{"\\udc00": 1}',
    "a member twice": b'{"amount_minor": 1, "amount_minor": 2}',
    "a member twice, once escaped": b'{"amount_minor": 1, "amount_\\u006dinor": 2}',
    "a member twice inside": b'{"member": {"card": "1234", "card": "5678"}}',
    "NaN": b'{"amount_minor": NaN}',
    "Infinity": b'{"amount_minor": Infinity}',
    "minus Infinity": b'{"amount_minor": -Infinity}',
    "a number of 5,000 digits": b'{"amount_minor": 1' + b"0" * 5000 + b"}",
    "60,000 brackets": b"[" * 60_000,
    "30,000 brackets that close": b"[" * 30_000 + b"]" * 30_000,
    "10,000 objects inside each other": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
}


@pytest.mark.parametrize("name", INVALID_JSON)
def test_what_is_not_one_plain_document_is_refused(till: Shop, name: str) -> None:
    problem = refused(send(till, INVALID_JSON[name]), 400, "invalid_json")
    assert "amount_minor" not in problem["detail"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("amount_minor", 10.0),
        ("amount_minor", 1e3),
        ("amount_minor", "10"),
        ("amount_minor", True),
        ("amount_minor", None),
        ("amount_minor", [10]),
        ("amount_minor", {"value": 10}),
        ("program_id", 5),
        ("program_id", "p" * 65),
        ("member_id", ["mem_x"]),
        ("member", {"phone": 33612345678}),
        ("member", {"phone": "+33612345678", "name": "Ada"}),
        ("member", "mem_x"),
        ("receipt_id", 12345),
        ("occurred_at", 1_767_225_600),
        ("occurred_at", "yesterday"),
        ("occurred_at", "\uff12\uff10\uff12\uff16-01-01T00:00:00Z"),
        ("currency", None),
        ("currency", "E" * 17),
        ("store_id", ""),
        ("channel", "x" * 129),
        ("tip", 5),
        ("__proto__", {}),
    ],
)
def test_a_member_of_another_type_is_refused(till: Shop, member: str, value: Any) -> None:
    before = till.snapshot()
    body = document(till) | {member: value}
    if member == "member":
        del body["member_id"]
    problem = refused(send(till, json.dumps(body).encode()), 422, "invalid_request")
    assert problem["errors"]
    assert all(error["pointer"].startswith(f"/{member}") for error in problem["errors"])
    assert all(set(error) == {"pointer", "message"} for error in problem["errors"])
    assert till.snapshot() == before


@pytest.mark.parametrize("missing", ["program_id", "receipt_id", "occurred_at", "currency"])
def test_a_missing_member_is_named(till: Shop, missing: str) -> None:
    body = document(till)
    del body[missing]
    problem = refused(send(till, json.dumps(body).encode()), 422, "invalid_request")
    assert [error["pointer"] for error in problem["errors"]] == [f"/{missing}"]


@pytest.mark.parametrize("whole", [b"", b"null", b"[]", b'"text"', b"5", b"true"])
def test_a_document_that_is_no_object_is_refused(till: Shop, whole: bytes) -> None:
    refused(send(till, whole), 422, "invalid_request")


def test_a_purchase_names_one_member_one_way(till: Shop) -> None:
    both = document(till, member={"card": "1234"})
    neither = document(till, member_id=None)
    for body in (both, neither):
        refused(send(till, json.dumps(body).encode()), 422, "invalid_request")


def test_what_was_sent_is_not_repeated(till: Shop) -> None:
    person = {"phone": "+33612345678", "email": "ada@example.org", "card": "4012888"}
    for wrong in (
        {"member_id": None, "member": person},
        {"member_id": None, "member": person | {"secret-name": "x"}},
        {"member": person},
        {"currency": "ada@example.org", "member_id": "+33612345678"},
        {"occurred_at": "ada@example.org"},
    ):
        answer = send(till, json.dumps(document(till) | wrong).encode())
        assert answer.status_code == 422
        for sent in (*person.values(), till.secret, "mem_x", "receipt-"):
            assert sent not in answer.text


def test_a_pointer_is_a_json_pointer(till: Shop) -> None:
    body = json.dumps(document(till, **{"a/b~c": 1})).encode()
    problem = refused(send(till, body), 422, "invalid_request")
    assert [error["pointer"] for error in problem["errors"]] == ["/a~1b~0c"]


def test_a_thousand_mistakes_do_not_make_a_thousand_lines(till: Shop) -> None:
    for mistakes in ({f"unknown{n}": n for n in range(3000)}, {"u" * 60_000: 1}):
        answer = send(till, json.dumps(mistakes).encode())
        refused(answer, 422, "invalid_request")
        assert len(answer.content) < 4000


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/merge-patch+json", "application/jsonx", ""],
)  # fmt: skip
def test_a_body_says_that_it_is_json(till: Shop, media_type: str) -> None:
    body = json.dumps(document(till)).encode()
    refused(send(till, body, Content_Type=media_type), 415, "unsupported_media_type")
    refused(send(till, iter([body]), Content_Type=media_type), 415, "unsupported_media_type")


def test_json_may_say_its_charset_and_come_in_pieces(till: Shop) -> None:
    member = till.enrol()
    first = json.dumps(till.purchase(member)).encode()
    accepted(send(till, first, Content_Type="Application/JSON; charset=utf-8"))
    body = json.dumps(till.purchase(member)).encode()
    accepted(send(till, iter([body[:10], body[10:]]), Idempotency_Key="pieces"))


def test_a_body_has_at_most_64_kib(till: Shop) -> None:
    member = till.enrol()
    body = json.dumps(till.purchase(member)).encode()
    accepted(send(till, body + b" " * (BODY_BYTES_MAX - len(body))))
    too_long = body + b" " * (BODY_BYTES_MAX + 1 - len(body))
    refused(send(till, too_long), 413, "body_too_large")
    refused(send(till, iter([b" " * 1000] * 100)), 413, "body_too_large")


def test_text_in_any_script_is_welcome(till: Shop) -> None:
    member = till.enrol(external_id="Ζωή-顧客-😀")
    bought = till.buy(member, receipt_id="чек-№1-😀", store_id="Café d’Orléans")
    assert bought["receipt_id"] == "чек-№1-😀"
    escaped = json.dumps(till.purchase(member, receipt_id="\U0001f600")).encode()
    assert accepted(send(till, escaped))["receipt_id"] == "\U0001f600"
    [found] = till.get("/members", external_id="Ζωή-顧客-😀").json()["data"]
    assert found["id"] == member
