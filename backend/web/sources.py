"""Verified sources in the form of Sourcify's API, version 2: GET /v2/contract/{chain}/{address}.

https://docs.sourcify.dev/docs/api/ — the fields are those of its contract look-up. A match is not
claimed, it is found: the code on chain is compared with what the kept sources compile to.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import Response

from backend.chain.evidence import KeptContract, clone_logic, kept_contracts
from backend.chain.keccak import checksummed
from backend.chain.port import ChainReader
from backend.chain.quantities import read_bytes
from backend.services.chain_gate import ChainGate

Field = Callable[[KeptContract], Any]

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_CHAIN: Final = re.compile(r"[0-9]{1,15}")


def _compilation(kept: KeptContract) -> dict[str, Any]:
    ((path, name),) = kept.metadata["settings"]["compilationTarget"].items()
    return {
        "language": kept.metadata["language"],
        "compiler": "solc",
        "compilerVersion": kept.metadata["compiler"]["version"],
        "compilerSettings": kept.standard_input["settings"],
        "name": name,
        "fullyQualifiedName": f"{path}:{name}",
    }


FIELDS: Final[dict[str, Field]] = {
    "abi": lambda kept: kept.abi,
    "compilation": _compilation,
    "deployment": lambda kept: {
        "transactionHash": kept.tx_hash,
        "blockNumber": str(kept.block_number),
    },
    "devdoc": lambda kept: kept.metadata["output"].get("devdoc"),
    "metadata": lambda kept: kept.metadata,
    "sources": KeptContract.sources,
    "stdJsonInput": lambda kept: kept.standard_input,
    "userdoc": lambda kept: kept.metadata["output"].get("userdoc"),
}


class Sources:
    """Answers the look-up from the deployment records of the data folder."""

    def __init__(self, data: Path, gate: ChainGate) -> None:
        self._data = data
        self._gate = gate

    async def answer(self, request: Request) -> Response:
        """400 for what is no address, 404 where nothing is known to match. ChainSilent."""
        chain, address = request.path_params["chain"], request.path_params["address"]
        if not _CHAIN.fullmatch(chain) or not _ADDRESS.fullmatch(address):
            return _refused("A chain is a number, an address 20 bytes in hexadecimal.")
        wanted = [each for each in request.query_params.get("fields", "").split(",") if each]
        if unknown := sorted({*wanted} - {*FIELDS, "all"}):
            return _refused(f"There is no field {unknown[0][:40]}.")
        names = list(FIELDS) if "all" in wanted else wanted
        status, document = await self._gate.ask(
            lambda reader, _: self._found(reader, int(chain), read_bytes(address, 20), names)
        )
        return _json(status, document)

    def _found(
        self, reader: ChainReader, chain_id: int, address: bytes, names: list[str]
    ) -> tuple[int, dict[str, Any]]:
        found = None
        code = reader.code(address) if reader.chain_id() == chain_id else b""
        for kept in kept_contracts(self._data, chain_id):
            if kept.address == address and kept.runs(code):
                found = kept
        match = "exact_match" if found else None
        document: dict[str, Any] = {
            # The transaction that made it was not compared, only the code that runs.
            "creationMatch": None,
            "runtimeMatch": match,
            "match": match,
            "chainId": str(chain_id),
            "address": checksummed(address),
        }
        if found:
            return 200, document | {name: FIELDS[name](found) for name in names}
        if logic := clone_logic(code):
            document["proxyResolution"] = {
                "isProxy": True,
                "proxyType": "EIP1167Proxy",
                "implementations": [{"address": checksummed(logic)}],
            }
        return 404, document


def _refused(message: str) -> Response:
    return _json(400, {"customCode": "invalid_parameter", "message": message})


def _json(status: int, document: dict[str, Any]) -> Response:
    # Published sources are everybody's, so any page may read them.
    headers = {"Access-Control-Allow-Origin": "*"}
    content = json.dumps(document, ensure_ascii=False).encode()
    return Response(content, status, headers, "application/json")
