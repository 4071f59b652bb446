"""What the API answers of the question to a member."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from backend.api.fields import Answered


class ConfirmationOut(Answered):
    """The question to a member whose signature alone burns their points."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "cfm_01kdvdna0g2z3yh8m1q6r5w7xt",
                    "url": "https://points.example.com/card/confirm/cfm_01kdvdna0g2z3yh8m1q6r5w7xt",
                    "status": "waiting",
                    "expires_at": "2026-01-01T00:10:00.000Z",
                }
            ]
        }
    )

    id: str
    url: str = Field(description="The member's page to answer on: show it as a QR code.")
    status: Literal["waiting", "confirmed", "refused", "cancelled", "expired"]
    expires_at: str = Field(description="With the hold.")
