"""Where requests to others' servers may go, and how long they may take."""

from __future__ import annotations

import socket
import threading
import time
from ipaddress import ip_address

import pytest

from backend.duties.addresses import AddressRefused, Reach, may_reach, open_socket
from backend.duties.post import Line

OURS_ONLY = [
    "127.0.0.1", "127.8.8.8", "::1", "::", "10.1.2.3", "172.16.0.1", "192.168.1.1",
    "169.254.169.254", "fe80::1", "fc00::1", "100.64.0.1", "224.0.0.1", "ff02::1", "240.0.0.1",
    "255.255.255.255", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.1", "198.18.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", OURS_ONLY)
def test_what_only_we_can_reach_is_not_called_for_others(address: str) -> None:
    assert not may_reach(ip_address(address), Reach.PUBLIC)
    assert may_reach(ip_address(address), Reach.ANY)


def test_public_addresses_are_called_and_loopback_where_it_is_allowed() -> None:
    for address in ("9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9"):
        assert may_reach(ip_address(address), Reach.PUBLIC)
    assert may_reach(ip_address("127.0.0.1"), Reach.LOOPBACK)
    assert may_reach(ip_address("::1"), Reach.LOOPBACK)
    assert not may_reach(ip_address("192.168.1.1"), Reach.LOOPBACK)
    assert not may_reach(ip_address("169.254.169.254"), Reach.LOOPBACK)


def test_a_name_that_leads_home_is_refused_when_it_is_connected_to() -> None:
    with pytest.raises(AddressRefused):
        open_socket("localhost", 80, Reach.PUBLIC, 1.0)


def test_a_server_that_answers_a_byte_at_a_time_is_cut_off() -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                while not stop.wait(0.02):
                    try:
                        connection.sendall(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        started = time.monotonic()
        with Line(f"http://127.0.0.1:{port}/", Reach.LOOPBACK, whole_s=0.4) as line:
            outcome = line.post(b"{}", {})
        took_s = time.monotonic() - started
        stop.set()
        thread.join()
    assert (outcome.status, outcome.taken) == (None, False)
    assert took_s < 5


def test_a_refused_connection_is_said_in_plain_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with Line(f"http://127.0.0.1:{port}/", Reach.LOOPBACK) as line:
        assert line.post(b"{}", {}).answer == "connection refused"
