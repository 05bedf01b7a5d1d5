"""What the customer's documents look like: language, own reference, e-invoice; and a statement of account."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.accounts.set_customer_invoicing import set_customer_invoicing
from billhead.actions.documents.render_statement import render_statement
from billhead.db import reading, writing
from billhead.domain.rights import BUYERS
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.downloads import pdf_response
from billhead.web.invoicing import InvoicingForm, statement_days
from billhead.web.pages import page
from billhead.web.request_context import current_customer_id, submit_ctx
from billhead.web.speaking import say

__all__: list[str] = []


@customer.route("/invoicing", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.profile")
def invoicing() -> ResponseReturnValue:
    with reading() as session:
        me = session.get_one(Customer, current_customer_id())
    form = InvoicingForm.of(me)
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                set_customer_invoicing(tx, me.id, form.told())
            flash(say("Saved. It holds for invoices from now on."), "good")
            return redirect(url_for("customer.invoicing"), 303)
    return page("customer/invoicing.html", form=form), 422 if form.is_submitted() else 200


@customer.get("/statement.pdf")
@allow(*BUYERS, permission="own.invoices")
def statement_pdf() -> ResponseReturnValue:
    with reading() as session:
        me = session.get_one(Customer, current_customer_id())
        start, end = statement_days(me)
        return pdf_response(render_statement(session, me, start, end), f"statement-{start}-{end}")
