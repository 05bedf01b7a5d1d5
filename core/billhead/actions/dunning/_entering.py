"""How amounts and shares of a policy are typed and shown: "2.50 EUR, 3.00 USD" and "1.5" percent."""

import re
from collections.abc import Mapping

from billhead.domain.dunning import LateFee
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money

__all__ = ["amounts_of", "amounts_text", "fee_text", "percent_text", "ppm_of"]

_PERCENT = re.compile(r"(?P<whole>[0-9]{1,3})(?:\.(?P<part>[0-9]{1,4}))?")


def amounts_of(text: str, field: str) -> dict[str, int]:
    """Currency → minor units. Raises InvalidInput for what is no amount, and for a currency that stands twice."""
    found: dict[str, int] = {}
    for part in (piece.strip() for piece in text.split(",")):
        if not part:
            continue
        number, _, currency = part.partition(" ")
        try:
            amount = Money.parse(number, currency.strip().upper())
        except InvalidInput as refused:
            raise InvalidInput(field, f"{part!r}: {refused.why}", hint='write it like "2.50 EUR, 3.00 USD"') from None
        if amount.currency in found:
            raise InvalidInput(field, f"{amount.currency} stands there twice")
        found[amount.currency] = amount.minor
    return found


def amounts_text(amounts: Mapping[str, int]) -> str:
    return ", ".join(f"{Money(minor, currency).decimal():f} {currency}" for currency, minor in sorted(amounts.items()))


def ppm_of(text: str, field: str) -> int:
    """ "1.5" percent are 15000 parts per million."""
    if not text.strip():
        return 0
    found = _PERCENT.fullmatch(text.strip().removesuffix("%").strip())
    if found is None:
        raise InvalidInput(field, f"{text!r} is not a share in percent", hint="write it like 1.5")
    return int(found["whole"]) * 10_000 + int((found["part"] or "").ljust(4, "0"))


def percent_text(ppm: int) -> str:
    whole, rest = divmod(ppm, 10_000)
    part = f"{rest:04d}".rstrip("0")
    return "" if not ppm else f"{whole}.{part}" if part else str(whole)


def fee_text(fee: LateFee) -> str:
    """ "2.50 EUR and 5 %, at most 10.00 EUR"; "" for none."""
    parts = [amounts_text(fee.fixed), f"{percent_text(fee.ppm)} %" if fee.ppm else ""]
    told = " and ".join(part for part in parts if part)
    return f"{told}, at most {amounts_text(fee.most)}" if told and fee.most else told
