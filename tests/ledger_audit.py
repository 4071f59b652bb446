"""What the rows of a ledger say, and whether they agree with each other."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Engine, select

from backend.core.journal import EXPIRED, GENESIS_HASH, ISSUED, MOVED, REDEEMED, entry_hash
from backend.core.operations import Kind, Reason
from backend.ledger.columns import metadata

OF_PROGRAM = {ISSUED, REDEEMED, EXPIRED, MOVED}
"""The accounts that are no member's."""


def rows_of(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the ledger, in the order of its primary key."""
    with engine.connect() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in metadata.sorted_tables
        }


def records_of(engine: Engine, name: str) -> list[dict[str, Any]]:
    """The rows of one table as mappings, in the order of its primary key."""
    table = metadata.tables[name]
    with engine.connect() as connection:
        found = connection.execute(select(table).order_by(*table.primary_key.columns))
        return [dict(row._mapping) for row in found]


def audit(engine: Engine) -> None:
    """Holds the ledger to invariants I1 and I5 and to every sum it keeps, from its rows alone."""
    totals = {row["program_id"]: row for row in records_of(engine, "program_totals")}
    balances = {row["member_id"]: row["points"] for row in records_of(engine, "balances")}
    entries = records_of(engine, "journal")
    waiting = {(row["program_id"], row["entry_no"]) for row in records_of(engine, "outbox")}
    with_word = {(e["program_id"], e["entry_no"]) for e in entries if Kind(e["kind"]).has_word}
    assert waiting <= with_word
    needless = [e for e in entries if (e["program_id"], e["entry_no"]) in with_word - waiting]
    covered = {Kind.REDEEM, Kind.RETURN, Kind.RESTORE, Kind.ADJUST_DEBIT}
    assert {e["kind"] for e in needless} <= covered
    heads = dict.fromkeys(totals, (0, GENESIS_HASH))
    accounts: dict[tuple[str, str], int] = {}
    for entry in entries:
        program_id = entry["program_id"]
        count, head = heads[program_id]
        assert entry["entry_no"] == count + 1, "entries are numbered without a gap"
        chained = entry_hash(head, {k: v for k, v in entry.items() if k != "entry_hash"})
        assert entry["entry_hash"] == chained, "the hash chain is whole"
        heads[program_id] = (entry["entry_no"], chained)
        for account, points in (
            (entry["debit_account"], -entry["points"]),
            (entry["credit_account"], entry["points"]),
        ):
            key = (program_id, account)
            accounts[key] = accounts.get(key, 0) + points
            if account not in OF_PROGRAM:
                assert accounts[key] >= 0, "no account of a member was ever below zero"
    of_members = {name: p for (_, name), p in accounts.items() if name not in OF_PROGRAM}
    assert {m: p for m, p in balances.items() if p or m in of_members} == of_members
    for program_id, row in totals.items():
        assert (row["entry_count"], row["head_hash"]) == heads[program_id]
        assert sum(p for (program, _), p in accounts.items() if program == program_id) == 0
        moved = dict.fromkeys(Kind, 0)
        for entry in entries:
            if entry["program_id"] == program_id and entry["reason"] != Reason.MOVED:
                moved[Kind(entry["kind"])] += entry["points"]
        minted = (Kind.ACCRUE, Kind.BONUS, Kind.ADJUST_CREDIT)
        assert row["minted_points"] == sum(moved[kind] for kind in minted)
        given_back = moved[Kind.RESTORE] + moved[Kind.REDEEM_UNDONE]
        assert row["redeemed_points"] == moved[Kind.REDEEM] - given_back
        taken_back = moved[Kind.RETURN] + moved[Kind.ADJUST_DEBIT]
        assert row["returned_points"] == taken_back - moved[Kind.RETURN_UNDONE]
        assert accounts.get((program_id, MOVED), 0) == 0, "a merge loses nothing on the way"
        assert row["expired_points"] == moved[Kind.LAPSE] - moved[Kind.LAPSE_UNDONE]
    _audit_lots(engine)
    _audit_spending(engine)
    _audit_pending(engine)


def _audit_pending(engine: Engine) -> None:
    """What a balance shows as pending is what waits; nothing released is more than was earned."""
    waiting: dict[str, int] = {}
    for row in records_of(engine, "pending_points"):
        assert 0 <= row["cancelled_points"] <= row["points"]
        assert (row["state"] == "released") == (row["operation_id"] is not None)
        if row["state"] == "pending":
            left = row["points"] - row["cancelled_points"]
            waiting[row["member_id"]] = waiting.get(row["member_id"], 0) + left
    for row in records_of(engine, "balances"):
        assert row["pending_points"] == waiting.get(row["member_id"], 0)


def _audit_lots(engine: Engine) -> None:
    """A member's points are the lots, and what running holds keep of those that expired."""
    kept: dict[str, int] = {}
    for row in records_of(engine, "redemptions"):
        if row["state"] == "held":
            kept[row["member_id"]] = kept.get(row["member_id"], 0) + row["lapsed_points"]
    for row in records_of(engine, "balances"):
        lots = [row[f"lot_{age}"] for age in range(5)]
        assert min(lots) >= 0
        assert sum(lots) + kept.get(row["member_id"], 0) == row["points"]


def _audit_spending(engine: Engine) -> None:
    """Stock, stored values and donations are the sums of what was done with them."""
    claims = records_of(engine, "reward_claims")
    redemptions = {row["id"]: row for row in records_of(engine, "redemptions")}
    undone = [e for e in records_of(engine, "journal") if e["kind"] == Kind.REDEEM_UNDONE]
    given_back = {entry["source_id"] for entry in undone}
    for row in records_of(engine, "rewards"):
        mine = [each for each in claims if each["reward_id"] == row["id"]]
        standing = [each for each in mine if each["state"] in ("granted", "fulfilled")]
        assert row["taken_count"] == len(standing) >= 0
    for row in records_of(engine, "reward_grants"):
        mine = [each for each in claims if each["grant_id"] == row["id"]]
        standing = [each for each in mine if each["state"] in ("granted", "fulfilled")]
        assert 0 <= row["claimed_count"] == len(standing) <= row["quantity"]
    for row in claims:
        assert (row["redemption_id"] is None) != (row["grant_id"] is None)
        if row["redemption_id"] is None:
            continue
        states = {"held": {"held", "expired"}, "cancelled": {"cancelled", "refunded"}}
        redeemed = redemptions[row["redemption_id"]]["state"]
        # What was handed over stays so, though its points turn out to be the member's.
        refused = row["state"] == "fulfilled" and row["redemption_id"] in given_back
        assert redeemed in states.get(row["state"], {"cancelled" if refused else "captured"})
    uses = records_of(engine, "voucher_uses")
    for row in records_of(engine, "vouchers"):
        mine = [each for each in uses if each["voucher_id"] == row["id"]]
        spent = sum(each["redeemed_units"] - each["reversed_units"] for each in mine)
        by_hand = row["spent_units"] == row["capacity_units"] and not mine
        assert row["spent_units"] == spent or by_hand
        assert 0 <= row["spent_units"] <= row["capacity_units"]
    for row in records_of(engine, "charities"):
        assert row["receipt_count"] == sum(_gives_to(each, row["id"]) for each in claims)


def _gives_to(claim: dict[str, Any], charity_id: str) -> bool:
    terms = json.loads(claim["document"])
    return terms["charity_id"] == charity_id and claim["receipt_no"] is not None
