"""Money that goes back: credit given, an invoice corrected, a payment refunded. Each can be looked at first: it is done
and rolled back, so what is told is what will happen."""

from collections.abc import Callable
from typing import Any

from flask.typing import ResponseReturnValue

from billhead.actions.credits.grant_credit import grant_credit
from billhead.actions.documents._place_credit import WAYS
from billhead.actions.documents.issue_credit_note import Correction, Credited, issue_credit_note
from billhead.actions.payments.refund import DESTINATIONS, Refunded, refund
from billhead.actions.rehearse import rehearse
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.models.payments import Payment
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.admin.area import found
from billhead.web.api_staff.asking import REASON, amount, api_staff, count, number, typed
from billhead.web.programs import acting, asker, fields, text

__all__: list[str] = []

Done = Callable[[Tx], dict[str, object]]


def _looked_at(act: Done) -> dict[str, object]:
    """What it would come to, without the numbers of what is not there."""
    told = rehearse(asker(), act)
    return {name: value for name, value in told.items() if name not in _MADE}


_MADE = ("credit_note", "number", "refunds", "refund")


def _grant(key: int, told: dict[str, Any]) -> Done:
    def act(tx: Tx) -> dict[str, object]:
        currency = found(tx.session, Customer, key, "customer").currency
        gift = Money.parse(told["amount"], currency)
        given = grant_credit(tx, key, gift, told["reason"], told.get("expires_on"))
        figures = {"amount": amount(gift.minor, currency), "left": amount(given.remaining_minor, currency)}
        return {"id": key, "currency": currency, **figures}

    return act


def _grant_fields() -> dict[str, Any]:
    return fields(REASON | {"amount": text(30), "expires_on": typed}, ("reason", "amount"))


@api_staff.post("/customers/<int:key>/credit/preview")
@allow("anyone")
def grant_preview(key: int) -> ResponseReturnValue:
    return _looked_at(_grant(key, _grant_fields()))


@api_staff.post("/customers/<int:key>/credit")
@allow("anyone")
def grant(key: int) -> ResponseReturnValue:
    """It pays open invoices at once; `left` is what is over. The customer reads the reason."""
    told = _grant_fields()
    with acting(told["reason"]) as tx:
        return _grant(key, told)(tx), 201


_CORRECTION = {"line": number, "amount": text(30), "quantity": count, "since": typed}


def _lines(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(value) > 500:
        raise ValueError("must be a list of up to 500 lines")
    return [_line(one) for one in value]


def _line(told: object) -> dict[str, Any]:
    if not isinstance(told, dict) or "line" not in told or len(told) > 2:
        raise ValueError("each must be an object with line, and one of amount, quantity and since, or none of them")
    if unknown := [name for name in told if name not in _CORRECTION]:
        raise ValueError(f"{str(unknown[0])[:60]} is not known here")
    return {name: _CORRECTION[name](value) for name, value in told.items()}


def _correct(key: int, told: dict[str, Any]) -> Done:
    def act(tx: Tx) -> dict[str, object]:
        currency = found(tx.session, Document, key, "document").currency
        wanted = [
            Correction(
                one["line"],
                Money.parse(one["amount"], currency).minor if "amount" in one else None,
                one.get("quantity"),
                one.get("since"),
            )
            for one in told.get("lines", ())
        ]
        made = issue_credit_note(tx, key, wanted, reason=told["reason"], way=told.get("way", WAYS[0]))
        if "total" in told and Money.parse(told["total"], currency).minor != made.total_minor:
            raise Conflict("it would give back something else by now", code="price_changed", hint="look at it again")
        return _credited(made, currency)

    return act


def _credited(made: Credited, currency: str) -> dict[str, object]:
    figures = ("net", "tax", "total")
    return {
        "credit_note": made.credit_note_id,
        "number": made.number_text,
        "currency": currency,
        **{name: amount(getattr(made, f"{name}_minor"), currency) for name in figures},
        **{name: amount(getattr(made, name), currency) for name in ("on_documents", "credited", "refunded", "kept")},
        "refunds": made.refund_ids,
    }


def _correction_fields(*more: str) -> dict[str, Any]:
    known = REASON | {"way": text(10), "lines": _lines} | dict.fromkeys(more, text(30))
    return fields(known, ("reason",))


@api_staff.post("/documents/<int:key>/credit-note/preview")
@allow("anyone")
def credit_note_preview(key: int) -> ResponseReturnValue:
    return _looked_at(_correct(key, _correction_fields()))


@api_staff.post("/documents/<int:key>/credit-note")
@allow("anyone")
def credit_note(key: int) -> ResponseReturnValue:
    """Without `lines` all that is left of it; with `total`, as the preview told it, only if it is still that."""
    told = _correction_fields("total")
    with acting(told["reason"]) as tx:
        return _correct(key, told)(tx), 201


def _refund(key: int, told: dict[str, Any]) -> Done:
    if told["to"] not in DESTINATIONS:
        raise InvalidInput("to", f"is not one of {', '.join(DESTINATIONS)}")

    def act(tx: Tx) -> dict[str, object]:
        currency = found(tx.session, Payment, key, "payment").currency
        minor = Money.parse(told["amount"], currency).minor
        return _refunded(refund(tx, key, minor, told["to"], reason=told["reason"]), currency)

    return act


def _refunded(made: Refunded, currency: str) -> dict[str, object]:
    return {
        "refund": made.refund_id,
        "currency": currency,
        "amount": amount(made.amount_minor, currency),
        "from_credit": amount(made.from_credit, currency),
        "by_hand": made.by_hand,
        "reopened": [
            {"document": int(document_id), "amount": amount(minor, currency)}
            for document_id, minor in made.reopened.items()
        ],
    }


def _refund_fields() -> dict[str, Any]:
    return fields(REASON | {"amount": text(30), "to": text(10)}, ("reason", "amount", "to"))


@api_staff.post("/payments/<int:key>/refund/preview")
@allow("anyone")
def refund_preview(key: int) -> ResponseReturnValue:
    return _looked_at(_refund(key, _refund_fields()))


@api_staff.post("/payments/<int:key>/refund")
@allow("anyone")
def refund_payment(key: int) -> ResponseReturnValue:
    """To its `source` it is sent by a job; what it had paid is owed again, unless a credit note came first."""
    told = _refund_fields()
    with acting(told["reason"]) as tx:
        return _refund(key, told)(tx), 201
