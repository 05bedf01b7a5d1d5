"""What a seller says on its documents, and the checks that keep a slip of the finger off them."""

import re
from typing import Any

from billhead.domain.errors import InvalidInput
from billhead.models.sellers import Seller

__all__ = ["PLACE", "checked_accent", "checked_bic", "checked_endpoint", "checked_iban", "invoicing_of"]

PLACE = ("street", "postcode", "city")
"""Of the address, what documents show beside the country."""

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_HEX = re.compile(r"#[0-9a-f]{6}")
_SCHEME = re.compile(r"[0-9]{4}|EM")
_TOO_LIGHT = 165  # of 255: such a colour can't be read on paper


def invoicing_of(seller: Seller) -> dict[str, Any]:
    """What was told, as a form shows it and SellerInvoicing takes it."""
    place = {name: seller.address.get(name, "") for name in PLACE}
    return {"legal_name": seller.legal_name, "vat_id": seller.vat_id, **place, **seller.invoicing}


def checked_iban(text: str) -> str:
    """Without spaces, in capitals; may be empty. Raises InvalidInput unless its check digits hold (ISO 13616)."""
    iban = "".join(text.split()).upper()
    if not iban:
        return ""
    if not _IBAN.fullmatch(iban):
        raise InvalidInput("iban", f"{text!r} is not an IBAN", hint="two letters, two check digits, the account number")
    if int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 != 1:
        raise InvalidInput("iban", f"{text!r} has wrong check digits", hint="compare it with a statement of the bank")
    return iban


def checked_bic(text: str) -> str:
    bic = "".join(text.split()).upper()
    if bic and not _BIC.fullmatch(bic):
        raise InvalidInput("bic", f"{text!r} is not a BIC", hint="8 or 11 characters, like DEUTDEFF")
    return bic


def checked_accent(text: str) -> str:
    """#rrggbb, dark enough to be read on white paper; may be empty."""
    accent = text.strip().lower()
    if not accent:
        return ""
    if not _HEX.fullmatch(accent):
        raise InvalidInput("accent", f"{text!r} is not a colour", hint="write it like #6236d6")
    red, green, blue = (int(accent[at : at + 2], 16) for at in (1, 3, 5))
    if (299 * red + 587 * green + 114 * blue) // 1000 > _TOO_LIGHT:
        raise InvalidInput("accent", f"{text} is too light to be read on paper", hint="choose a darker one")
    return accent


def checked_endpoint(endpoint: str, scheme: str) -> tuple[str, str]:
    """An electronic address and the list that it comes from: EM for e-mail, four digits for the others."""
    endpoint, scheme = endpoint.strip(), scheme.strip().upper()
    if not endpoint:
        return "", ""
    if not scheme and "@" in endpoint:
        scheme = "EM"
    if not _SCHEME.fullmatch(scheme):
        raise InvalidInput(
            "endpoint_scheme",
            f"{scheme or 'nothing'!r} is not a list of addresses",
            hint="EM for an e-mail address, 0204 for a Leitweg-ID, 9930 for a German VAT id",
        )
    return endpoint, scheme
