"""What Safaricom's calls say, read strictly. They are unsigned: of themselves they prove nothing."""

import json
import re
from dataclasses import dataclass
from typing import Any

from billhead.plugin import AttemptState, CallbackForged, Money, Outcome, Verified, VerifiedKind
from billhead_mpesa.amounts import from_mpesa

__all__ = ["Answer", "answer_in", "deposit_in"]

_CHECKOUT = re.compile(r"[A-Za-z0-9_-]{1,80}")
_RECEIPT = re.compile(r"[A-Z0-9]{6,20}")
_RESULT = re.compile(r"[0-9.]{1,20}")
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """How a push ended. `phone` is "" where the call hides it."""

    checkout: str
    code: str
    amount: Money | None
    receipt: str
    phone: str


def answer_in(body: bytes) -> Answer:
    """Raises CallbackForged for anything but the answer to a push."""
    told = _object(body).get("Body")
    told = told.get("stkCallback") if isinstance(told, dict) else None
    if not isinstance(told, dict):
        raise CallbackForged("it is no answer to a prompt")
    checkout, code = told.get("CheckoutRequestID"), told.get("ResultCode")
    if not isinstance(checkout, str) or not _CHECKOUT.fullmatch(checkout):
        raise CallbackForged("it names no prompt")
    if isinstance(code, bool) or not isinstance(code, int | str) or not _RESULT.fullmatch(str(code)):
        raise CallbackForged("it has no result")
    about = _items(told.get("CallbackMetadata"))
    receipt, phone = str(about.get("MpesaReceiptNumber") or ""), str(about.get("PhoneNumber") or "")
    if str(code) == "0" and not _RECEIPT.fullmatch(receipt):
        raise CallbackForged("it says that it was paid, without a receipt")
    phone = phone if phone.isascii() and phone.isdigit() else ""
    return Answer(checkout, str(code), from_mpesa(about.get("Amount")), receipt, phone)


def deposit_in(body: bytes, shortcode: str) -> Verified:
    """Money that somebody paid to the shortcode. Raises CallbackForged for anything else."""
    told = _object(body)
    receipt = told.get("TransID")
    if not isinstance(receipt, str) or not _RECEIPT.fullmatch(receipt):
        raise CallbackForged("it has no receipt")
    if str(told.get("BusinessShortCode")) != shortcode:
        raise CallbackForged("it is about another shortcode")
    amount = from_mpesa(told.get("TransAmount"))
    payer = " ".join(_text(told, name) for name in ("FirstName", "MiddleName", "LastName", "MSISDN"))
    return Verified(
        VerifiedKind.DEPOSIT,
        f"deposit {receipt}",
        _text(told, "BillRefNumber"),
        Outcome(AttemptState.SUCCEEDED, amount=amount, receipt=receipt),
        payer=" ".join(payer.split()),
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body.decode(), parse_float=str)
    except (ValueError, RecursionError):
        raise CallbackForged("it is not JSON") from None
    if not isinstance(told, dict):
        raise CallbackForged("it is no message of M-Pesa")
    return told


def _items(about: object) -> dict[str, Any]:
    """`{"Item": [{"Name", "Value"}, …]}` as a dict; a name without a value is left out."""
    items = about.get("Item") if isinstance(about, dict) else None
    found = [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []
    return {str(one["Name"]): one["Value"] for one in found if "Name" in one and "Value" in one}


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    return str(value).strip()[:_LONGEST] if isinstance(value, str | int) and not isinstance(value, bool) else ""
