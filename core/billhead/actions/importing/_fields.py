"""What may stand in one field of a subscriber file: each function returns the value, or raises why it cannot."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from difflib import get_close_matches

from billhead.actions.importing._subscriber import PaymentChoice
from billhead.domain.countries import COUNTRIES
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money

_EMAIL = re.compile(r"[^\s@,;:<>()\"\\.]+(?:\.[^\s@,;:<>()\"\\.]+)*@(?:[\w-]+\.)+[^\W\d_][\w-]*[^\W_]")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{4,30}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][A-Za-z]{1,3})?")
_LOGIN = re.compile(r"[A-Za-z0-9._-]{3,64}")
_VAT_ID = re.compile(r"(?=.*[0-9]{2})[A-Z]{2}[0-9A-Z+*]{2,13}")
_TOKEN = re.compile(r"[A-Za-z]{2,10}_[A-Za-z0-9_-]{1,120}")
_COMMA_DECIMAL = re.compile(r"[+-]?[0-9]+,[0-9]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")
_UNPRINTABLE_IN_NOTES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def refuse(code: str, why: str, hint: str) -> InvalidInput:
    return InvalidInput("row", why, code=code, hint=hint)


def readable(text: str, *, notes: bool = False) -> str:
    """The text as it is, unless bytes of it are no UTF-8 or it holds what no screen or database shows."""
    if not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text):
        raise refuse("bad_encoding", "holds bytes that are not UTF-8", "Save the file as CSV UTF-8.")
    if (_UNPRINTABLE_IN_NOTES if notes else _UNPRINTABLE).search(text):
        raise refuse("bad_character", "holds a control character or line break", "Remove it.")
    if len(text) > (2000 if notes else 200):
        raise refuse("too_long", f"is {len(text)} characters long", "Shorten it to 200 (notes: 2000).")
    return text


def one_of(text: str, choices: Collection[str], code: str, what: str) -> str:
    if text not in choices:
        near = get_close_matches(text, choices, n=1)
        known = f"Use one of: {', '.join(choices)}." if len(choices) <= 8 else "Use one that the catalogue has."
        raise refuse(code, f"{text!r} is not {what}", f"Did you mean {near[0]}?" if near else known)
    return text


def email(text: str) -> str:
    if len(text) > 254 or not _EMAIL.fullmatch(text):
        raise refuse("bad_email", f"{text!r} is not an e-mail address", "Write it like name@example.com.")
    return text


def phone(text: str) -> str:
    if not _PHONE.fullmatch(text):
        raise refuse("bad_phone", f"{text!r} is not a phone number", "Write digits, like +358 40 1234567.")
    return text


def country(text: str) -> str:
    code = text.upper()
    if code not in COUNTRIES:
        mend = "Write GB." if code == "UK" else "Write the two letters of ISO 3166, like FI."
        raise refuse("bad_country", f"{text!r} is not a country code", mend)
    return code


def language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise refuse("bad_language", f"{text!r} is not a language code", "Write it like en or zh-TW.")
    return text


def day(text: str) -> date:
    mend = "Write a day that exists as year-month-day, like 2026-12-31."
    try:
        # fromisoformat would also take 20261231 and 2026-W53-4.
        value = date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        value = None
    if value is None:
        raise refuse("bad_date", f"{text!r} is not a date", mend)
    if not 2000 <= value.year <= 2099:
        raise refuse("bad_date", f"{text!r} is not of this century", "Correct the year.")
    return value


def connections(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or int(text) < 1:
        raise refuse("bad_connections", f"{text!r} is not a number of screens", "Write a whole number from 1 up.")
    return int(text)


def login(text: str) -> str:
    if not _LOGIN.fullmatch(text):
        raise refuse(
            "bad_login",
            f"{text!r} does not work in a playlist address",
            "Use 3 to 64 of a-z, A-Z, 0-9, '.', '_', '-'.",
        )
    return text


def password(text: str) -> str:
    if not _LOGIN.fullmatch(text):
        raise refuse(
            "bad_password",
            "does not work in a playlist address",
            "Use 3 to 64 of a-z, A-Z, 0-9, '.', '_', '-'.",
        )
    return text


def vat_id(text: str) -> str:
    written = re.sub(r"[ .-]", "", text).upper()
    if not _VAT_ID.fullmatch(written):
        raise refuse("bad_vat_id", f"{text!r} is not a VAT id", "Write it with its country, like FI01234562.")
    return written


def balance(text: str, currency: str, *, decimal_comma: bool) -> Money:
    """Credit that the customer still has. A comma is a decimal sign only in files that separate with something else."""
    if decimal_comma and _COMMA_DECIMAL.fullmatch(text):
        text = text.replace(",", ".")
    try:
        amount = Money.parse(text, currency)
    except InvalidInput as error:
        mend = f"Write it like {Money(123456, currency).decimal()}, without the currency and a thousands sign."
        raise refuse("bad_amount", error.why, mend) from None
    if amount < Money.zero(currency):
        raise refuse("negative_balance", f"{text} is a debt", "Write 0 here and bring the debt in as an open invoice.")
    return amount


def payment_method(text: str) -> PaymentChoice:
    if re.fullmatch(r"[0-9]{13,19}", re.sub(r"[ -]", "", text)):
        raise refuse(
            "card_number",
            "is a card number, which must not be kept",
            "Write the gateway's token, and delete the number from every copy of this file.",
        )
    if text in ("", "none"):
        return PaymentChoice("bank_transfer")
    if text in ("manual", "credits"):
        return PaymentChoice(text)
    if not _TOKEN.fullmatch(text):
        raise refuse(
            "bad_payment_method",
            f"{text!r} is no way to pay",
            "Write a card token like tok_ok, or none (bank transfer), manual or credits.",
        )
    return PaymentChoice("card", text)


def timing(way: str, text: str) -> str:
    """advance | arrears; what is offered or paid with credits is paid before it begins."""
    found = one_of(text, ("advance", "arrears"), "bad_timing", "a time of billing")
    if found == "arrears" and way in ("manual", "credits"):
        raise refuse("bad_timing", f"what is paid by {way} is paid in advance", "Leave it empty, or write none.")
    return found
