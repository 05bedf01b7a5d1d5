"""What a notice tells, read when it is sent: its `data` names rows, and each row must belong to its customer.

kind                                         ids in `data`
access                                       service_id
box_changed                                  service_id, swap_id
allowance                                    subscription_id, metric_id, percent
welcome                                      – ; sealed_token where a password is still to be set
password_link                                user_id, sealed_token
invoice, reminder, warning                   document_id
payment_failed, payment_action               document_id
method_stopped                               document_id, method_id, next_method_id
receipt                                      payment_id, document_id
refund_claim, refunded                       refund_id
charged_back                                 payment_id
low_credit, top_up_stopped                   –
new_address                                  service_id, news_id
card_expiring                                method_id
credit_note                                  document_id
suspended, restored, canceled, trial_ending  subscription_id
throttled                                    subscription_id
order_held, order_refused                    subscription_id
sharing                                      service_id, case_id
promised                                     subscription_id, promise_id
price_change, price_stays                    subscription_id, reprice_id
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.credits._charged_back import charged_back_debt
from billhead.actions.credits._top_up import WHY_STOPPED
from billhead.actions.credits._usable import usable_credit
from billhead.actions.documents._subscriptions import about
from billhead.actions.documents.describe_discount import describe_discount
from billhead.actions.payments._pay_links import pay_link
from billhead.actions.provisioning._desired import desired_of, panel_view
from billhead.actions.usage.current_usage import current_usage
from billhead.db import Model
from billhead.domain.document import OWED, Kind, ProformaState
from billhead.domain.errors import NoticeRejected
from billhead.domain.money import Money
from billhead.domain.payment import UNRESOLVED, AttemptState
from billhead.domain.periods import Term, cycle_index, cycle_start
from billhead.domain.subscription import State, SuspendedBy
from billhead.models.banking import TransferProof
from billhead.models.catalogue import Plan, Reprice
from billhead.models.credits import CustomerCredit, CustomerWallet
from billhead.models.devices import MacSwap
from billhead.models.documents import Document, DocumentLine
from billhead.models.dunning import PaymentPromise
from billhead.models.operations import Notice
from billhead.models.panels import AddressNews, Panel
from billhead.models.payments import GatewayAccount, Payment, PaymentAttempt, PaymentMethod, Refund
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription, SubscriptionComponent
from billhead.plugin_host import vault
from billhead.plugin_host.current import config

__all__ = ["gather", "seller_of"]

M = TypeVar("M", bound=Model)

_KINDS = {"stream": "Stream line", "mag": "MAG box", "enigma2": "Enigma2 receiver"}
_ACCESS = (
    ("Portal address", "portal_url"),
    ("MAC address", "mac"),
    ("Server", "server_url"),
    ("Login", "login"),
    ("Password", "password"),
    ("Playlist (M3U)", "m3u_url"),
    ("TV guide (EPG)", "epg_url"),
    ("Script for an Enigma2 receiver", "receiver_url"),
)
_TITLES = {Kind.PROFORMA.value: "Order", Kind.INVOICE.value: "Invoice", Kind.CREDIT_NOTE.value: "Credit note"}


def seller_of(session: Session, notice: Notice) -> Seller:
    customer = _row(session, Customer, notice.customer_id, "customer")
    return _row(session, Seller, customer.seller_id, "seller")


def gather(session: Session, notice: Notice) -> dict[str, Any]:
    """The facts for the templates of `notice.kind`.

    Raises NoticeRejected when an id is missing, its row is gone or another customer's, or it is no longer true.
    """
    customer = _row(session, Customer, notice.customer_id, "customer")
    facts: dict[str, Any] = {
        "seller": seller_of(session, notice).name,
        "name": customer.name,
        "zone": customer.zone,
        "shop_url": f"{config().base_url}/",
        "account_url": f"{config().base_url}/sign-in",
    }
    for part in _PARTS_OF.get(notice.kind, ()):
        facts.update(part(session, notice))
    return facts


def _row(session: Session, model: type[M], key: int, what: str) -> M:
    row = session.get(model, key)
    if row is None:
        raise NoticeRejected(f"the {what} {key} that this notice is about does not exist any more")
    return row


def _named(notice: Notice, name: str) -> Any:
    if not notice.data.get(name):
        raise NoticeRejected(f"a notice of the kind {notice.kind} must name a {name}, but its data does not")
    return notice.data[name]


def _theirs(notice: Notice, customer_id: int, what: str) -> None:
    if customer_id != notice.customer_id:
        raise NoticeRejected(f"the {what} that this notice is about belongs to another customer")


def _document(session: Session, notice: Notice) -> Mapping[str, Any]:
    document = _row(session, Document, int(_named(notice, "document_id")), "document")
    _theirs(notice, document.customer_id, "document")
    rows = select(DocumentLine).where(DocumentLine.document_id == document.id).order_by(DocumentLine.position)
    lines = [
        {
            "description": line.description,
            "quantity": line.quantity,
            "start": line.period_start,
            "end": line.period_end,
            "net": Money(line.net_minor, document.currency),
            "discount": describe_discount(line, document.currency),
        }
        for line in session.scalars(rows)
    ]
    return {"document": {**_told(document), "lines": lines}}


def _debt(session: Session, notice: Notice) -> Mapping[str, Any]:
    facts = _document(session, notice)
    if not facts["document"]["owed"]:
        raise NoticeRejected(f"nothing is owed on {facts['document']['title']} any more, so nobody is reminded of it")
    return facts


def _told(document: Document) -> dict[str, Any]:
    owed = document.total_minor - document.settled_minor
    is_open = document.state == ProformaState.OPEN if document.kind == Kind.PROFORMA else document.state in OWED
    return {
        "title": f"{_TITLES[document.kind]} {document.number_text or document.id}",
        "issued_on": document.issued_on,
        "due_on": document.due_on,
        "overdue": document.due_on is not None and document.due_on < clock.business_now().date(),
        "net": Money(document.net_minor, document.currency),
        "tax": Money(document.tax_minor, document.currency),
        "total": Money(document.total_minor, document.currency),
        "owed": Money(owed if is_open else 0, document.currency),
        "pay_url": f"{config().base_url}/pay/{document.id}",
    }


def _methods(session: Session, notice: Notice) -> Mapping[str, Any]:
    told = {}
    for name, key in (("method", "method_id"), ("next_method", "next_method_id")):
        method = _row(session, PaymentMethod, int(_named(notice, key)), "payment method")
        _theirs(notice, method.customer_id, "payment method")
        told[name] = method.label
    return {**told, "methods_url": f"{config().base_url}/account/payment-methods"}


def _expiring(session: Session, notice: Notice) -> Mapping[str, Any]:
    """Who has removed it meanwhile, or keeps another one, is left alone."""
    method = _row(session, PaymentMethod, int(_named(notice, "method_id")), "payment method")
    _theirs(notice, method.customer_id, "payment method")
    if not method.usable or not method.token:
        raise NoticeRejected("nothing is charged to it any more, so nobody is told that it ends")
    year, month = method.expires.split("-")
    return {
        "method": method.label,
        "month": date(int(year), int(month), 1),
        "methods_url": f"{config().base_url}/account/payment-methods",
    }


def _confirming(session: Session, notice: Notice) -> Mapping[str, Any]:
    """With a link for which nobody has to sign in: it is for this document alone, and ends."""
    facts = _debt(session, notice)
    token = pay_link(int(notice.data["document_id"]), clock.business_now())
    return {"document": {**facts["document"], "pay_url": f"{config().base_url}/pay/link/{token}"}}


def _payment(session: Session, notice: Notice) -> Mapping[str, Any]:
    payment = _row(session, Payment, int(_named(notice, "payment_id")), "payment")
    _theirs(notice, payment.customer_id, "payment")
    return {"payment": {"amount": Money(payment.amount_minor, payment.currency), "at": payment.received_at}}


def _transfer(session: Session, notice: Notice) -> Mapping[str, Any]:
    """How to pay by transfer, as the page says it; told no more once the money has come or another way was taken."""
    attempt = _row(session, PaymentAttempt, int(_named(notice, "attempt_id")), "payment attempt")
    _theirs(notice, attempt.customer_id, "payment attempt")
    lines = attempt.action.get("lines")
    if not lines or AttemptState(attempt.state) not in UNRESOLVED:
        raise NoticeRejected("this payment is decided already, so nobody is told how to make it")
    page = f"{config().base_url}/pay/on/{attempt.id}"
    return {"transfer": {"rows": list(lines.items()), "amount": _asked(attempt), "page_url": page}}


def _proof(session: Session, notice: Notice) -> Mapping[str, Any]:
    proof = _row(session, TransferProof, int(_named(notice, "proof_id")), "proof")
    _theirs(notice, proof.customer_id, "proof")
    attempt = _row(session, PaymentAttempt, proof.attempt_id, "payment attempt")
    told = {"sent_at": proof.sent_at, "answer": proof.answer, "amount": _asked(attempt)}
    return {"proof": {**told, "page_url": f"{config().base_url}/pay/on/{attempt.id}"}}


def _asked(attempt: PaymentAttempt) -> Money:
    return Money(attempt.amount_minor, attempt.currency)


def _refund(session: Session, notice: Notice) -> Mapping[str, Any]:
    refund = _row(session, Refund, int(_named(notice, "refund_id")), "refund")
    payment = _row(session, Payment, refund.payment_id, "payment")
    _theirs(notice, payment.customer_id, "refund")
    told = {
        "amount": Money(refund.amount_minor, payment.currency),
        "paid_at": payment.received_at,
        "account": _row(session, GatewayAccount, payment.account_id, "payment account").name,
        "claim_url": refund.claim_url,
    }
    return {"refund": told}


def _credit_note(session: Session, notice: Notice) -> Mapping[str, Any]:
    facts = _document(session, notice)
    note = _row(session, Document, int(notice.data["document_id"]), "document")
    invoice = session.get(Document, note.corrects_id) if note.corrects_id else None
    corrects = _told(invoice)["title"] if invoice is not None else "what you were charged"
    return {"document": {**facts["document"], "corrects": corrects, "placed": list(_placed(session, note))}}


def _placed(session: Session, note: Document) -> Iterator[str]:
    """Where the amount went, in words."""
    lots = select(func.sum(CustomerCredit.amount_minor)).where(CustomerCredit.credit_note_id == note.id)
    credited = int(session.scalar(lots) or 0)
    refunds = select(func.sum(Refund.amount_minor)).where(
        Refund.credit_note_id == note.id, Refund.state.not_in(["failed", "reversed"])
    )
    refunded = int(session.scalar(refunds) or 0)
    if refunded:
        yield f"{Money(refunded, note.currency)} of it are on their way back to where they came from."
    if credited:
        yield f"{Money(credited, note.currency)} of it are credit that pays your next invoices by itself."


def _subscription(session: Session, notice: Notice) -> Mapping[str, Any]:
    subscription = _row(session, Subscription, int(_named(notice, "subscription_id")), "subscription")
    _theirs(notice, subscription.customer_id, "subscription")
    unpaid = (
        select(Document)
        .where(about(subscription.id), Document.state.in_([state.value for state in OWED]))
        .where(Document.kind == Kind.INVOICE.value)
        .order_by(Document.due_on, Document.id)
    )
    told = {
        "plan": _row(session, Plan, subscription.plan_id, "plan").name,
        "suspended": subscription.state == State.SUSPENDED,
        "for_debt": subscription.suspended_for == SuspendedBy.DEBT,
        "ends_on": subscription.service_ends_on,
        "trial_ends_on": subscription.phase_ends_on,
        "unpaid": [_told(document) for document in session.scalars(unpaid)],
    }
    return {"subscription": told}


def _price_change(session: Session, notice: Notice) -> Mapping[str, Any]:
    facts = _subscription(session, notice)
    row = _row(session, Reprice, int(_named(notice, "reprice_id")), "price change")
    if notice.kind == "price_stays":
        return {**facts, "change": {"from": row.existing_from}}
    subscription = _row(session, Subscription, int(notice.data["subscription_id"]), "subscription")
    if row.state in ("recalling", "withdrawn"):
        raise NoticeRejected("the price change was withdrawn, so nobody is told of it")
    return {**facts, "change": _dearer(session, subscription, row.existing_from)}


def _dearer(session: Session, subscription: Subscription, day: date) -> dict[str, Any]:
    term = Term.parse(subscription.term)
    first = cycle_start(subscription.anchor, term, cycle_index(subscription.anchor, term, day))
    if first < day:
        first = cycle_start(subscription.anchor, term, cycle_index(subscription.anchor, term, day) + 1)
    part, catalogue = SubscriptionComponent, Catalogue()
    parts = session.execute(
        select(part.price_id, part.quantity).where(part.subscription_id == subscription.id, part.ends_on.is_(None))
    ).all()
    catalogue.need(session, prices=[price_id for price_id, _ in parts])
    before, after = (
        sum(catalogue.prices[catalogue.price_at(price_id, on)].amount_minor * quantity for price_id, quantity in parts)
        for on in (day - timedelta(days=1), first)
    )
    if before == after:
        raise NoticeRejected("what they pay does not change any more")
    currency = subscription.currency
    return {"from": first, "before": Money(before, currency), "after": Money(after, currency), "term": str(term)}


def _suspension(session: Session, notice: Notice) -> Mapping[str, Any]:
    facts = _subscription(session, notice)
    if not facts["subscription"]["suspended"]:
        raise NoticeRejected(f"{facts['subscription']['plan']} is not suspended any more, so nobody is told that it is")
    return facts


def _throttled(session: Session, notice: Notice) -> Mapping[str, Any]:
    facts = _subscription(session, notice)
    if not facts["subscription"]["unpaid"]:
        raise NoticeRejected("it was paid meanwhile, so nobody is told that less can be watched")
    return facts


def _promise(session: Session, notice: Notice) -> Mapping[str, Any]:
    promise = _row(session, PaymentPromise, int(_named(notice, "promise_id")), "promise")
    _theirs(notice, promise.customer_id, "promise")
    return {"promise": {"day": promise.day, "owed": Money(promise.owed_minor, promise.currency)}}


def _credit(session: Session, notice: Notice) -> Mapping[str, Any]:
    """As it is when it is told: who has bought some meanwhile is not told that it is low."""
    customer = _row(session, Customer, notice.customer_id, "customer")
    wallet = _row(session, CustomerWallet, customer.id, "wallet")
    there = usable_credit(session, customer, customer.currency)
    there -= Money(charged_back_debt(session, customer.id, customer.currency), customer.currency)
    if notice.kind == "low_credit" and there.minor >= wallet.alert_below_minor:
        raise NoticeRejected("there is enough credit again, so nobody is told that it is low")
    if notice.kind == "top_up_stopped" and not wallet.stopped_because:
        raise NoticeRejected("credit is topped up by itself again, so nobody is told that it is not")
    topped_up = 0 if wallet.stopped_because else wallet.top_up_minor
    told = {
        "left": there,
        "below": Money(wallet.alert_below_minor, customer.currency),
        "topped_up": Money(topped_up, customer.currency) if topped_up else None,
        "stopped": WHY_STOPPED.get(wallet.stopped_because, ""),
        "url": f"{config().base_url}/account/credit",
    }
    return {"credit": told}


def _access(session: Session, notice: Notice) -> Mapping[str, Any]:
    service = _row(session, Service, int(_named(notice, "service_id")), "service")
    subscription = _row(session, Subscription, service.subscription_id, "subscription")
    _theirs(notice, subscription.customer_id, "service")
    view = panel_view(session, _row(session, Panel, service.panel_id, "panel"))
    access = view.module.access(view.connection, desired_of(service, view))
    told = {
        "plan": _row(session, Plan, subscription.plan_id, "plan").name,
        "kind": _KINDS[service.kind],
        "rows": [(label, getattr(access, name)) for label, name in _ACCESS if getattr(access, name)],
        "connections": service.desired_connections,
        "paid_through": subscription.paid_through,  # the panel gives some days of grace, which nobody is promised
    }
    return {"service": told}


def _news(session: Session, notice: Notice) -> Mapping[str, Any]:
    news = _row(session, AddressNews, int(_named(notice, "news_id")), "news")
    return {"words": news.words}


def _box_changed(session: Session, notice: Notice) -> Mapping[str, Any]:
    service = _row(session, Service, int(_named(notice, "service_id")), "service")
    subscription = _row(session, Subscription, service.subscription_id, "subscription")
    _theirs(notice, subscription.customer_id, "service")
    swap = _row(session, MacSwap, int(_named(notice, "swap_id")), "exchange")
    plan = _row(session, Plan, subscription.plan_id, "plan").name
    return {"box": {"plan": plan, "old": swap.old_mac or "", "new": swap.new_mac, "day": swap.swapped_on}}


def _sharing(session: Session, notice: Notice) -> Mapping[str, Any]:
    """Nothing of who else watched: an address is somebody's."""
    service = _row(session, Service, int(_named(notice, "service_id")), "service")
    subscription = _row(session, Subscription, service.subscription_id, "subscription")
    _theirs(notice, subscription.customer_id, "service")
    told = {"plan": _row(session, Plan, subscription.plan_id, "plan").name, "connections": service.desired_connections}
    return {"service": told}


def _password_link(_session: Session, notice: Notice) -> Mapping[str, Any]:
    return {"password_url": _password_url(_named(notice, "sealed_token"))}


def _welcome(_session: Session, notice: Notice) -> Mapping[str, Any]:
    sealed = notice.data.get("sealed_token")
    return {"password_url": _password_url(sealed) if sealed else ""}


def _password_url(sealed_token: str) -> str:
    return f"{config().base_url}/set-password/{vault().decrypt(sealed_token)}"


_Part = Callable[[Session, Notice], Mapping[str, Any]]


def _allowance(session: Session, notice: Notice) -> Mapping[str, Any]:
    """As it is when it is told; gone with the period, or when staff have taken events out again."""
    facts = _subscription(session, notice)
    subscription_id, metric_id = int(_named(notice, "subscription_id")), int(_named(notice, "metric_id"))
    found = current_usage(session, [subscription_id]).get(subscription_id, [])
    one = next((now for now in found if now.metric_id == metric_id), None)
    percent = int(_named(notice, "percent"))
    if one is None or one.percent is None or one.percent < percent:
        raise NoticeRejected("that much of the allowance is not used any more, so nobody is told that it is")
    told = {name: getattr(one, name) for name in ("name", "unit", "used", "allowance", "ends_on", "percent")}
    return {**facts, "usage": {**told, "all": one.percent >= 100}}


_PARTS_OF: dict[str, tuple[_Part, ...]] = {
    "access": (_access,),
    "allowance": (_allowance,),
    "box_changed": (_box_changed,),
    "canceled": (_subscription,),
    "card_expiring": (_expiring,),
    "charged_back": (_payment,),
    "credit_note": (_credit_note,),
    "invoice": (_document,),
    "order_held": (_subscription,),
    "order_refused": (_subscription,),
    "new_address": (_access, _news),
    "password_link": (_password_link,),
    "low_credit": (_credit,),
    "method_stopped": (_document, _methods),
    "payment_action": (_confirming,),
    "payment_failed": (_debt,),
    "proof_rejected": (_proof,),
    "promised": (_subscription, _promise),
    "price_change": (_price_change,),
    "price_stays": (_price_change,),
    "receipt": (_payment, _document),
    "refund_claim": (_refund,),
    "refunded": (_refund,),
    "reminder": (_debt,),
    "restored": (_subscription,),
    "sharing": (_sharing,),
    "suspended": (_suspension,),
    "throttled": (_throttled,),
    "top_up_stopped": (_credit,),
    "transfer": (_transfer,),
    "trial_ending": (_subscription,),
    "warning": (_debt,),
    "welcome": (_welcome,),
}
