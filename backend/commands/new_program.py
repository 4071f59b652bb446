"""A fresh program for a replay, through the API."""

from __future__ import annotations

import json

import urllib3

from backend.commands.errors import OperatorError
from backend.core.money import currency_exponent


class NewProgramError(OperatorError):
    """The API did not make the program; the message is its reason."""


def create_for_replay(api_url: str, api_key: str, name: str, currency: str) -> str:
    """A program that earns a point per whole unit of the currency; returns its id."""
    symbol = "".join(c for c in name.upper() if c.isascii() and c.isalnum())[:11] or "REPLAY"
    earning = {"points": 1, "per_amount_minor": 10 ** currency_exponent(currency)}
    terms = {"name": name[:60], "symbol": symbol, "currency": currency, "earning": earning}
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
    try:
        answer = urllib3.request(
            "POST", f"{api_url}/v1/programs", body=json.dumps(terms), headers=headers, timeout=10
        )
    except urllib3.exceptions.HTTPError as failure:
        raise NewProgramError(f"{api_url} does not answer") from failure
    if answer.status != 201:
        raise NewProgramError(f"the program was refused: {detail_of(answer)}")
    program_id: str = answer.json()["id"]
    return program_id


def detail_of(answer: urllib3.BaseHTTPResponse) -> str:
    """What a problem document says, or the status of an answer that is none."""
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status}"
