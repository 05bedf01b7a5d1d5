"""Who the login is at its provider, and that it is that no more."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from billhead.actions.sign_in.unlink_identity import unlink_identity
from billhead.db import reading, writing
from billhead.domain.errors import NotFound
from billhead.models.sign_in import LinkedIdentity
from billhead.plugin import allow
from billhead.web.forms import Form
from billhead.web.request_context import submit_ctx
from billhead.web.security.area import EVERYBODY, Question, fresh, me, own_page, security
from billhead.web.speaking import say

__all__: list[str] = []


@security.route("/links/<int:link_id>/remove", methods=["GET", "POST"])
@allow(*EVERYBODY)
@fresh
def unlink(link_id: int) -> ResponseReturnValue:
    own = LinkedIdentity.id == link_id, LinkedIdentity.user_id == me().user_id
    with reading() as session:
        row = session.scalar(select(LinkedIdentity).where(*own))
    if row is None:
        raise NotFound("link to a provider", link_id)
    form = Form()
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                unlink_identity(tx, link_id)
            flash(say("The link is removed."), "good")
            return redirect(url_for("security.overview"), 303)
    told = say(
        "That person at the provider does not open your login any more. Whoever has your e-mail address there can link "
        "it again by signing in; you are told so by mail. Without a password, have a link mailed to you to set one."
    )
    question = Question(say("Remove the link to %(name)s?", name=row.issuer), told, say("Remove it"))
    return own_page("question", form=form, question=question), 422 if form.is_submitted() else 200
