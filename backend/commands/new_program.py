"""A fresh program for a replay, through the API."""

from __future__ import annotations

import json

import urllib3

_EARNING = {"points": 1, "per_amount_minor": 100}


class NewProgramError(Exception):
    """The API did not make the program; the message is its reason."""


def create_for_replay(api_url: str, api_key: str, name: str) -> str:
    """A program in USD that earns a point per whole dollar; returns its id."""
    symbol = "".join(c for c in name.upper() if c.isascii() and c.isalnum())[:11] or "REPLAY"
    terms = {"name": name[:60], "symbol": symbol, "currency": "USD", "earning": _EARNING}
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
    try:
        answer = urllib3.request(
            "POST", f"{api_url}/v1/programs", body=json.dumps(terms), headers=headers, timeout=10
        )
    except urllib3.exceptions.HTTPError as failure:
        raise NewProgramError(f"{api_url} does not answer") from failure
    if answer.status != 201:
        raise NewProgramError(f"the program was refused: {answer.json().get('detail')}")
    program_id: str = answer.json()["id"]
    return program_id
