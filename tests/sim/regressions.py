"""Seeds that once found something, kept for ever: each runs in every `make test`.

A seed means another run whenever the simulator draws differently, so each fault also has a test
that stages it by hand (test_found.py, test_found_calls.py). The seeds stay all the same.
"""

from __future__ import annotations

from typing import Final

SEEDS: Final[dict[int, str]] = {
    7: "a signed redemption was refunded, then given up and given back: its points came twice",
    154: "a node that had no such program yet made a rebind fail with a traceback",
    1055: "a header of another fork, asked for after finality, became the final block",
    1064: "a batch between two questions about a rebind was called a wrong signature",
    1068: "an empty mirror did not lack signed redemptions: a difference that was none",
    0: "a block hash from a node on another fork was believed for ever: inclusions taken back at"
    " each block",
    100: "a creation was undone by a fork and its nonce used up: the program kept an address"
    " without a contract",
    2021: "finality was asked for after the head: a block that a fork had taken away became final",
    2093: "a program left out of an answer about final history was never asked for again",
    2147: "an inclusion was noted after the period's end: lapsed points stayed in the lots",
}
