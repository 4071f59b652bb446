"""What people typed into a form, read strictly; what does not fit is said beside its field."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import parse_qsl

from backend.core.money import AMOUNT_MINOR_MAX, currency_exponent
from backend.web.kit.languages import marked

FIELDS_MAX: Final = 400
REQUIRED: Final = marked("Please fill this in.")
TOO_LONG: Final = marked("This is too long.")
NOT_A_NUMBER: Final = marked("Please give a whole number.")
OUT_OF_RANGE: Final = marked("This number is too small or too large.")
NOT_AN_AMOUNT: Final = marked("Please give an amount, like 12.50.")
NOT_A_CHOICE: Final = marked("Please choose one of the list.")


class UnreadableForm(Exception):
    """Not a form, or one with more fields than any of ours."""


@dataclass(slots=True)
class Form:
    """Fields by name. A getter that cannot read its field notes why and answers a neutral value:
    look at `errors` before using what was read."""

    values: Mapping[str, list[str]]
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, body: bytes) -> Form:
        """Raises UnreadableForm."""
        values: dict[str, list[str]] = {}
        try:
            text = body.decode("ascii")
            pairs = parse_qsl(
                text, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
            )
        except (UnicodeDecodeError, ValueError) as failure:
            raise UnreadableForm from failure
        for name, value in pairs:
            if "\x00" in value:
                raise UnreadableForm
            values.setdefault(name, []).append(value)
        return cls(values)

    @property
    def ok(self) -> bool:
        return not self.errors

    def raw(self, name: str) -> str:
        """The field as it was typed, without spaces around it; empty where it was not sent."""
        return self.values.get(name, [""])[-1].strip()

    def all(self, name: str) -> list[str]:
        """Every value of a field that may be sent several times."""
        return [value.strip() for value in self.values.get(name, [])]

    def refuse(self, name: str, why: str) -> None:
        self.errors.setdefault(name, why)

    def text(self, name: str, *, max_length: int = 200, required: bool = True) -> str:
        value = self.raw(name)
        if required and not value:
            self.refuse(name, REQUIRED)
        if len(value) > max_length:
            self.refuse(name, TOO_LONG)
        return value

    def integer(self, name: str, low: int, high: int, *, default: int | None = None) -> int:
        """A whole number within bounds; spaces between digits are allowed."""
        value = re.sub(r"[\s\u202f']", "", self.raw(name))
        if not value and default is not None:
            return default
        if not re.fullmatch(r"-?[0-9]{1,18}", value):
            self.refuse(name, NOT_A_NUMBER if value else REQUIRED)
            return low
        number = int(value)
        if not low <= number <= high:
            self.refuse(name, OUT_OF_RANGE)
        return number

    def amount_minor(self, name: str, currency: str, *, required: bool = True) -> int:
        """An amount typed with a point or a comma, in minor units; never rounded."""
        value = re.sub(r"[\s\u202f']", "", self.raw(name)).replace(",", ".")
        if not value:
            if required:
                self.refuse(name, REQUIRED)
            return 0
        digits = currency_exponent(currency)
        try:
            minor = Decimal(value).scaleb(digits)
        except InvalidOperation:
            self.refuse(name, NOT_AN_AMOUNT)
            return 0
        if not minor.is_finite() or minor != minor.to_integral_value() or minor < 0:
            self.refuse(name, NOT_AN_AMOUNT)
            return 0
        if minor > AMOUNT_MINOR_MAX:
            self.refuse(name, OUT_OF_RANGE)
            return 0
        return int(minor)

    def choice(self, name: str, among: Collection[str], *, default: str | None = None) -> str:
        value = self.raw(name)
        if value in among:
            return value
        if default is None or value:
            self.refuse(name, NOT_A_CHOICE)
        return default or next(iter(among))

    def ticked(self, name: str) -> bool:
        return self.raw(name) in {"on", "1", "true", "yes"}
