"""What the shop says about a plan, line by line: a field for each language, a row of it for each line of the card."""

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import TextAreaField
from wtforms.validators import Length

from billhead.actions.catalogue.write_features import MOST_FEATURES, write_features
from billhead.db import reading, writing
from billhead.models.catalogue import Plan
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import say
from billhead.wording import LANGUAGES, direction, wording

__all__: list[str] = []


def _field(language: str) -> TextAreaField:
    name = wording(language).own_name
    return TextAreaField(
        name,
        validators=[Length(max=4000)],
        render_kw={"rows": 6, "lang": language, "dir": direction(language)},
    )


class FeaturesForm(Form):
    """Its fields are called as the languages are."""


for _language in LANGUAGES:
    setattr(FeaturesForm, _language, _field(_language))


@admin.route("/catalogue/<int:key>/features", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def plan_features(key: int) -> ResponseReturnValue:
    with reading() as session:
        plan = found(session, Plan, key, "plan")
    had = plan.details.get("features", {})
    shown: dict[str, Any] = {language: "\n".join(had.get(language, [])) for language in LANGUAGES}
    form = FeaturesForm(data=shown)
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                write_features(tx, key, {one: (form[one].data or "").splitlines() for one in LANGUAGES})
            flash(say("What the shop says of it is saved."), "good")
            return redirect(url_for("admin.plan", key=key), 303)
    status = 422 if form.is_submitted() else 200
    return page("admin/plan_features.html", form=form, plan=plan, most=MOST_FEATURES), status
