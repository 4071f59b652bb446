"""The contracts themselves: where they are, what their code is, who may call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from eth_utils.crypto import keccak

from auditor.abi import call_data, decoder, event_of
from auditor.header import header_hash
from auditor.node import Node, NodeRefused, NotAsked
from auditor.published import Published, clone_address, clone_arguments, clone_code
from auditor.roles import Roles
from auditor.rules import Rules
from auditor.storage import factory_slots, operator_slot
from auditor.subject import AuditImpossible, ProgramHistory, Subject
from auditor.trie import ProvedAccount, is_kept_zero, proved_account, storage_root
from auditor.walk import headers

_KEYS_PER_PROOF: Final = 500
_SMALL_SLOTS: Final = 9
"""Slots that are not by address or hash: 0 to 8 in programs, fewer elsewhere."""


class _SlotProof(msgspec.Struct):
    key: str
    proof: list[str]


class _Proof(msgspec.Struct, rename="camel"):
    account_proof: list[str]
    storage_hash: str
    storage_proof: list[_SlotProof]

    def kept_zeros(self) -> frozenset[int]:
        root = _bytes(self.storage_hash)
        return frozenset(
            int(each.key, 16)
            for each in self.storage_proof
            if is_kept_zero(root, int(each.key, 16), [_bytes(node) for node in each.proof])
        )


@dataclass(frozen=True, slots=True)
class Account:
    """Code and storage root of an account at the audited block; `zeros` are slots that its trie
    keeps although they are zero."""

    code: bytes
    storage_root: bytes
    zeros: frozenset[int]

    def holds(self, slots: Mapping[int, int]) -> bool:
        """Whether the storage is these slots and nothing else."""
        return self.storage_root == storage_root(slots, self.zeros)


def check_header(node: Node, subject: Subject) -> None:
    """The block's hash is that of the header that the node shows."""
    header = node.typed(dict[str, Any], "eth_getBlockByNumber", hex(subject.block.height), False)
    try:
        found = header_hash(header)
    except ValueError as failure:
        found = str(failure)
    if found != subject.block.hash or header.get("stateRoot") != subject.block.state_root:
        what = f"its header makes {found}, not {subject.block.hash}"
        subject.findings.add("header_invalid", subject.settlement, what, subject.block.height)


def read_accounts(node: Node, subject: Subject, addresses: list[str]) -> dict[str, Account]:
    """Code and proved storage root of each. Raises AuditImpossible where the node has no state."""
    tag = hex(subject.block.height)
    try:
        codes = list(node.many(str, [("eth_getCode", [each, tag]) for each in addresses]))
        small = [_key(slot) for slot in range(_SMALL_SLOTS)]
        asked = [("eth_getProof", [each, small, tag]) for each in addresses]
        proofs = list(node.many(_Proof, asked))
    except NodeRefused as refusal:
        raise AuditImpossible(
            f"the node has no state of block {subject.block.height} ({refusal}): ask a node that"
            " has it, or audit a later block with --to-block"
        ) from None
    accounts = {}
    state_root = bytes.fromhex(subject.block.state_root[2:])
    for address, code, proof in zip(addresses, codes, proofs, strict=True):
        nodes = [_bytes(each) for each in proof.account_proof]
        root = _bytes(proof.storage_hash)
        said = ProvedAccount(root, keccak(_bytes(code)))
        if proved_account(state_root, bytes.fromhex(address[2:]), nodes) != said:
            subject.findings.add("proof_invalid", address, "the account's proof does not hold")
        accounts[address] = Account(_bytes(code), root, proof.kept_zeros())
    return accounts


def holds(
    node: Node,
    subject: Subject,
    address: str,
    account: Account,
    slots: Mapping[int, int],
    cleared: Iterable[int],
) -> bool:
    """Whether the account's storage is these slots and nothing else.

    `cleared` are slots that were read or written and are zero: where the root differs, the node is
    asked to prove which of them its trie keeps nevertheless. Raises NodeRefused.
    """
    if account.holds(slots):
        return True
    asked = [_key(slot) for slot in sorted(set(cleared)) if not slots.get(slot)]
    zeros = set(account.zeros)
    for start in range(0, len(asked), _KEYS_PER_PROOF):
        keys = asked[start : start + _KEYS_PER_PROOF]
        tag = hex(subject.block.height)
        try:
            zeros |= node.typed(_Proof, "eth_getProof", address, keys, tag).kept_zeros()
        except NotAsked:
            # The audit that was recorded had no doubt here, and this one has.
            return False
    return Account(account.code, account.storage_root, frozenset(zeros)).holds(slots)


def read_origins(
    node: Node, subject: Subject, first: int, role_delay_s: int
) -> tuple[Roles, list[Rules]]:
    """The roles' history, and every program that the factory made, other issuers' included."""
    roles = Roles(subject.settlement, role_delay_s, subject.findings)
    created: list[Rules] = []
    newest: tuple[Any, ...] | None = None
    addresses = [subject.factory, subject.settlement]
    for _, logs in node.logs(addresses, first, subject.block.height):
        blocks = headers(node, (log.block for log in logs))
        for log in logs:
            event = event_of(log)
            if event is None:
                subject.findings.add(
                    "unknown_event", log.address.lower(), f"topics {log.topics[:1]}", log.block
                )
            elif event.name == "ProgramCreated":
                newest = event.args
            elif event.name == "ProgramRulesSet" and newest and newest[0] == event.args[0]:
                created.append(Rules.of(newest, event.args[1], log.block))
            elif log.address.lower() == subject.settlement:
                place = log.block, int(log.log_index, 16)
                timestamp_s = blocks[log.block].timestamp_s
                roles.apply(event, place, timestamp_s, log.transaction_hash)
    return roles, created


def add_programs(subject: Subject, created: list[Rules]) -> None:
    """The settlement's own programs become part of the audit."""
    for rules in created:
        if rules.issuer == subject.settlement:
            subject.programs[rules.address] = ProgramHistory.of(rules, subject.findings)
    others = len(created) - len(subject.programs)
    if others:
        subject.notes.append(f"{others} programs of other issuers at the factory: not audited")


def read_logics(node: Node, subject: Subject) -> list[str]:
    """The factory's logic contracts, version 1 first."""
    latest = _view(node, subject, subject.factory, "latestVersion()", "uint32")
    return [
        str(_view(node, subject, subject.factory, "implementationOf(uint32)", "address", version))
        for version in range(1, latest + 1)
    ]


def read_role_delay(node: Node, subject: Subject) -> int:
    """The settlement's delay, as its view has it."""
    return int(_view(node, subject, subject.settlement, "roleDelay()", "uint256"))


def check_code(
    subject: Subject,
    accounts: Mapping[str, Account],
    published: Mapping[str, Published],
    logics: list[str],
    role_delay_s: int,
) -> None:
    """Factory, settlement, logic and every clone, byte for byte."""
    delay = {role_delay_s.to_bytes(32, "big")}
    expected = [
        (subject.factory, "ProgramFactory", set()),
        (subject.settlement, "Settlement", delay),
        *((each, "LoyaltyProgram", {_padded(each)}) for each in logics),
    ]
    for address, name, immutables in expected:
        code = accounts[address].code
        if not published[name].matches(code):
            what = f"{len(code)} bytes that are not {name}'s"
            subject.findings.add("code_differs", address, what)
        elif published[name].immutable_values(code) != immutables:
            subject.findings.add("code_differs", address, f"{name} with foreign immutable values")
    for address, history in subject.programs.items():
        rules = history.rules
        if not 1 <= rules.version <= len(logics):
            subject.findings.add("clone_differs", address, f"of unknown version {rules.version}")
            continue
        code = clone_code(logics[rules.version - 1], clone_arguments(rules))
        if accounts[address].code != code:
            subject.findings.add("clone_differs", address, "its code is not what was announced")
        if clone_address(subject.factory, rules, code) != address:
            subject.findings.add("clone_differs", address, "not at the address of its arguments")


def check_storage(
    node: Node,
    subject: Subject,
    accounts: Mapping[str, Account],
    roles: Roles,
    created: list[Rules],
    logics: list[str],
) -> None:
    """Factory and settlement hold what their logs add up to, and nothing else."""
    factory = accounts[subject.factory]
    if not factory.holds(factory_slots(logics, created)):
        subject.findings.add("factory_storage_differs", subject.factory, "its storage root")
    settlement, cleared = accounts[subject.settlement], map(operator_slot, roles.named)
    if not holds(node, subject, subject.settlement, settlement, roles.slots(), cleared):
        subject.findings.add("settlement_storage_differs", subject.settlement, "its storage root")


def check_roles(node: Node, subject: Subject, roles: Roles) -> None:
    """The settlement's views say what its log adds up to."""
    expected = [
        ("admin()", "address", (), roles.admin),
        ("pendingAdmin()", "address", (), roles.pending_admin),
        ("guardian()", "address", (), roles.guardian),
        *(
            ("operatorFrom(address)", "uint256", (each,), since)
            for each, since in sorted(roles.operators.items())
        ),
    ]
    for signature, kind, arguments, wanted in expected:
        found = _view(node, subject, subject.settlement, signature, kind, *arguments)
        if found != wanted:
            asked = signature if not arguments else f"{signature} of {arguments[0]}"
            what = f"{asked} is {found}, the log says {wanted}"
            subject.findings.add("role_differs", subject.settlement, what)


def check_record(
    subject: Subject,
    record: Mapping[str, Any],
    roles_at_birth: Mapping[str, Any],
    logics: list[str],
) -> None:
    """The operator's deployment record against what the chain says of that deployment."""
    found = {**roles_at_birth, "LoyaltyProgram": logics[0], "chain_id": subject.chain_id}
    said: dict[str, Any] = {
        "admin": str(record.get("admin", "")).lower(),
        "guardian": str(record.get("guardian", "")).lower(),
        "operators": sorted(str(each).lower() for each in record.get("operators", [])),
        "LoyaltyProgram": str(record["contracts"]["LoyaltyProgram"]["address"]).lower(),
        "chain_id": record["chain_id"],
    }
    for name, value in said.items():
        if value != found[name]:
            what = f"{name} is {value} in the record, {found[name]} on chain"
            subject.findings.add("record_differs", subject.settlement, what)


def _view(node: Node, subject: Subject, to: str, signature: str, kind: str, *arguments: Any) -> Any:
    call = {"to": to, "data": call_data(signature, *arguments)}
    answer = node.ask("eth_call", call, hex(subject.block.height))
    try:
        return decoder(kind)(answer)[0]
    except Exception as failure:
        raise AuditImpossible(f"{to} does not answer {signature}: is it ours?") from failure


def _key(slot: int) -> str:
    return f"{slot:#066x}"


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _padded(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])
