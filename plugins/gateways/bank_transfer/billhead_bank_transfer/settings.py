"""The account that customers transfer to, and the check digits that keep a slip of the finger out of it."""

import re
from dataclasses import dataclass

from billhead.plugin import InvalidInput, option

__all__ = ["BankTransferSettings", "checked_bic", "checked_iban"]

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")


@dataclass(frozen=True)
class BankTransferSettings:
    holder: str = option("Account holder", hint="as the bank knows it")
    iban: str = option("IBAN", hint="spaces don't matter")
    bic: str = option("BIC", default="", hint="8 or 11 characters; needed for transfers from outside the SEPA area")
    bank: str = option("Bank", default="")

    def __post_init__(self) -> None:
        checked_iban(self.iban)
        checked_bic(self.bic)

    @property
    def printed_iban(self) -> str:
        """In groups of four, as on paper."""
        iban = checked_iban(self.iban)
        return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))

    @property
    def printed_bic(self) -> str:
        return checked_bic(self.bic)


def checked_iban(text: str) -> str:
    """Without spaces and in capitals. Raises InvalidInput unless its check digits hold (ISO 13616: mod 97 is 1)."""
    iban = "".join(text.split()).upper()
    if not _IBAN.fullmatch(iban):
        raise InvalidInput(
            "iban", f"{text!r} is not an IBAN", hint="Two letters, two check digits, then the account number."
        )
    digits = "".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])
    if int(digits) % 97 != 1:
        raise InvalidInput("iban", f"{text!r} has wrong check digits", hint="Compare it with a statement of the bank.")
    return iban


def checked_bic(text: str) -> str:
    """Without spaces and in capitals; may be empty. Raises InvalidInput unless it has the shape of a BIC (ISO 9362)."""
    bic = "".join(text.split()).upper()
    if bic and not _BIC.fullmatch(bic):
        raise InvalidInput(
            "bic", f"{text!r} is not a BIC", hint="8 or 11 characters, like DEUTDEFF; leave it empty if unknown."
        )
    return bic
