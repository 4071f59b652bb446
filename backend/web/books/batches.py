"""Batches with their roots, the words in them, and each word's proof."""

from __future__ import annotations

from typing import Final

from fastapi.responses import Response

from backend.core import receipts
from backend.core.operations import Kind
from backend.core.roles import Permission
from backend.services import read_books
from backend.services.read_operation import read_proof
from backend.web.books import frame
from backend.web.kit.languages import marked
from backend.web.kit.page import Page
from backend.web.kit.site import Site

KINDS: Final = {
    Kind.ACCRUE: marked("earned"),
    Kind.BONUS: marked("bonus"),
    Kind.REDEEM: marked("redeemed"),
    Kind.RETURN: marked("taken back"),
    Kind.RESTORE: marked("given back"),
    Kind.ADJUST_CREDIT: marked("adjusted up"),
    Kind.ADJUST_DEBIT: marked("adjusted down"),
}


def install(site: Site) -> None:
    """Adds the pages."""
    root = "/audit/p/{program_id}"
    site.get(f"{root}/batches", _batches, Permission.BOOKS)
    site.get(f"{root}/batches/{{seq}}", _batch, Permission.BOOKS)
    site.get(f"{root}/proofs/{{operation_id}}", _proof, Permission.BOOKS)
    site.get(f"{root}/proofs/{{operation_id}}/file", _proof_file, Permission.BOOKS)


async def _batches(page: Page) -> Response:
    before = _number(page.query("before"))
    found, more = await read_books.list_batches(page.house, page.here, before)
    return await frame.render(page, "batches.html", batches=found, more=more)


async def _batch(page: Page) -> Response:
    seq, first = _number(page.path("seq")) or 0, _number(page.query("from")) or 0
    batch = await read_books.read_batch(page.house, page.here, seq, first)
    further = first + read_books.WORDS_PER_PAGE
    return await frame.render(
        page,
        "batch.html",
        batch=batch,
        kinds=KINDS,
        further=further if further < batch.sealed.word_count else None,
    )


async def _proof(page: Page) -> Response:
    """The proof, checked here step by step: SHA-256 and nothing else."""
    read = await read_proof(page.house, page.merchant_id, page.path("operation_id"))
    proof = read.proof
    holds = receipts.verify_proof(
        proof.root, proof.leaf, proof.index, proof.leaf_count, proof.siblings
    )
    return await frame.render(
        page, "proof.html", proof=proof, record=read.record, holds=holds, kinds=KINDS
    )


async def _proof_file(page: Page) -> Response:
    """The proof as the API gives it, to be checked by anybody's program."""
    read = await read_proof(page.house, page.merchant_id, page.path("operation_id"))
    proof = read.proof
    return page.json(
        {
            "operation_id": read.record.operation_id,
            "program_address": proof.program_address,
            "seq": proof.seq,
            "index": proof.index,
            "leaf_count": proof.leaf_count,
            "word": f"0x{proof.word:064x}",
            "commitment": f"0x{proof.commitment.hex()}",
            "leaf": f"0x{proof.leaf.hex()}",
            "siblings": [f"0x{each.hex()}" for each in proof.siblings],
            "receipts_root": f"0x{proof.root.hex()}",
        }
    )


def _number(given: str) -> int | None:
    return int(given) if given.isdecimal() and len(given) <= 15 else None
