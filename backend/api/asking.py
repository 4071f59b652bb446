"""The fields of a request that may ask its member to confirm."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from backend.api.consent_models import ConsentIn
from backend.api.fields import Strict, Text


class Asking(Strict):
    """`consent` is the member's signature, or `confirm` has them asked for it."""

    consent: ConsentIn | None = Field(
        default=None, description="The member's signature; goes with `capture: true`."
    )
    confirm: Literal["member"] | None = Field(
        default=None,
        description="Ask a member who signs for their points, instead of refusing.",
        examples=["member"],
    )
    till: Annotated[Text, Field(max_length=40)] | None = Field(
        default=None, description="With `confirm`: which till asks, as the member reads it."
    )
    note: Text | None = Field(
        default=None, description="With `confirm`: what for, as the member reads it."
    )

    @model_validator(mode="after")
    def _asks_or_is_signed(self) -> Self:
        if self.confirm is None and (self.till is not None or self.note is not None):
            raise ValueError("till and note go with confirm")
        if self.confirm is not None and self.consent is not None:
            raise ValueError("what is signed already needs no confirm")
        return self
