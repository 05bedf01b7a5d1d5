"""Events that plugins observe after commit: typed by name, versioned, thin (ids, no copies of data)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["EVENT_TYPES", "Event"]

EVENT_TYPES = {
    "document.expired": "a proforma was not paid in time; data: document_id, customer_id",
    "subscription.started": "a subscription was ordered; data: subscription_id, customer_id, plan",
    "subscription.canceled": "a cancellation was booked; data: subscription_id, ends_on",
    "subscription.suspended": "service stopped for debt or by staff; data: subscription_id, because",
    "subscription.restored": "what debt had suspended runs again; data: subscription_id",
    "subscription.changed": "plan, term or add-ons changed; data: subscription_id, plan_id, document_id or null; where "
    "days were added by it also days (below zero: fewer) and until",
    "subscription.change_not_made": "a change was paid that can't be made any more, the money is credit; data: "
    "subscription_id, document_id, why",
    "subscription.held": "the customer or staff put it on hold; data: subscription_id, starts_on",
    "subscription.resumed": "a hold has ended; data: subscription_id, document_id or null",
    "subscription.transferred": "it is another customer's now; data: subscription_id, from_customer_id, customer_id",
    "subscription.kept": "a cancellation or a planned change was taken back; data: subscription_id",
    "subscription.throttled": "debt leaves its lines running with less; data: subscription_id, connections",
    "payment.promised": "a customer promised to pay what is overdue; data: promise_id, subscription_id, day",
    "payment.promise_broken": "the day of a promise is over and the debt is open; data: promise_id, subscription_id",
    "document.issued": "an invoice or credit note became final; data: document_id, customer_id, total_minor, currency",
    "document.paid": "an invoice is settled in full; data: document_id, customer_id",
    "document.voided": "a document is void; data: document_id, customer_id",
    "document.written_off": "a debt was given up; data: document_id, customer_id, lost_minor",
    "payment.received": "money came in; data: payment_id, customer_id, amount_minor, currency",
    "payment.credited": "money that no document takes became credit; data: payment_id, customer_id, document_id, "
    "amount_minor, currency",
    "payment.refunded": "money left for its source; data: refund_id, payment_id, customer_id, amount_minor, currency",
    "refund.failed": "a refund did not arrive or came back, the money is the customer's here again; data: as of "
    "payment.refunded",
    "payment.charged_back": "a provider took a payment back; data: dispute_id, payment_id, customer_id, amount_minor, "
    "currency",
    "dispute.won": "a dispute was decided for us, the money is back; data: as of payment.charged_back",
    "dispute.lost": "a dispute was decided against us; data: as of payment.charged_back",
    "order.held": "an order is being checked by staff; data: case_id, customer_id, subscription_id",
    "order.approved": "an order that was checked goes on; data: as of order.held",
    "order.rejected": "staff did not take an order, its money goes back; data: as of order.held",
    "order.refused": "the checks did not take an order, nothing was written; data: case_id, customer_id",
    "customer.same_card": "a card was saved that other customers of the seller have saved too; data: customer_id, "
    "other_customer_ids, document_id",
    "customer.erased": "all of a person was deleted or written over: forget what you hold of them; data: customer_id",
    "payment.failed": "an attempt failed; data: attempt_id, document_id, decline_class",
    "payment.contradicted": "a provider calls a payment that is booked failed, staff look at it; data: attempt_id, "
    "document_id, code",
    "gateway.paused": "a gateway refuses our keys or account, and gets nothing until staff save its settings; data: "
    "account_id",
    "usage.threshold": "so much of an allowance is used in this period; data: subscription_id, metric_id, percent",
    "entitlement.bought": "something that is sold once was ordered; data: entitlement_id, subscription_id, plan",
    "entitlement.opened": "it may be watched in its window from now on; data: entitlement_id, subscription_id, plan",
    "entitlement.closed": "it was given back or never paid; data: entitlement_id, subscription_id",
    "reseller.joined": "a customer became a reseller, or a super-reseller, by paying for it; data: reseller_id, "
    "customer_id",
    "reseller.credits_bought": "an order of credits was paid; data: reseller_id, document_id, credits_minor",
    "reseller.credits_taken_back": "the money for credits went back, and so did what was left of them; data: "
    "reseller_id, taken_minor, missing_minor, why, key",
    "service.active": "a line is in step with what is wanted and serves; data: service_id, customer_id",
    "service.moved": "a line serves on another panel now; data: service_id, from_service_id, customer_id",
    "service.failed": "a line can't be brought in step; data: service_id, error",
    "purchase.bought": "paid time was bought at an upstream panel; data: purchase_id, service_id, panel_id, cost_minor",
    "purchase.not_bought": "an upstream panel sold nothing, proven; data: purchase_id, service_id, panel_id, why",
    "purchase.undecided": "nobody can find out whether it was bought, staff decide; data: as of purchase.not_bought",
    "purchase.bought_after_all": "a panel sold what had been taken for not bought, its cost is counted nowhere; data: "
    "purchase_id, service_id, panel_id, tries",
    "panel.credit_low": "our credit at a panel fell below the operator's mark; data: panel_id, balance_minor, "
    "threshold_minor",
    "access.guessed": "somebody guesses short addresses from many networks, told once an hour; data: wrong",
    "panel.spend_cap_reached": "purchases wait until tomorrow; data: panel_id, day, cap_minor",
}
"""Every event type with what its data holds. Adding a type is a minor change."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `id` is unique, deliveries keep their order within `aggregate` ("service:17")."""

    id: int
    type: str
    version: int
    aggregate: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)
