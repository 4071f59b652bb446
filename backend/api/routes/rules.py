"""Rules of a program: draft, publish, retire, read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response

from backend.api import present, present_rules
from backend.api.auth import Authenticated
from backend.api.documented import WITH_BODY, WITH_KEY, idempotent, problems, router
from backend.api.rule_models import RulesIn, RulesOut, RulesPage
from backend.services.rule_versions import DraftRules, PublishRules, RetireRules, list_rules

rules = router("rules")
VERSION_MAX = 2**31 - 1
Version = Annotated[int, Path(ge=1, le=VERSION_MAX)]


def _render(row: dict[str, Any]) -> bytes:
    return present.to_json(present_rules.rules(row))


@rules.post(
    "/programs/{program_id}/rules",
    status_code=201,
    response_model=RulesOut,
    responses=problems(
        *WITH_BODY, *WITH_KEY, "unknown_program", "rule_invalid", "currency_mismatch"
    ),
    openapi_extra=idempotent(required=False),
    summary="Draft a version of a program's rules",
)
async def draft_rules(program_id: str, body: RulesIn, call: Authenticated) -> Response:
    """Checks the document and keeps it; nothing is judged by it before it is published. A
    mistake is answered with `pointer`, where in the document it is."""
    claim = call.optional_claim(present.fingerprint(f"programs/{program_id}/rules", body))
    command = DraftRules(call.merchant_id, claim, program_id, body.document, _render)
    return present.answered(await call.house.committer.submit(command))


@rules.get(
    "/programs/{program_id}/rules",
    responses=problems("unknown_program"),
    summary="List the versions of a program's rules",
)
async def get_rules(program_id: str, call: Authenticated) -> RulesPage:
    """Every version that ever was, the newest first."""
    found = await list_rules(call.house, call.merchant_id, program_id)
    return RulesPage(data=[present_rules.rules(row) for row in found], has_more=False)


@rules.post(
    "/programs/{program_id}/rules/{version}/publish",
    response_model=RulesOut,
    responses=problems(
        *WITH_KEY, "unknown_program", "unknown_rules", "rules_not_draft", "invalid_request"
    ),
    openapi_extra=idempotent(required=False),
    summary="Put a draft of the rules in force",
)
async def publish_rules(program_id: str, version: Version, call: Authenticated) -> Response:
    """Purchases are judged by it from now on; the version before it is retired and kept."""
    route = f"programs/{program_id}/rules/{version}/publish"
    claim = call.optional_claim(present.fingerprint(route))
    command = PublishRules(call.merchant_id, claim, program_id, version, _render)
    return present.answered(await call.house.committer.submit(command))


@rules.post(
    "/programs/{program_id}/rules/{version}/retire",
    response_model=RulesOut,
    responses=problems(
        *WITH_KEY, "unknown_program", "unknown_rules", "rules_retired", "invalid_request"
    ),
    openapi_extra=idempotent(required=False),
    summary="Withdraw a version of the rules",
)
async def retire_rules(program_id: str, version: Version, call: Authenticated) -> Response:
    """A program whose published rules are withdrawn goes by its own terms again."""
    route = f"programs/{program_id}/rules/{version}/retire"
    claim = call.optional_claim(present.fingerprint(route))
    command = RetireRules(call.merchant_id, claim, program_id, version, _render)
    return present.answered(await call.house.committer.submit(command))
