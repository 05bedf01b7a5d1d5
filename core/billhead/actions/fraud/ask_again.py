"""The checks of plugins hear of the card that has paid, and then its line goes on or waits for staff."""

from dataclasses import dataclass

from billhead.actions.exchange import exchange
from billhead.actions.fraud._case import tell_held
from billhead.actions.fraud._checks import Said, plugins_say, sum_up
from billhead.actions.fraud._looking_again import doubted_now, whole_facts
from billhead.actions.fraud._releasing import give_waited, release
from billhead.actions.fraud._screening import checks_of
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.fraud import CaseState, FraudRules, rules_from
from billhead.models.fraud import FraudCase
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription
from billhead.plugin import FraudCheck, OrderFacts

__all__ = ["ask_again"]

_OPEN = (CaseState.PASSED, CaseState.REVIEW)


@dataclass(frozen=True, slots=True)
class _Intent:
    facts: OrderFacts
    rules: FraudRules
    checks: tuple[tuple[str, FraudCheck], ...]


def ask_again(ctx: Context, case_id: int) -> str:
    """The case's state. What they can't say stops nobody, and nobody is refused: the money has come."""

    def intend(tx: Tx) -> _Intent | None:
        case = tx.session.get(FraudCase, case_id)
        if case is None or case.subscription_id is None or case.state not in _OPEN:
            return None
        rules = rules_from(tx.session.get_one(Seller, case.seller_id).fraud)
        return _Intent(whole_facts(tx, case, rules), rules, checks_of(rules))

    def call(intent: _Intent) -> dict[str, Said]:
        return plugins_say(intent.checks, intent.facts, intent.rules.seconds)

    def record(tx: Tx, intent: _Intent, said: dict[str, Said]) -> str:
        found = tx.session.get_one(FraudCase, case_id)
        subscription = tx.session.get_one(Subscription, found.subscription_id, with_for_update=True)
        case = tx.session.get_one(FraudCase, case_id, with_for_update=True, populate_existing=True)
        if case.state not in _OPEN:
            return case.state
        now, known = sum_up(intent.rules, said), {(one["check"], one["why"]) for one in case.reasons}
        new = [one for one in now.reasons if (one["check"], one["why"]) not in known]
        silent = [one for one in case.unknown if one["check"] not in said]
        case.unknown = [*silent, *now.unknown]
        if doubted_now(case, intent.rules, new, unsure=bool(now.unknown)):
            tell_held(tx, case)
        elif case.state == CaseState.PASSED and release(tx, subscription):
            give_waited(tx, subscription)
        return case.state

    return exchange(ctx, intend=intend, call=call, record=record) or "decided"
