"""`billhead fraud`: the orders that wait to be checked, and deciding about them."""

from dataclasses import asdict, replace
from typing import Any

import click
from sqlalchemy import select

from billhead.actions.fraud.decide_case import DECISIONS, decide_case
from billhead.cli import in_app, json_option, show
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.fraud import CaseState
from billhead.domain.money import Money
from billhead.models.fraud import FraudCase
from billhead.models.people import Customer

__all__ = ["group"]


@click.group()
def group() -> None:
    """Order screening: the queue, and decisions."""


@group.command("list")
@click.option("--state", type=click.Choice([one.value for one in CaseState]), default="review", show_default=True)
@json_option
@in_app
def list_cases(state: str, as_json: bool) -> None:
    """Orders in this state, the oldest first."""
    with reading() as session:
        query = (
            select(FraudCase, Customer.email)
            .join(Customer, Customer.id == FraudCase.customer_id)
            .where(FraudCase.state == state)
            .order_by(FraudCase.id)
        )
        rows: list[dict[str, Any]] = [
            {
                "case_id": case.id,
                "ordered_at": case.ordered_at.isoformat(),
                "email": email,
                "plan": case.plan,
                "amount": str(Money(case.amount_minor, case.currency)),
                "score": case.score,
                "reasons": [one["why"] for one in case.reasons],
                "could_not_say": [one["check"] for one in case.unknown],
            }
            for case, email in session.execute(query)
        ]
    lines = [f"{row['case_id']:6} {row['email']:32} {row['plan']:12} {row['amount']:>12} {row['score']:4} "
             f"{'; '.join(row['reasons'])}" for row in rows]  # fmt: skip
    show({"orders": rows}, as_json, lines or ["No order waits."])


@group.command("decide")
@click.argument("case_id", type=int)
@click.argument("decision", type=click.Choice(DECISIONS))
@click.option("--reason", required=True, help="Colleagues read it beside the decision.")
@json_option
@in_app
def decide(case_id: int, decision: str, reason: str, as_json: bool) -> None:
    """Approve an order, or refuse it and give its money back."""
    with writing(replace(Context.system("cli:fraud"), reason=reason)) as tx:
        done = decide_case(tx, case_id, decision, reason)
    show(asdict(done), as_json)
