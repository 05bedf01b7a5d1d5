"""`billhead dunning`: the operator's stages, who they affect today, and changing them."""

import re
from collections.abc import Sequence
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.dunning._entering import amounts_of, amounts_text, fee_text, ppm_of
from billhead.actions.dunning._terms import DunningTerms, terms_of_policy
from billhead.actions.dunning.dun import preview_dun
from billhead.actions.dunning.remove_policy import remove_policy
from billhead.actions.dunning.save_policy import PolicyEntry, save_policy
from billhead.cli import in_app, json_option, show
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.dunning import NO_FEE, LateFee, PromiseTerms, RetrySchedule, Stage, StageAction, stage_row
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan
from billhead.models.dunning import DunningPolicy
from billhead.models.sellers import Seller

__all__ = ["group"]

_SHOWN = 1000
_STAGE = re.compile(
    r"(?P<action>[a-z]+)\s+(?P<days>-?[0-9]{1,3})(?:\s+to\s+(?P<connections>[0-9]{1,3}))?"
    r"(?:\s+fee\s+(?P<fee>.+?))?(?:\s+max\s+(?P<most>.+))?"
)


@click.group()
def group() -> None:
    """What happens when nobody pays."""


@group.command("list")
@json_option
@in_app
def list_policies(as_json: bool) -> None:
    """Every table of stages. A seller without one has the defaults of the house."""
    with reading() as session:
        rows = [
            _as_row(session, policy) for policy in session.scalars(select(DunningPolicy).order_by(DunningPolicy.id))
        ]
    house = {"id": None, "name": "defaults", **_terms(DunningTerms())}
    lines = [line for row in [*rows, house] for line in _lines(row)]
    show({"policies": rows, "defaults": house}, as_json, lines)


def _as_row(session: Session, policy: DunningPolicy) -> dict[str, Any]:
    plan = session.get(Plan, policy.plan_id) if policy.plan_id is not None else None
    return {
        "id": policy.id,
        "name": policy.name,
        "seller": session.get_one(Seller, policy.seller_id).code,
        "plan": plan.code if plan is not None else None,
        "group": policy.price_group or None,
        **_terms(terms_of_policy(policy)),
    }


def _terms(terms: DunningTerms) -> dict[str, Any]:
    promises = terms.promises
    return {
        "stages": [{**stage_row(stage), "fee_text": fee_text(stage.fee)} for stage in terms.stages],
        "retry_days": list(terms.retries.days),
        "promise_days": promises.max_days,
        "promise_most": amounts_text(promises.most),
        "promise_every_days": promises.every_days,
        "credits_suspended_days": terms.credits_suspended_days,
    }


def _lines(row: dict[str, Any]) -> list[str]:
    about = [row.get("seller"), row.get("plan"), row.get("group")]
    head = f"{row['id'] or '-'}  {row['name']}  {' '.join(str(one) for one in about if one)}".rstrip()
    stages = [
        f"  day {stage['after_days']:>4}  {stage['action']}"
        + (f", fee {stage['fee_text']}" if stage["fee_text"] else "")
        for stage in row["stages"]
    ]
    return [head, *stages, f"  cards again after {', '.join(map(str, row['retry_days']))} days"]


@group.command("set")
@click.option("--seller", required=True, help="The seller, by its code.")
@click.option("--plan", default="", help="Only for this plan of it, by its code.")
@click.option("--group", "price_group", default="", help="Only for customers of this price group.")
@click.option(
    "--stage", "stages", multiple=True, required=True, metavar='"ACTION DAYS …"',
    help='Like "remind -3", "throttle 2 to 1", "warn 3 fee 2.50 EUR + 5% max 10.00 EUR", "suspend 5".',
)  # fmt: skip
@click.option("--retry-days", default="1,3,5,7", show_default=True, help="When a declined card is tried again.")
@click.option("--promise-days", default=0, show_default=True, help="Customers may promise to pay within so many days.")
@click.option("--promise-most", default="", help='For a debt of at most so much, like "50.00 EUR".')
@click.option("--promise-every", default=30, show_default=True, help="Once in so many days.")
@click.option("--no-restore", is_flag=True, help="A promise restores nothing.")
@click.option("--credit-suspended-days", is_flag=True, help="Days without service are not charged.")
@json_option
@in_app
def set_policy(
    seller: str,
    plan: str,
    price_group: str,
    stages: Sequence[str],
    retry_days: str,
    promise_days: int,
    promise_most: str,
    promise_every: int,
    no_restore: bool,
    credit_suspended_days: bool,
    as_json: bool,
) -> None:
    """Write the table of a seller, a plan or a group, in place of the one that is there."""
    promises = PromiseTerms(promise_days, amounts_of(promise_most, "promise-most"), promise_every, not no_restore)
    made = [_stage(text) for text in stages]
    with writing(Context.system("cli:dunning")) as tx:
        entry = PolicyEntry(
            *_scope(tx.session, seller, plan),
            price_group,
            stages=made,
            retries=RetrySchedule(_days(retry_days)),
            promises=promises,
            credits_suspended_days=credit_suspended_days,
        )
        row = _as_row(tx.session, tx.session.get_one(DunningPolicy, save_policy(tx, entry)))
    show(row, as_json, _lines(row))


def _scope(session: Session, seller: str, plan: str) -> tuple[int, int | None]:
    seller_id = session.scalar(select(Seller.id).where(Seller.code == seller))
    if seller_id is None:
        raise NotFound("seller", seller)
    if not plan:
        return seller_id, None
    plan_id = session.scalar(select(Plan.id).where(Plan.seller_id == seller_id, Plan.code == plan))
    if plan_id is None:
        raise NotFound("plan", plan)
    return seller_id, plan_id


def _stage(text: str) -> Stage:
    found = _STAGE.fullmatch(text.strip())
    if found is None or found["action"] not in list(StageAction):
        actions = ", ".join(StageAction)
        raise InvalidInput("stage", f"{text!r} is no stage", hint=f'write it like "suspend 5"; actions are {actions}')
    fee = _fee(found["fee"], found["most"]) if found["fee"] else NO_FEE
    connections = 1 if found["connections"] is None else int(found["connections"])
    return Stage(int(found["days"]), StageAction(found["action"]), fee, connections)


def _fee(text: str, most: str | None) -> LateFee:
    parts = [part.strip() for part in text.split("+")]
    shares = [part for part in parts if part.endswith("%")]
    if len(shares) > 1:
        raise InvalidInput("stage", f"{text!r} names two shares")
    fixed = ", ".join(part for part in parts if part not in shares)
    return LateFee(
        amounts_of(fixed, "stage"), ppm_of(shares[0], "stage") if shares else 0, amounts_of(most or "", "stage")
    )


def _days(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if any(whole_number(part, 4) is None for part in parts):
        raise InvalidInput("retry-days", f"{text!r} are no days", hint="write them like 1,3,5,7")
    return tuple(int(part) for part in parts)


@group.command("remove")
@click.argument("policy_id", type=int, metavar="ID")
@json_option
@in_app
def remove(policy_id: int, as_json: bool) -> None:
    """Remove a table: the next wider one counts."""
    with writing(Context.system("cli:dunning")) as tx:
        remove_policy(tx, policy_id)
    show({"removed": policy_id}, as_json, [f"Removed: {policy_id}."])


@group.command("preview")
@json_option
@in_app
def preview(as_json: bool) -> None:
    """Who would be affected by the next run, and how. Changes nothing."""
    with reading() as session:
        rows: list[dict[str, Any]] = []
        count = 0
        for due in preview_dun(Tx(Context.system("cli:dunning"), session)):
            count += 1
            if len(rows) < _SHOWN:
                rows.append(
                    {
                        "document_id": due.debt.document.id,
                        "number": due.debt.document.number_text,
                        "customer": due.debt.customer,
                        "due_on": due.debt.document.due_on,
                        "owed": str(due.debt.owed),
                        "stages": [stage.action.value for stage in due.stages],
                    }
                )
    lines = [
        f"{row['number'] or row['document_id']:<16} {row['customer']:<30} {row['owed']:>14}  {', '.join(row['stages'])}"
        for row in rows
    ]
    show({"affected": count, "debts": rows}, as_json, [*lines, f"{count} debts would be acted on."])
