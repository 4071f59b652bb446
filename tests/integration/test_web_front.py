"""/rpc, /v2/contract and the explorer's files over HTTP, in front of a real node."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
import urllib3
from fastapi import FastAPI
from starlette.testclient import TestClient

from backend.chain.relay import Relay
from backend.web.rate import Rate
from backend.web.rpc_proxy import BATCH_MAX, BODY_BYTES_MAX, RpcProxy
from tests.explorer_kit import Site

pytest_plugins = ["tests.explorer_fixtures"]
JSON = {"Content-Type": "application/json"}


def asked(method: str, *params: Any, number: Any = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}


def post(
    site: Site, document: Any, headers: dict[str, str] = JSON
) -> tuple[int, urllib3.BaseHTTPResponse, Any]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    response = urllib3.request(
        "POST", f"{site.url}/rpc", body=body, headers=headers, retries=False, timeout=20
    )
    return response.status, response, json.loads(response.data)


def get(site: Site, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", f"{site.url}{path}", headers=headers, redirect=False)


def test_a_batch_is_answered_in_order_and_what_is_refused_changes_nothing(site: Site) -> None:
    node = site.stage.node
    before = node.rpc("eth_blockNumber")
    slot = "0x" + "00" * 31 + "01"
    status, _, answers = post(site, [
        asked("eth_blockNumber", number="first"),
        asked("evm_mine", number=2),
        asked("anvil_setStorageAt", site.program, slot, "0x" + "ff" * 32, number=3),
        asked("eth_getStorageAt", site.program, "0x1", "latest", number=4),
        "nonsense",
    ])  # fmt: skip
    assert status == 200
    assert [each["id"] for each in answers] == ["first", 2, 3, 4, None]
    assert [("error" in each) for each in answers] == [False, True, True, False, True]
    assert {each["error"]["code"] for each in answers if "error" in each} == {-32601}
    assert answers[0]["result"] == before == node.rpc("eth_blockNumber")
    assert answers[3]["result"] == node.rpc("eth_getStorageAt", site.program, "0x1", "latest")


def test_a_revert_comes_through_as_the_node_says_it(site: Site) -> None:
    data = "0xa9059cbb" + "00" * 64
    _, _, answer = post(site, asked("eth_call", {"to": site.program, "data": data}, "latest"))
    assert answer["error"]["code"] == 3
    assert answer["error"]["data"].startswith("0x")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"\xff", 400),
        (b"[" * 20_000, 400),
        (json.dumps([asked("eth_chainId")] * (BATCH_MAX + 1)).encode(), 400),
        (b'"' + b"x" * BODY_BYTES_MAX + b'"', 413),
        (b'"' + b"x" * 70_000 + b'"', 413),
    ],
)
def test_what_is_no_request_is_refused(site: Site, body: bytes, status: int) -> None:
    refused, _, answer = post(site, body)
    assert refused == status
    assert answer.get("error") or answer.get("code")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({}, 415),
        (JSON | {"Origin": "https://elsewhere.example"}, 403),
        (JSON | {"Origin": "null"}, 403),
        (JSON | {"Sec-Fetch-Site": "cross-site"}, 403),
        (JSON | {"Sec-Fetch-Site": "same-site"}, 403),
        (JSON | {"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_only_pages_of_this_origin_may_ask(
    site: Site, headers: dict[str, str], status: int
) -> None:
    answered, response, _ = post(site, asked("eth_chainId"), headers)
    assert answered == status
    assert "access-control-allow-origin" not in response.headers


def test_a_page_of_this_origin_may_ask_behind_a_proxy_that_ends_tls(site: Site) -> None:
    origin = site.url.replace("http://", "https://")
    assert post(site, asked("eth_chainId"), JSON | {"Origin": origin})[0] == 200


def proxied(relay: Relay, rate: Rate) -> TestClient:
    app = FastAPI()
    app.add_route("/rpc", RpcProxy(lambda: relay, rate).answer, methods=["POST"])
    return TestClient(app)


def test_who_asks_too_much_has_to_wait(site: Site) -> None:
    now = [0]
    relay = Relay(site.stage.node.url, connections=1)
    client = proxied(relay, Rate(lambda: now[0], burst=3, per_second=1))
    assert client.post("/rpc", json=[asked("eth_chainId")] * 3).status_code == 200
    limited = client.post("/rpc", json=asked("eth_chainId"))
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "1")
    now[0] = 1000
    assert client.post("/rpc", json=asked("eth_chainId")).json()["result"] == "0x7a69"
    relay.close()


def test_an_answer_that_is_too_long_asks_for_less(site: Site) -> None:
    relay = Relay(site.stage.node.url, connections=1, answer_bytes_max=500)
    client = proxied(relay, Rate(lambda: 0, burst=9, per_second=1))
    long = client.post("/rpc", json=asked("eth_getLogs", {"fromBlock": "0x0"})).json()
    assert (long["error"]["code"], "smaller range" in long["error"]["message"]) == (-32005, True)
    assert client.post("/rpc", json=asked("eth_chainId")).json()["result"] == "0x7a69"
    relay.close()


def test_a_node_that_is_gone_is_said_without_its_name() -> None:
    relay = Relay("http://127.0.0.1:9/key-of-ours", connections=1)
    client = proxied(relay, Rate(lambda: 0, burst=9, per_second=1))
    answer = client.post("/rpc", json=asked("eth_chainId"))
    assert answer.status_code == 200
    assert answer.json()["error"]["message"] == "the node does not answer"
    relay.close()


def test_the_pages_come_with_their_policy_small_and_once(site: Site) -> None:
    assert get(site, "/explorer").headers["location"] == "/explorer/"
    page = get(site, f"/explorer/token/{site.program}", **{"Accept-Encoding": "gzip"})
    assert page.status == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers.getlist("cache-control") == ["no-cache"]
    assert page.headers["x-content-type-options"] == "nosniff"
    again = get(site, "/explorer/", **{"If-None-Match": page.headers["etag"]})
    assert (again.status, again.data) == (304, b"")
    script = page.data.decode().partition('src="')[2].partition('"')[0]
    sent = get(site, script, **{"Accept-Encoding": "gzip"})
    assert "immutable" in sent.headers["cache-control"]
    assert sent.headers["content-encoding"] == "gzip"
    assert len(gzip.compress(sent.data)) < 60_000
    assert get(site, "/explorer/nowhere").status == 404
    assert get(site, "/explorer/assets/nothing.js").status == 404
    assert get(site, "/explorer/../main.py").status == 404


def test_the_configuration_names_the_contracts_and_nothing_private(site: Site) -> None:
    config = json.loads(get(site, "/explorer/config.json").data)
    assert {*config} == {"rpc", "sources", "factory", "settlement", "firstBlock"}
    assert config["factory"].lower() == "0x" + site.stage.deployment.factory.hex()


def look_up(site: Site, address: str, fields: str = "") -> tuple[int, Any]:
    response = get(site, f"/v2/contract/31337/{address}?fields={fields}")
    assert response.headers["access-control-allow-origin"] == "*"
    return response.status, json.loads(response.data)


def test_sources_are_found_where_the_code_is_theirs(site: Site) -> None:
    logic = "0x" + site.stage.deployment.logic.hex()
    status, found = look_up(site, logic, "sources,abi,compilation")
    assert (status, found["match"], found["runtimeMatch"]) == (200, "exact_match", "exact_match")
    assert found["creationMatch"] is None
    assert found["compilation"]["fullyQualifiedName"] == (
        "contracts/LoyaltyProgram.sol:LoyaltyProgram"
    )
    assert "contract LoyaltyProgram" in found["sources"]["contracts/LoyaltyProgram.sol"]["content"]
    assert any(item.get("name") == "applyBatch" for item in found["abi"])
    assert {*look_up(site, logic, "all")[1]} >= {"stdJsonInput", "metadata", "deployment"}


def test_a_program_is_said_to_be_a_clone_and_strangers_are_unknown(site: Site) -> None:
    status, clone = look_up(site, site.program)
    assert (status, clone["match"]) == (404, None)
    (implementation,) = clone["proxyResolution"]["implementations"]
    assert implementation["address"].lower() == "0x" + site.stage.deployment.logic.hex()
    assert look_up(site, "0x" + "77" * 20) == (404, {
        "creationMatch": None, "runtimeMatch": None, "match": None, "chainId": "31337",
        "address": "0x" + "77" * 20,
    })  # fmt: skip


def test_sources_whose_code_is_not_on_chain_do_not_match(site: Site) -> None:
    logic = "0x" + site.stage.deployment.logic.hex()
    node = site.stage.node
    code = node.rpc("eth_getCode", logic, "latest")
    node.rpc("anvil_setCode", logic, code[:-2] + "00")
    try:
        assert look_up(site, logic)[0] == 404
    finally:
        node.rpc("anvil_setCode", logic, code)
    assert look_up(site, logic)[0] == 200
    assert json.loads(get(site, f"/v2/contract/1/{logic}").data)["match"] is None


@pytest.mark.parametrize("path", ["31337/0x12", "mainnet/0x" + "77" * 20, "1/0x" + "zz" * 20])
def test_what_is_no_address_is_a_bad_question(site: Site, path: str) -> None:
    response = get(site, f"/v2/contract/{path}")
    assert (response.status, json.loads(response.data)["customCode"]) == (400, "invalid_parameter")
