"""Bouquets, and what each is called on the panels."""

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from billhead.actions.catalogue.save_bouquet import save_bouquet
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.regions import Regions
from billhead.models.catalogue import Bouquet, PlanBouquet
from billhead.models.panels import Panel, PanelBouquet
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.admin.columns import code, number, text
from billhead.web.admin.listing import Listing
from billhead.web.admin.plan_forms import WHERE_SOLD
from billhead.web.forms import Form, stripped, ticked
from billhead.web.pages import page
from billhead.web.places import country_choices
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["BOUQUETS"]

BOUQUETS = Listing(
    name="bouquets",
    title=marked("Bouquets"),
    query=select(
        Bouquet.id,
        Bouquet.name,
        Bouquet.code,
        select(func.count()).where(PlanBouquet.bouquet_id == Bouquet.id).scalar_subquery().label("plans"),
        select(func.count()).where(PanelBouquet.bouquet_id == Bouquet.id).scalar_subquery().label("panels"),
    ),
    key=Bouquet.id,
    columns=(
        text(marked("Bouquet"), "name", to="edit_bouquet"),
        code(marked("Code"), "code"),
        number(marked("Plans and add-ons"), "plans"),
        number(marked("Panels"), "panels"),
    ),
    search=lambda typed: Bouquet.name.icontains(typed, autoescape=True),
    search_label=marked("Name"),
    empty=marked("Add a bouquet, and plans and add-ons can bring it."),
)


@admin.get("/bouquets")
@allow("staff")
def bouquets() -> ResponseReturnValue:
    return BOUQUETS.answer(
        add=url_for("admin.new_bouquet"), add_label=say("Add a bouquet"), add_needs="catalogue.write"
    )


class BouquetForm(Form):
    code = StringField(
        later("Code"), filters=[stripped], validators=[DataRequired(later("A code is needed.")), Length(max=40)]
    )
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("A name is needed.")), Length(max=120)]
    )
    on = TextAreaField(
        later("On the panels"),
        description=later("One a row: the panel's code, then the bouquet's name or number there."),
    )

    country_rule = SelectField(later("Licensed"), choices=WHERE_SOLD, default="")
    countries = ticked(
        later("These countries"),
        later("The country is that of the customer's address. What brings the bouquet can be ordered there alone."),
        choices=country_choices,
    )

    def regions(self) -> Regions:
        return Regions(self.country_rule.data, tuple(self.countries.data or ()))

    def names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for row in filter(None, map(str.strip, (self.on.data or "").splitlines())):
            panel, _, remote = row.partition(" ")
            if not remote.strip() or panel in names:
                raise InvalidInput(
                    "on", say("%(row)s does not name a panel, once, and the bouquet there", row=repr(row))
                )
            names[panel] = remote.strip()
        return names


@admin.route("/bouquets/new", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def new_bouquet() -> ResponseReturnValue:
    return _edit(None)


@admin.route("/bouquets/<int:key>/edit", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def edit_bouquet(key: int) -> ResponseReturnValue:
    return _edit(key)


def _as_entered(row: Bouquet | None, names: Sequence[tuple[str, str]]) -> dict[str, Any]:
    on = {"on": "\n".join(f"{panel} {remote}" for panel, remote in names)}
    if row is None:
        return on
    return on | {name: getattr(row, name) for name in ("code", "name", "country_rule", "countries")}


def _edit(key: int | None) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Bouquet, key, "bouquet") if key is not None else None
        names = session.execute(
            select(Panel.code, PanelBouquet.remote)
            .join(PanelBouquet, PanelBouquet.panel_id == Panel.id)
            .where(PanelBouquet.bouquet_id == key)
            .order_by(Panel.code)
        ).all()
    form = BouquetForm(data=_as_entered(row, names))
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                seller_id = row.seller_id if row is not None else own_seller_id()
                save_bouquet(tx, seller_id, form.code.data or "", form.name.data or "", form.names(), key,
                             regions=form.regions())  # fmt: skip
            flash(say("%(name)s is saved.", name=form.name.data), "good")
            return redirect(url_for("admin.bouquets"), 303)
    status = 422 if form.is_submitted() else 200
    title, back = row.name if row is not None else say("New bouquet"), url_for("admin.bouquets")
    return page("admin/entry.html", form=form, title=title, back=back, section="bouquets"), status
