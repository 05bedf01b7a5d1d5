"""What notices about payments and saved ways to pay tell.

kind                                         ids in `data`
receipt                                      payment_id, document_id
method_stopped                               document_id, method_id, next_method_id
card_expiring                                method_id
charged_back                                 payment_id
refund_claim, refunded                       refund_id
transfer                                     attempt_id
proof_rejected                               proof_id
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from billhead.actions.notifications._facts_billing import document_told
from billhead.actions.notifications._logins import home_of
from billhead.actions.notifications._rows import Parts, found_row, must_be_theirs, named
from billhead.actions.notifications._values import Address, Month, Own, Rows, said
from billhead.domain.errors import NoticeRejected
from billhead.domain.money import Money
from billhead.domain.payment import UNRESOLVED, AttemptState
from billhead.models.banking import TransferProof
from billhead.models.operations import Notice
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt, PaymentMethod, Refund

__all__ = ["PARTS"]


def _methods(session: Session, notice: Notice) -> Mapping[str, Any]:
    told = {}
    for name, key in (("method", "method_id"), ("next_method", "next_method_id")):
        method = found_row(session, PaymentMethod, int(named(notice, key)), "payment method")
        must_be_theirs(notice, method.customer_id, "payment method")
        told[name] = method.label
    return {**told, "methods_url": Address(f"{home_of(session, notice)}/account/payment-methods")}


def _expiring(session: Session, notice: Notice) -> Mapping[str, Any]:
    """Who has removed it meanwhile, or keeps another one, is left alone."""
    method = found_row(session, PaymentMethod, int(named(notice, "method_id")), "payment method")
    must_be_theirs(notice, method.customer_id, "payment method")
    if not method.usable or not method.token:
        raise NoticeRejected("nothing is charged to it any more, so nobody is told that it ends")
    year, month = method.expires.split("-")
    return {
        "method": method.label,
        "month": Month(date(int(year), int(month), 1)),
        "methods_url": Address(f"{home_of(session, notice)}/account/payment-methods"),
    }


def _payment(session: Session, notice: Notice) -> Mapping[str, Any]:
    payment = found_row(session, Payment, int(named(notice, "payment_id")), "payment")
    must_be_theirs(notice, payment.customer_id, "payment")
    return {"payment": {"amount": Money(payment.amount_minor, payment.currency), "at": payment.received_at}}


def _transfer(session: Session, notice: Notice) -> Mapping[str, Any]:
    """How to pay by transfer, as the page says it; told no more once the money has come or another way was taken."""
    attempt = found_row(session, PaymentAttempt, int(named(notice, "attempt_id")), "payment attempt")
    must_be_theirs(notice, attempt.customer_id, "payment attempt")
    lines = attempt.action.get("lines")
    if not lines or AttemptState(attempt.state) not in UNRESOLVED:
        raise NoticeRejected("this payment is decided already, so nobody is told how to make it")
    rows = Rows([(said(label), value) for label, value in lines.items()])
    page = Address(f"{home_of(session, notice)}/pay/on/{attempt.id}")
    return {"transfer": {"rows": rows, "amount": _asked(attempt), "page_url": page}}


def _proof(session: Session, notice: Notice) -> Mapping[str, Any]:
    proof = found_row(session, TransferProof, int(named(notice, "proof_id")), "proof")
    must_be_theirs(notice, proof.customer_id, "proof")
    attempt = found_row(session, PaymentAttempt, proof.attempt_id, "payment attempt")
    told = {"sent_at": proof.sent_at, "answer": proof.answer, "amount": _asked(attempt)}
    return {"proof": {**told, "page_url": Address(f"{home_of(session, notice)}/pay/on/{attempt.id}")}}


def _asked(attempt: PaymentAttempt) -> Money:
    return Money(attempt.amount_minor, attempt.currency)


def _refund(session: Session, notice: Notice) -> Mapping[str, Any]:
    refund = found_row(session, Refund, int(named(notice, "refund_id")), "refund")
    payment = found_row(session, Payment, refund.payment_id, "payment")
    must_be_theirs(notice, payment.customer_id, "refund")
    told = {
        "amount": Money(refund.amount_minor, payment.currency),
        "paid_at": payment.received_at,
        "account": Own(found_row(session, GatewayAccount, payment.account_id, "payment account").name),
        "claim_url": Address(refund.claim_url),
    }
    return {"refund": told}


PARTS: Parts = {
    "card_expiring": (_expiring,),
    "charged_back": (_payment,),
    "method_stopped": (document_told, _methods),
    "proof_rejected": (_proof,),
    "receipt": (_payment, document_told),
    "refund_claim": (_refund,),
    "refunded": (_refund,),
    "transfer": (_transfer,),
}
