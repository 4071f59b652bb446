"""LoyaltyBadge: issued and revoked by settlement, held by members, moved by nobody."""

from __future__ import annotations

from typing import Any

import pytest
from contract_model import ZERO_ADDRESS, assert_refused, member_address

ANNA = member_address(1)
GOLD, REVIEWER = 3, 7


@pytest.fixture
def badge(project: Any, admin: Any, settlement: Any) -> Any:
    """A collection of the settlement."""
    return admin.deploy(
        project.LoyaltyBadge, settlement, "Café badges", "BADGE", "https://example.com/badge/"
    )


def test_a_collection_says_what_it_is(badge: Any, settlement: Any) -> None:
    assert (badge.name(), badge.symbol()) == ("Café badges", "BADGE")
    assert badge.issuer() == settlement.address
    assert badge.defaultLocked()
    for interface in ("01ffc9a7", "80ac58cd", "5b5e139f", "b45a3c0e", "6b61a747"):
        assert badge.supportsInterface(bytes.fromhex(interface)), interface
    assert not badge.supportsInterface(b"\xff" * 4)


def test_badges_are_issued_and_revoked(badge: Any, settlement: Any, operator: Any) -> None:
    gold, reviewer = badge.idOf(ANNA, GOLD, 1), badge.idOf(ANNA, REVIEWER, 2**64 - 1)
    assert gold == int(ANNA, 16) << 96 | GOLD << 64 | 1
    receipt = settlement.issueBadges(badge, [gold, reviewer], sender=operator)
    minted = receipt.decode_logs(badge.Transfer)
    assert [(t["from"], t.tokenId) for t in minted] == [
        (ZERO_ADDRESS, gold),
        (ZERO_ADDRESS, reviewer),
    ]
    assert [log.tokenId for log in receipt.decode_logs(badge.Locked)] == [gold, reviewer]
    assert badge.ownerOf(gold).lower() == ANNA
    assert badge.balanceOf(ANNA) == 2
    assert badge.holds(ANNA, GOLD, 1)
    assert badge.locked(gold)
    assert badge.tokenURI(gold) == "https://example.com/badge/3"
    again = {"tokenId": gold}
    assert_refused(badge.BadgeExists, again, settlement.issueBadges, badge, [gold], sender=operator)

    receipt = settlement.revokeBadges(badge, [gold], sender=operator)
    (burned,) = receipt.decode_logs(badge.Transfer)
    assert (burned["from"].lower(), burned["to"], burned.tokenId) == (ANNA, ZERO_ADDRESS, gold)
    assert badge.balanceOf(ANNA) == 1
    assert not badge.holds(ANNA, GOLD, 1)
    for view in (badge.ownerOf, badge.tokenURI, badge.locked, badge.getApproved):
        assert_refused(badge.UnknownBadge, again, view, gold)
    revoke = (settlement.revokeBadges, badge, [gold])
    assert_refused(badge.UnknownBadge, again, *revoke, sender=operator)


def test_nobody_moves_a_badge(badge: Any, settlement: Any, operator: Any, stranger: Any) -> None:
    held = badge.idOf(stranger, GOLD, 1)
    settlement.issueBadges(badge, [held], sender=operator)
    refused = badge.NonTransferable
    for method, arguments in (
        (badge.transferFrom, (stranger, operator, held)),
        (badge.safeTransferFrom, (stranger, operator, held)),
        (badge.safeTransferFrom, (stranger, operator, held, b"x")),
        (badge.approve, (operator, held)),
        (badge.setApprovalForAll, (operator, True)),
    ):
        assert_refused(refused, {}, method, *arguments, sender=stranger)
    assert badge.getApproved(held) == ZERO_ADDRESS
    assert not badge.isApprovedForAll(stranger, operator)
    assert badge.ownerOf(held) == stranger.address


def test_a_member_may_give_a_badge_up(
    badge: Any, settlement: Any, operator: Any, stranger: Any
) -> None:
    held = badge.idOf(stranger, GOLD, 1)
    assert_refused(badge.UnknownBadge, {"tokenId": held}, badge.renounce, held, sender=stranger)
    settlement.issueBadges(badge, [held], sender=operator)
    assert_refused(badge.NotHolder, {}, badge.renounce, held, sender=operator)
    badge.renounce(held, sender=stranger)
    assert badge.balanceOf(stranger) == 0


def test_only_settlement_issues(
    badge: Any, settlement: Any, operator: Any, admin: Any, stranger: Any
) -> None:
    held = badge.idOf(ANNA, GOLD, 1)
    for method in (badge.issue, badge.revoke):
        assert_refused(badge.NotIssuer, {}, method, [held], sender=admin)
    for method in (settlement.issueBadges, settlement.revokeBadges):
        assert_refused(settlement.NotOperator, {}, method, badge, [held], sender=stranger)
    assert_refused(badge.BadHolder, {}, settlement.issueBadges, badge, [5], sender=operator)
