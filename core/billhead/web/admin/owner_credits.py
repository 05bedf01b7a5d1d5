"""Credits of a panel's own resellers: given or taken there, after a yes with a reason."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.panels.change_owner_credits import change_owner_credits
from billhead.db import reading
from billhead.domain.context import Context
from billhead.domain.errors import Conflict
from billhead.domain.money import CREDITS, Money
from billhead.models.panels import Panel
from billhead.plugin import Owner, allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.corrections import amount_field
from billhead.web.admin.reseller_forms import parsed_credits
from billhead.web.formatting import money
from billhead.web.speaking import later, say

__all__: list[str] = []


class OwnerCreditsForm(ReasonForm):
    seen = amount_field(
        later("It has there"), later("As the panel told it. Has it another credit by now, nothing is sent.")
    )
    amount = amount_field(
        later("Change by"), later("Like 50, or -20 to take some. Most panels know whole credits only.")
    )


@admin.route("/panels/<int:key>/owners/<remote>/credits", methods=["GET", "POST"])
@allow("staff", permission="panels.write")
def panel_owner_credits(key: int, remote: str) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Panel, key, "panel")
    told = request.args.get("seen", type=int)
    form = OwnerCreditsForm(data={"seen": "" if told is None else f"{Money(told, CREDITS).decimal():f}"})
    name = request.args.get("name", "") or remote

    def act(ctx: Context, form: OwnerCreditsForm) -> str:
        seen = parsed_credits("seen", form.seen.data).minor
        done = change_owner_credits(
            ctx, key, Owner(remote, name, seen), parsed_credits("amount", form.amount.data).minor
        )
        if done.in_doubt:
            raise Conflict(say("Not known: %(why)s It may have been done: read its credit again.", why=done.problem))
        if done.owner is None or done.owner.credits_minor is None:
            raise Conflict(done.problem)
        return say(
            "%(name)s has %(amount)s on %(panel)s now.",
            name=done.owner.name,
            amount=money(done.owner.credits_minor, CREDITS),
            panel=row.name,
        )

    text = say(
        "This is sent to the panel, once. What your own resellers have here is another credit, and stays as it is."
    )
    back = url_for("admin.panel_owners", key=key)
    return asked(
        Question(
            say("Change the credit of %(name)s on %(panel)s?", name=name, panel=row.name), text, say("Change it"), back
        ),
        form,
        act,
    )
