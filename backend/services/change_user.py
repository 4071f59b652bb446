"""Give a user another role, disable them, let them in again. One owner at least always stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.core.people_errors import LastOwner, UnknownUser
from backend.core.roles import Role
from backend.core.staff_actions import Action
from backend.ledger.group_commit import Answer, Claim
from backend.ledger.people import StaffRecord, locked_users_of
from backend.ledger.people_tables import StaffUser, WebSession
from backend.ledger.unit_of_work import UnitOfWork
from backend.ledger.wants import Wants
from backend.services.house import House
from backend.services.record_action import stage_action


def found_among(users: Iterable[StaffRecord], user_id: str) -> StaffRecord:
    """The user with this id; raises UnknownUser."""
    for user in users:
        if user.id == user_id:
            return user
    raise UnknownUser("There is no such user.")


@dataclass(frozen=True, slots=True)
class _Change:
    """`role` or `disabled` as they shall be; None for as it is."""

    by: StaffRecord
    user_id: str
    role: Role | None
    disabled: bool | None

    @property
    def claim(self) -> Claim | None:
        return None

    def wants(self) -> Wants:
        return Wants()

    def decide(self, work: UnitOfWork) -> Answer:
        users = work.ask(lambda connection: locked_users_of(connection, self.by.merchant_id))
        user = found_among(users, self.user_id)
        leaves = self.disabled or self.role not in {None, Role.OWNER}
        if leaves and _is_last_owner(users, user):
            raise LastOwner("Somebody must stay who may do everything: name another owner first.")
        if self.role is not None and self.role is not user.rights:
            work.stage_update(StaffUser, {"id": user.id, "role": self.role.value})
            change = f"{user.role} → {self.role.value}"
            stage_action(work, self.by, Action.USER_ROLE_CHANGED, user.id, change)
        if self.disabled is not None and self.disabled is (user.disabled_at_ms is None):
            self._set_disabled(work, user.id, self.disabled)
        return Answer(200, b"")

    def _set_disabled(self, work: UnitOfWork, user_id: str, disabled: bool) -> None:
        row = {"id": user_id, "disabled_at_ms": work.now_ms if disabled else None}
        if disabled:
            work.stage_delete(WebSession, {"kind": "staff", "subject": user_id})
            row |= {"invite_sha256": None, "invite_expires_at_ms": None}
        work.stage_update(StaffUser, row)
        action = Action.USER_DISABLED if disabled else Action.USER_ENABLED
        stage_action(work, self.by, action, user_id)


def _is_last_owner(users: Sequence[StaffRecord], user: StaffRecord) -> bool:
    """An owner who was only invited, or is disabled, keeps no door open."""
    owners = {
        each.id
        for each in users
        if each.rights is Role.OWNER and each.password_hash and each.disabled_at_ms is None
    }
    return owners == {user.id}


async def change_role(house: House, by: StaffRecord, user_id: str, role: Role) -> None:
    """From their next page on. Raises UnknownUser or LastOwner."""
    await house.committer.submit(_Change(by, user_id, role, None))


async def disable_user(house: House, by: StaffRecord, user_id: str) -> None:
    """Ends their sessions and their invitation. Raises UnknownUser or LastOwner."""
    await house.committer.submit(_Change(by, user_id, None, True))


async def enable_user(house: House, by: StaffRecord, user_id: str) -> None:
    """With the password they had, or to be invited again. Raises UnknownUser."""
    await house.committer.submit(_Change(by, user_id, None, False))
