"""Money that came by hand is booked on a document, seen first in figures: by staff, and by the owner of a shop."""

from collections.abc import Callable

from flask.typing import ResponseReturnValue
from wtforms import SelectField

from billhead.actions.payments.book_transfer import Booked
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.models.documents import Document
from billhead.web.admin.asking import Question, reason_field
from billhead.web.admin.corrections import amount_field
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.admin.unassigned import by_hand, reference_field
from billhead.web.formatting import money, paper_name
from billhead.web.speaking import later, say

__all__ = ["booked_by_hand"]


class BookForm(PreviewForm):
    account = SelectField(later("Account that it came to"), coerce=int)
    amount = amount_field(later("Amount that came"))
    reference = reference_field()
    reason = reason_field()


def booked_by_hand(
    row: Document, back: str, book: Callable[[Tx, int, int, str], Booked], template: str = "admin/previewed.html"
) -> ResponseReturnValue:
    """Ask, show, and book by `book(tx, account_id, amount_minor, reference)`; `back` is the document's page."""
    owed = Money(row.total_minor - row.settled_minor, row.currency)
    form = BookForm(amount=f"{owed.decimal():f}")
    form.account.choices = by_hand(row.seller_id)

    def came() -> Money:
        return Money.parse(form.amount.data, row.currency)

    def act(tx: Tx) -> Booked:
        return book(tx, form.account.data, came().minor, form.reference.data)

    def figures(made: Booked) -> Figures:
        rows = [(say("Booked"), money(came().minor, row.currency))]
        if made.credit_minor < 0:
            rows.append((say("Paid by credit"), money(-made.credit_minor, row.currency)))
        rows.append((say("Open afterwards"), money(made.open_minor, row.currency)))
        if made.credit_minor > 0:
            rows.append((say("Becomes credit"), money(made.credit_minor, row.currency)))
        return rows

    question = Question(
        say("Book money for %(name)s", name=paper_name(row)),
        say(
            "%(amount)s is open on it. Book only what you have seen in the bank or have in your hand.",
            amount=money(owed.minor, row.currency),
        ),
        say("Book it"),
        back,
        danger=False,
    )

    def told(_: Context, _made: Booked) -> str:
        return say("%(amount)s booked.", amount=money(came().minor, row.currency))

    return previewed(question, form, act, figures, told, template=template)
