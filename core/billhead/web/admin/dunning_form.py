"""The form of a dunning policy: a row for each stage and a few empty ones, so that it works without scripts."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.validators import Optional as MayBeEmpty

from billhead.actions.dunning._entering import amounts_of, amounts_text, percent_text, ppm_of
from billhead.actions.dunning._terms import DunningTerms, terms_of_policy
from billhead.actions.dunning.save_policy import PolicyEntry
from billhead.domain.dunning import (
    LONGEST_LEAD_DAYS,
    LONGEST_WAIT_DAYS,
    MOST_STAGES,
    NO_FEE,
    LateFee,
    PromiseTerms,
    RetrySchedule,
    Stage,
    StageAction,
    ordered_stages,
)
from billhead.domain.errors import InvalidInput
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Bouquet, Plan
from billhead.models.dunning import DunningPolicy
from billhead.web.forms import Form as PageForm
from billhead.web.forms import stripped
from billhead.web.speaking import later, say

__all__ = ["PolicyForm", "entry_of", "filled", "form_values"]

_SPARE = 2
_WORDS = {
    "": "–",
    "remind": later("remind"),
    "warn": later("warn"),
    "throttle": later("throttle"),
    "suspend": later("suspend"),
    "terminate": later("end it"),
}


class StageRow(Form):
    days = IntegerField(
        later("Day"),
        validators=[MayBeEmpty(), NumberRange(-LONGEST_LEAD_DAYS, LONGEST_WAIT_DAYS)],
    )
    action = SelectField(later("What happens"), choices=_WORDS)
    fee = StringField(later("Late fee"), filters=[stripped], render_kw={"placeholder": "2.50 EUR"})
    share = StringField(later("and % of the debt"), filters=[stripped], render_kw={"inputmode": "decimal"})
    most = StringField(later("at most"), filters=[stripped], render_kw={"placeholder": "10.00 EUR"})
    connections = IntegerField(later("Streams left"), validators=[MayBeEmpty(), NumberRange(0, 100)])
    cut = BooleanField(later("Only these bouquets"))
    bouquets = SelectMultipleField(later("Bouquets left"), coerce=int, choices={})


class PolicyForm(PageForm):
    name = StringField(
        later("Name"), filters=[stripped], validators=[Length(max=80)], description=later("What colleagues call it.")
    )
    plan_id = SelectField(later("Plan"), description=later("Without a plan it is for all plans of the seller."))
    price_group = StringField(
        later("Price group"),
        filters=[stripped],
        validators=[Length(max=60)],
        description=later("Without one it is for all customers of the seller."),
    )
    stages = FieldList(FormField(StageRow), min_entries=0, max_entries=MOST_STAGES)
    retry_days = StringField(
        later("Days on which a declined card is tried again"),
        filters=[stripped],
        description=later(
            "After the first failure, like 1, 3, 5, 7. Once more on the eve of what takes something away."
        ),
    )
    credits_suspended_days = BooleanField(
        later("Days without service are not charged"), description=later("When a suspension for debt is lifted.")
    )
    promise_days = IntegerField(
        later("Customers may promise to pay within so many days"),
        validators=[InputRequired(), NumberRange(0, 60)],
        description=later("0: payment can’t be put off."),
    )
    promise_most = StringField(
        later("for a debt of at most"),
        filters=[stripped],
        description=later("Like 50.00 EUR, 60.00 USD. A currency that is not named has no limit."),
    )
    promise_every_days = IntegerField(later("once in so many days"), validators=[InputRequired(), NumberRange(0, 400)])
    promise_restores = BooleanField(later("What debt has stopped runs again until the promised day"))

    def offer(self, session: Session, seller_id: int) -> None:
        """The choices that depend on the seller."""
        plans = session.execute(select(Plan.id, Plan.name).where(Plan.seller_id == seller_id).order_by(Plan.name))
        self.plan_id.choices = {"": say("all plans"), **{str(key): name for key, name in plans}}
        bouquets = session.execute(select(Bouquet.id, Bouquet.name).where(Bouquet.seller_id == seller_id))
        self._bouquets = dict(bouquets.all())
        self._offer_bouquets()

    def _offer_bouquets(self) -> None:
        for row in self.stages:
            row.form.bouquets.choices = self._bouquets


def filled(form: PolicyForm) -> None:
    """Some empty rows for what is to be added."""
    empty = sum(1 for row in form.stages if not row.form.action.data)
    for _ in range(min(_SPARE - empty, MOST_STAGES - len(form.stages))):
        form.stages.append_entry({"connections": 1})
    form._offer_bouquets()


def form_values(session: Session, row: DunningPolicy | None) -> dict[str, Any]:
    """A policy as the form shows it; without one, the defaults of the house."""
    terms = terms_of_policy(row) if row is not None else DunningTerms()
    return {
        "name": row.name if row is not None else "",
        "plan_id": str(row.plan_id or "") if row is not None else "",
        "price_group": row.price_group if row is not None else "",
        "stages": [_row(stage) for stage in terms.stages],
        "retry_days": ", ".join(map(str, terms.retries.days)),
        "credits_suspended_days": terms.credits_suspended_days,
        "promise_days": terms.promises.max_days,
        "promise_most": amounts_text(terms.promises.most),
        "promise_every_days": terms.promises.every_days,
        "promise_restores": terms.promises.restores,
    }


def _row(stage: Stage) -> dict[str, Any]:
    return {
        "days": stage.after_days,
        "action": stage.action.value,
        "fee": amounts_text(stage.fee.fixed),
        "share": percent_text(stage.fee.ppm),
        "most": amounts_text(stage.fee.most),
        "connections": stage.connections,
        "cut": stage.bouquets is not None,
        "bouquets": list(stage.bouquets or ()),
    }


def entry_of(form: PolicyForm, seller_id: int) -> PolicyEntry:
    """What was entered. Raises InvalidInput naming the field."""
    stages = [_stage(row.form) for row in form.stages if row.form.action.data]
    return PolicyEntry(
        seller_id,
        int(form.plan_id.data) if form.plan_id.data else None,
        form.price_group.data or "",
        form.name.data or "",
        ordered_stages(stages),
        RetrySchedule(_days(form.retry_days.data or "")),
        PromiseTerms(
            form.promise_days.data,
            amounts_of(form.promise_most.data or "", "promise_most"),
            form.promise_every_days.data,
            form.promise_restores.data,
        ),
        form.credits_suspended_days.data,
    )


def _stage(row: Any) -> Stage:
    if row.days.data is None:
        raise InvalidInput("stages", say("say on which day to %(what)s", what=_WORDS[row.action.data]))
    fixed, most = amounts_of(row.fee.data or "", "stages"), amounts_of(row.most.data or "", "stages")
    ppm = ppm_of(row.share.data or "", "stages")
    return Stage(
        row.days.data,
        StageAction(row.action.data),
        LateFee(fixed, ppm, most) if fixed or ppm else NO_FEE,
        1 if row.connections.data is None else row.connections.data,
        tuple(row.bouquets.data or ()) if row.cut.data else None,
    )


def _days(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if any(whole_number(part, 4) is None for part in parts):
        raise InvalidInput(
            "retry_days", say("%(typed)s are no days", typed=repr(text)), hint=say("write them like 1, 3, 5, 7")
        )
    return tuple(int(part) for part in parts)
