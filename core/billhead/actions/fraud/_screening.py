"""What every screening is made of: facts are gathered, checks asked with no session open, and all of it judged."""

from dataclasses import dataclass, replace

from billhead.actions.fraud._case import Screening, keep_case
from billhead.actions.fraud._checks import Said, house_says, plugins_say, sum_up
from billhead.actions.fraud._facts import Seen, earlier_orders, entries_of, facts_of, with_files
from billhead.actions.subscriptions._sale import Order
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import NotAllowed, NotFound
from billhead.domain.fraud import Entry, FraudRules, rules_from
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import FraudCheck, OrderFacts
from billhead.plugin_host import plugins
from billhead.plugin_host.current import config

__all__ = ["Asking", "Told", "ask", "checks_of", "gathered", "judged_now", "keep_refused", "not_online"]

Checks = tuple[tuple[str, FraudCheck], ...]


@dataclass(frozen=True, slots=True)
class Asking:
    facts: OrderFacts
    rules: FraudRules
    entries: tuple[Entry, ...]
    checks: Checks


@dataclass(frozen=True, slots=True)
class Told:
    """The facts with what files say of the address, what the checks said, and what is wrong with a file."""

    facts: OrderFacts
    said: dict[str, Said]
    trouble: str


def not_online() -> NotAllowed:
    """Which check it was is never told."""
    return NotAllowed("We can't take this order online. Please get in touch with us.", code="order_refused")


def checks_of(rules: FraudRules) -> Checks:
    """Those of plugins that the seller has not switched off."""
    offered = ((f"{plugin}.{check.code}", check) for plugin, check in plugins().fraud_checks())
    return tuple((name, check) for name, check in offered if name not in rules.off)


def gathered(tx: Tx, order: Order, seen: Seen) -> Asking:
    customer = tx.session.get(Customer, order.customer_id)
    if customer is None or not (tx.ctx.scope.everything or tx.ctx.scope.customer_id == customer.id):
        raise NotFound("customer", order.customer_id)
    rules = rules_from(tx.session.get_one(Seller, customer.seller_id).fraud)
    facts = facts_of(tx.session, customer, order, seen, rules)
    return Asking(facts, rules, entries_of(tx.session, customer.seller_id), checks_of(rules))


def ask(asking: Asking) -> Told:
    """With no session open. Checks of plugins are spared what those of the house refuse."""
    facts, trouble = with_files(asking.facts, config())
    said = house_says(facts, asking.rules, asking.entries, trouble)
    if asking.checks and sum_up(asking.rules, said).verdict != "refuse":
        said |= plugins_say(asking.checks, facts, asking.rules.seconds)
    return Told(facts, said, trouble)


def judged_now(tx: Tx, asking: Asking, told: Told) -> tuple[OrderFacts, Screening]:
    """In the transaction that writes the order: those that were sent in the same moment are counted as well, since
    a seller's orders come through here one by one."""
    tx.session.get(Seller, asking.facts.seller_id, with_for_update={"key_share": True}, populate_existing=True)
    facts, said = told.facts, told.said
    earlier = earlier_orders(tx.session, facts, asking.rules)
    if earlier != facts.earlier:
        facts = replace(facts, earlier=earlier)
        said = {**said, **house_says(facts, asking.rules, asking.entries, told.trouble)}
    return facts, sum_up(asking.rules, said)


def keep_refused(tx: Tx, facts: OrderFacts, screening: Screening) -> None:
    case = keep_case(tx, facts, screening)
    audit(tx, "fraud.refuse_order", f"fraud_case:{case.id}", {"customer_id": facts.customer_id})
