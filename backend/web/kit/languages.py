"""English and French: which one a reader wants, the sentences, numbers, money and days of each.

English stands in the templates; French in `locale/fr/*.po`, a file for each part of the pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent
from babel.support import NullTranslations, Translations

from backend.core.errors import MereauError
from backend.core.money import currency_exponent

LANGUAGES: Final = {"en": "English", "fr": "Français"}
DEFAULT: Final = "en"
_FOLDER: Final = Path(__file__).resolve().parents[1] / "locale"


def marked(text: str) -> str:
    """The text itself: marks it for the catalogue where it is said later (`page.say`)."""
    return text


def language_of(chosen: str | None, accepted: str) -> str:
    """The language chosen before, or the first of the browser's that we have (RFC 9110 §12.5.4)."""
    if chosen in LANGUAGES:
        return str(chosen)
    wanted: list[tuple[float, int, str]] = []
    for place, each in enumerate(accepted.split(",")[:20]):
        tag, _, parameters = each.partition(";")
        _, _, quality = parameters.partition("q=")
        weight = float(quality) if quality.replace(".", "", 1).isdecimal() else 1.0
        wanted.append((-weight, place, tag.strip().lower()[:2]))
    return next((tag for _, _, tag in sorted(wanted) if tag in LANGUAGES), DEFAULT)


@cache
def translations(language: str) -> NullTranslations:
    """The sentences of a language, from all its catalogues."""
    if language == DEFAULT:
        return NullTranslations()
    whole = Translations()
    for path in sorted((_FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            catalog = read_po(file, locale=language, abort_invalid=True)
        compiled = BytesIO()
        write_mo(compiled, catalog)
        compiled.seek(0)
        whole.merge(Translations(fp=compiled))
    return whole


@cache
def _group_symbol(language: str) -> str:
    """What stands between thousands."""
    return str(Locale.parse(language).number_symbols["latn"]["group"])


@dataclass(frozen=True, slots=True)
class Tongue:
    """Says things in one language, and times in one zone."""

    language: str
    zone: str = "UTC"

    @property
    def locale(self) -> Locale:
        return Locale.parse(self.language)

    def say(self, text: str, **values: object) -> str:
        """A sentence of the catalogue, `%(name)s` filled in."""
        said: str = translations(self.language).ugettext(text)
        return said % values if values else said

    def say_many(self, one: str, many: str, number: int, **values: object) -> str:
        """The sentence for this number; `%(num)s` is the number as people write it."""
        said: str = translations(self.language).ungettext(one, many, number)
        return said % {"num": self.number(number), **values}

    def problem(self, refusal: MereauError) -> str:
        """Why something was refused: a sentence of the catalogue by its code, or its own."""
        key = f"error:{refusal.code}"
        said = self.say(key)
        return refusal.message if said == key else said

    def number(self, value: int | Decimal) -> str:
        if isinstance(value, int):
            # Tables have thousands of them, and both languages group by three.
            return f"{value:,}".replace(",", _group_symbol(self.language))
        return format_decimal(value, locale=self.locale)

    def percent(self, part: int, whole: int) -> str:
        """A share with one decimal; a dash of nothing."""
        if not whole:
            return "–"
        share = Decimal(part) / Decimal(whole)
        return format_percent(share, format="#,##0.0 %", locale=self.locale)

    def whole_percent(self, part: int, whole: int) -> str:
        """A share without decimals; a dash of nothing."""
        if not whole:
            return "–"
        share = Decimal(part) / Decimal(whole)
        return format_percent(share, format="#,##0 %", locale=self.locale)

    def typed_amount(self, amount_minor: int | None, currency: str) -> str:
        """An amount as it is typed into a form; empty for none."""
        if amount_minor is None:
            return ""
        major = Decimal(amount_minor).scaleb(-currency_exponent(currency))
        return format_decimal(major, locale=self.locale, group_separator=False)

    def month(self, first: date) -> str:
        """A month with its year."""
        return format_date(first, "MMM yyyy", locale=self.locale)

    def money(self, amount_minor: int, currency: str) -> str:
        """An amount in a currency (ISO 4217), as people write it."""
        major = Decimal(amount_minor).scaleb(-currency_exponent(currency))
        return format_currency(major, currency, locale=self.locale)

    def day(self, when: date | int, form: str = "medium") -> str:
        """A day: one of the calendar, or that of a moment (ms) in the zone."""
        given = when if isinstance(when, date) else self.moment(when).date()
        return format_date(given, form, locale=self.locale)

    def time(self, at_ms: int, form: str = "medium") -> str:
        """A moment (ms) in the zone."""
        return format_datetime(self.moment(at_ms), form, locale=self.locale)

    def moment(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(ZoneInfo(self.zone))


def environment_of(tongue: Tongue) -> Mapping[str, Any]:
    """What templates may call, by name."""
    return {
        "_": tongue.say,
        "_n": tongue.say_many,
        "number": tongue.number,
        "percent": tongue.percent,
        "money": tongue.money,
        "day": tongue.day,
        "moment": tongue.time,
        "lang": tongue.language,
    }


def known_messages(language: str) -> Iterable[str]:
    """Every text that the language's catalogues translate."""
    for path in sorted((_FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id:
                    yield message.id if isinstance(message.id, str) else message.id[0]
