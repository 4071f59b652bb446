"""Which calls of programs a transaction made, as its calldata says, program by program."""

from __future__ import annotations

from auditor.abi import Call, program_call, settlement_call
from auditor.node import Transaction

OPERATORS_CALLS = frozenset({"settle", "rebind"})
ADMINS_CALLS = frozenset({"setLimits", "announceTerms", "announceClosing", "unpause"})
GUARDIANS_CALLS = frozenset({"pause"})


def calls_of(transaction: Transaction, settlement: str) -> tuple[str | None, dict[str, list[Call]]]:
    """The settlement function called, if one was, and the calls that reach each program.

    Only what the transaction itself calls can be read: a contract's calls are not in calldata.
    """
    to = (transaction.to or "").lower()
    if to != settlement:
        call = program_call(transaction.data)
        return None, {} if call is None else {to: [call]}
    call = settlement_call(transaction.data)
    if call is None:
        return None, {}
    if call.name != "settle":
        program, *rest = call.args
        return call.name, {program: [Call(call.name, tuple(rest))]}
    calls: dict[str, list[Call]] = {}
    for program, seq, root, words in call.args[0]:
        calls.setdefault(program, []).append(Call("applyBatch", (seq, root, words)))
    return call.name, calls
