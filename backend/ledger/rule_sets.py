"""Rule sets as they are in force: each version's document is read and parsed once per process."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, select

from backend.core.engine.rule_set import RuleSet
from backend.core.referral import ReferralPolicy
from backend.ledger.columns import table_of
from backend.ledger.rule_tables import RuleVersion

if TYPE_CHECKING:
    from backend.ledger.loading import ProgramState

_VERSIONS: Final = table_of(RuleVersion)
_KNOWN_MAX: Final = 512
_KNOWN: Final[dict[str, RuleSet]] = {}

base_rules: Final = lru_cache(maxsize=1024)(RuleSet.base)


def rules_of(connection: Connection, program: ProgramState) -> RuleSet:
    """The rules that judge a purchase now: the published ones, or the program's own terms."""
    if program.rules_hash is None:
        return base_rules(program.earn_points, program.earn_per_amount_minor, program.currency)
    # By what the document says, so that the same text is the same rules wherever it is kept.
    if (known := _KNOWN.get(program.rules_hash)) is None:
        document = connection.execute(
            select(_VERSIONS.c.document).where(
                _VERSIONS.c.program_id == program.id,
                _VERSIONS.c.version == program.rules_version,
            )
        ).scalar_one()
        known = RuleSet.parse(json.loads(document))
        if len(_KNOWN) >= _KNOWN_MAX:
            _KNOWN.clear()
        _KNOWN[program.rules_hash] = known
    return known


def referral_of(rules: RuleSet) -> ReferralPolicy | None:
    """The rules' referral policy, if they have one."""
    policy: ReferralPolicy | None = rules.sections.get("referral")
    return policy
