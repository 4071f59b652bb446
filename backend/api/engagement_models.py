"""What the API takes and answers about what is known of a member, and who brought whom."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StringConstraints, field_validator, model_validator

from backend.api.event_models import Name
from backend.api.fields import Answered, Strict
from backend.api.requests import MemberKey, shown
from backend.services.judging import month_day

LABELS_MAX: Final = 50
Code = Annotated[str, StringConstraints(min_length=1, max_length=32)]


class AttributesIn(Strict):
    """What is left out stays as it is."""

    model_config = shown(birthday="03-21", labels=["vip"])

    birthday: str | None = Field(
        default=None,
        json_schema_extra={"pattern": "^[0-9]{2}-[0-9]{2}$"},
        description="Month and day, `MM-DD`; the year is nobody's business.",
        examples=["03-21"],
    )
    labels: list[Name] | None = Field(
        default=None,
        max_length=LABELS_MAX,
        description="All of the member's labels, which rules may ask for.",
    )

    @field_validator("birthday")
    @classmethod
    def _is_a_day(cls, text: str | None) -> str | None:
        if text is not None and (len(text) != 5 or not text.isascii()):
            raise ValueError("must be a month and a day, as 03-21")
        if text is not None:
            month_day(text)
        return text


class AttributesOut(Answered):
    member_id: str
    birthday: str | None = Field(description="`MM-DD`.")
    labels: list[str]


class ReferralCodeOut(Answered):
    member_id: str
    code: str = Field(description="To give to friends.", examples=["K7WQ2M9TXB"])


class ReferralIn(Strict):
    """Who brought a member, said before the member's first purchase."""

    model_config = shown(
        program_id="prg_01kdvdna00905t7f6hambfpdpk",
        member={"phone": "+33612345678"},
        code="K7WQ2M9TXB",
    )

    program_id: str = Field(max_length=64)
    member_id: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="The newcomer; exactly one of `member_id` and `member`."
    )
    member: MemberKey | None = None
    code: Code = Field(description="The code of the member who brought them.")

    @model_validator(mode="after")
    def _names_one_member(self) -> ReferralIn:
        if (self.member_id is None) == (self.member is None):
            raise ValueError("give either member_id or member")
        return self


class ReferralOut(Answered):
    program_id: str
    referee_id: str
    referrer_id: str
    status: str = Field(description="`open` until the newcomer's first purchase that counts.")
