"""Every movement of a member's points, and the proof that each one is on the chain."""

from __future__ import annotations

from typing import Any, Final

from fastapi.responses import Response

from backend.core.errors import OperationNotSettled, UnknownOperation
from backend.services.read_history import read_history
from backend.services.read_offers import read_member_now
from backend.services.read_operation import OperationRead, ProofRead, read_operation, read_proof
from backend.web.card import frame
from backend.web.card.frame import Visit
from backend.web.card.statement import default_period
from backend.web.card.words import Amounts, explorer_address, movement
from backend.web.kit.site import Site

PAGE_SIZE: Final = 25


def install(site: Site) -> None:
    """Adds the pages."""
    frame.get(site, "/card/history", _list)
    frame.get(site, "/card/proof/{operation_id}", _proof)
    frame.get(site, "/card/proof/{operation_id}/file", _file)


async def _list(visit: Visit) -> Response:
    page, card = visit.page, visit.card
    after = page.query("after") or None
    found = await read_history(page.house, card.merchant_id, card.member_id, PAGE_SIZE, after)
    last = found.records[-1].operation_id if found.records else ""
    return visit.render(
        "history.html",
        movements=[movement(page.tongue, each) for each in found.records],
        next_page=f"/card/history?after={last}" if found.has_more else "",
        amounts=await _amounts(visit),
        explorer=explorer_address(card.address),
        period=default_period(page.tongue, page.house.now_ms()),
    )


async def _proof(visit: Visit) -> Response:
    page = visit.page
    read = await _mine(visit)
    return visit.render(
        "proof.html",
        movement=movement(page.tongue, read.record),
        details=read.record.details,
        status=read.status,
        proof=await _proved(visit, read),
        amounts=await _amounts(visit),
        explorer=explorer_address(visit.card.address),
    )


async def _file(visit: Visit) -> Response:
    """The proof as the API gives it to the merchant: to be kept and checked anywhere."""
    read = await _mine(visit)
    proved = await _proved(visit, read)
    if proved is None:
        raise OperationNotSettled("There is no proof of this yet.")
    found = proved.proof
    document: dict[str, Any] = {
        "operation_id": read.record.operation_id,
        "program_address": found.program_address,
        "seq": found.seq,
        "index": found.index,
        "leaf_count": found.leaf_count,
        "word": f"0x{found.word:064x}",
        "commitment": f"0x{found.commitment.hex()}",
        "details": read.record.details,
        "leaf": f"0x{found.leaf.hex()}",
        "siblings": [f"0x{each.hex()}" for each in found.siblings],
        "receipts_root": f"0x{found.root.hex()}",
        "tx_hash": read.status.tx_hash,
        "block_number": read.status.block_number,
    }
    answer = visit.page.json(document)
    name = f"{read.record.operation_id}.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


async def _mine(visit: Visit) -> OperationRead:
    operation_id = visit.page.path("operation_id")
    read = await read_operation(visit.page.house, visit.card.merchant_id, operation_id)
    if read.record.member_id != visit.card.member_id:
        raise UnknownOperation("There is no such operation.")
    return read


async def _proved(visit: Visit, read: OperationRead) -> ProofRead | None:
    """None for what has no receipt in a batch: on its way, or carried by a call of its own."""
    try:
        house, merchant_id = visit.page.house, visit.card.merchant_id
        return await read_proof(house, merchant_id, read.record.operation_id)
    except OperationNotSettled:
        return None


async def _amounts(visit: Visit) -> Amounts:
    card = visit.card
    now = await read_member_now(visit.page.house, card.merchant_id, card.member_id)
    return Amounts(visit.page.tongue, now.unit, card.currency)
