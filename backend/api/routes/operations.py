"""Operations: how far they are on their way to the chain, and the proof that they got there."""

from __future__ import annotations

from backend.api import present, schemas
from backend.api.auth import Authenticated
from backend.api.documented import problems, router
from backend.services.read_operation import read_operation, read_proof

operations = router("operations")


@operations.get(
    "/operations/{operation_id}",
    responses=problems("unknown_operation"),
    summary="Read an operation and its settlement status",
)
async def get_operation(operation_id: str, call: Authenticated) -> schemas.OperationOut:
    """`status` goes accepted → sealed → broadcast → included → final; parked needs an operator."""
    return present.operation(await read_operation(call.house, call.merchant_id, operation_id))


@operations.get(
    "/operations/{operation_id}/proof",
    responses=problems("unknown_operation", "operation_not_settled"),
    summary="The proof that an operation's receipt is in its batch",
)
async def get_proof(operation_id: str, call: Authenticated) -> schemas.ProofOut:
    """Check it with SHA-256 alone, against the root that the chain's BatchApplied event shows."""
    return present.proof(await read_proof(call.house, call.merchant_id, operation_id))
