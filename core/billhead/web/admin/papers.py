"""A customer's papers: how documents are wanted, a statement of account, the receipt of a payment."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.accounts.set_customer_invoicing import set_customer_invoicing
from billhead.actions.documents.render_receipt import render_receipt
from billhead.actions.documents.render_statement import render_statement
from billhead.db import reading, writing
from billhead.models.payments import Payment
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.downloads import pdf_response
from billhead.web.invoicing import InvoicingForm, statement_days
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import say

__all__: list[str] = []


@admin.route("/customers/<int:key>/invoicing", methods=["GET", "POST"])
@allow("staff", permission="customers.write")
def customer_invoicing(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")
    form = InvoicingForm.of(row)
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                set_customer_invoicing(tx, key, form.told())
            flash(say("Saved. It holds for documents from now on."), "good")
            return redirect(url_for("admin.customer", key=key), 303)
    return page("admin/customer_invoicing.html", customer=row, form=form), 422 if form.is_submitted() else 200


@admin.get("/customers/<int:key>/statement.pdf")
@allow("staff")
def customer_statement(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")
        start, end = statement_days(row)
        return pdf_response(render_statement(session, row, start, end), f"statement-{key}-{start}", inline=True)


@admin.get("/payments/<int:key>/receipt.pdf")
@allow("staff")
def payment_receipt(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Payment, key, "payment")
        return pdf_response(render_receipt(session, row), f"receipt-{key}", inline=True)
