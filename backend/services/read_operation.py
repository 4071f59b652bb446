"""Read an operation: what it is, how far it got, and the proof that it is in its batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from backend.core.errors import OperationNotSettled, UnknownOperation
from backend.core.ids import is_id
from backend.ledger.operation_status import (
    InclusionProof,
    OperationStatus,
    inclusion_proof,
    operation_status,
)
from backend.ledger.operations import OperationRecord, operation_of
from backend.services.house import House
from backend.services.waiting import Waiting, waiting_of


@dataclass(frozen=True, slots=True)
class OperationRead:
    record: OperationRecord
    status: OperationStatus
    explorer_url: str | None
    waiting: Waiting | None


@dataclass(frozen=True, slots=True)
class ProofRead:
    record: OperationRecord
    proof: InclusionProof


async def read_operation(house: House, merchant_id: str, operation_id: str) -> OperationRead:
    """Raises UnknownOperation, also when it is somebody else's."""

    def read(connection: Connection) -> OperationRead:
        record = _record(connection, merchant_id, operation_id)
        status = operation_status(connection, operation_id)
        if status is None:
            raise UnknownOperation("There is no such operation.")
        template = house.explorer_tx_url
        shown = template is not None and status.tx_hash is not None
        url = str(template).replace("{tx_hash}", str(status.tx_hash)) if shown else None
        return OperationRead(record, status, url, waiting_of(connection, record.member_id, status))

    return await house.ledger.run(read)


async def read_statuses(
    house: House, records: Sequence[OperationRecord]
) -> dict[str, OperationStatus]:
    """How far each of some operations is that the caller may see, by id."""

    def read(connection: Connection) -> dict[str, OperationStatus]:
        found = (operation_status(connection, record.operation_id) for record in records)
        return {status.operation_id: status for status in found if status is not None}

    return await house.ledger.run(read)


async def read_proof(house: House, merchant_id: str, operation_id: str) -> ProofRead:
    """Raises UnknownOperation, or OperationNotSettled while it is in no batch."""

    def read(connection: Connection) -> ProofRead:
        record = _record(connection, merchant_id, operation_id)
        proof = inclusion_proof(connection, operation_id)
        if proof is None:
            raise OperationNotSettled("The operation is in no batch yet; try again in seconds.")
        return ProofRead(record, proof)

    return await house.ledger.run(read)


def _record(connection: Connection, merchant_id: str, operation_id: str) -> OperationRecord:
    known = is_id("op", operation_id)
    record = operation_of(connection, merchant_id, operation_id) if known else None
    if record is None:
        raise UnknownOperation("There is no such operation.")
    return record
