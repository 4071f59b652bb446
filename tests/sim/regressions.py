"""Seeds that once found something, kept for ever: each runs in every `make test`.

A seed means another run whenever the simulator draws differently, so each fault also has a test
that stages it by hand (the files test_found*.py). The seeds stay all the same.
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
    1096: "a creation was undone under a signed redemption, which was then in flight nowhere",
    2021: "finality was asked for after the head: a block that a fork had taken away became final",
    2093: "a program left out of an answer about final history was never asked for again",
    1015: "a relayed redemption was taken in before the batch that the chain had before it",
    1094: "a relayed redemption overtook a debit, which was then parked for good",
    210027: "one receipt that a node did not know ended a call that was done",
    210183: "a fork forgot somebody else's nonce below ours: the lane stood still",
    400159: "a change of signedOnly that a node kept back was lost to the mirror",
    500182: "a return behind a relayed redemption found less, and the lots did not say so",
    500202: "a badge that one request revoked was held for the next of its group",
    500203: "a refusal on a fork that was gone counted towards giving a redemption up",
    500225: "a redemption of another fork was counted twice in reconciliation",
    500248: "a refusal by a node ahead of our head counted as one of that head",
    500300: "a debit of points that had expired, unknown to the ledger, took others or was parked",
    500482: "a return that a relayed redemption overtook was short, and stayed so in the books",
    600299: "as 1015, in a program whose points never expire",
    700966: "who had asked to sign was not believed while the mirror was on another fork",
    800305: "points were held that had expired unknown to the ledger: no balance was told",
    810254: "a program left out of two answers about a final block was not asked for again",
    850159: "as 810254, by lies alone",
    860202: "a mirror on a fork that was gone was compared with a ledger that had moved on",
    820392: "a relay was taken for earlier than the batch before it in its block",
    830637: "what was on its way at a period's end was a difference until its member came by",
    2147: "an inclusion was noted after the period's end: lapsed points stayed in the lots",
}
