"""A user gets a login of their own: a link is mailed in the reseller's name."""

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from billhead.actions.accounts._inviting import main_login
from billhead.actions.resellers._address_tries import count_address
from billhead.actions.resellers.let_sign_in import let_sign_in
from billhead.db import Tx, reading, writing
from billhead.plugin import allow
from billhead.web.request_context import current_ctx
from billhead.web.reseller.area import reseller
from billhead.web.reseller.asking import Question, asked
from billhead.web.reseller.own_users import own_user
from billhead.web.speaking import say

__all__ = ["login_state"]


def login_state(session: Session, customer_id: int) -> str:
    """none · invited (the link was mailed, no password is set) · has."""
    login = main_login(Tx(current_ctx(), session), customer_id)
    return "none" if login is None else "has" if login.disabled or login.password_hash else "invited"


@reseller.route("/users/<int:key>/let-in", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def let_in(key: int) -> ResponseReturnValue:
    with reading() as session:
        who = own_user(session, key).customer

    if request.method == "POST":
        with writing(current_ctx()) as counted:
            count_address(counted, key)

    def act(tx: Tx) -> str:
        return say("A link to set a password is on its way to %(email)s.", email=let_sign_in(tx, key).email)

    text = say(
        "They are mailed a link, in your name, that holds three days; a link from before ends. Then they see their "
        "line, how to set a device up, and until when it runs. From then on mail to them names the shop that they "
        "sign in to."
    )
    back = url_for("reseller.user", key=key)
    question = Question(say("Let %(name)s sign in?", name=who.name), text, say("Mail the link"), back)
    return asked(question, lambda _tx: ((say("E-mail"), who.email),), act)
