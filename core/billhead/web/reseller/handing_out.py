"""A user's line while it gets ready, and then what the user needs to watch, as a text to send."""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.access.hand_out_access import hand_out_access
from billhead.db import reading, writing
from billhead.plugin import allow
from billhead.web.looking import next_look
from billhead.web.pages import page
from billhead.web.request_context import current_ctx
from billhead.web.reseller.area import reseller
from billhead.web.reseller.own_users import own_user
from billhead.wording import LANGUAGES, wording

__all__: list[str] = []


@reseller.get("/users/<int:key>/ready")
@allow("reseller", "super_reseller")
def ready(key: int) -> ResponseReturnValue:
    """Where adding a user leads: it looks by itself, and leads on to the text as soon as the line is there."""
    with reading() as session:
        seen = own_user(session, key)
    if not seen.moves and seen.told and all(line.state.word == "ready" for line in seen.lines):
        return redirect(url_for("reseller.access", key=key, new="yes"), 303)
    return page("reseller/ready.html", seen=seen, look=next_look() if seen.moves else "")


@reseller.get("/users/<int:key>/access")
@allow("reseller", "super_reseller")
def access(key: int) -> ResponseReturnValue:
    """Each look stands in the audit trail; it changes nothing else, so that the page can be led to."""
    asked = request.args.get("language", "")
    with writing(current_ctx()) as tx:
        seen = own_user(tx.session, key)
        handed = hand_out_access(tx, key, asked if asked in LANGUAGES else "")
    languages = [wording(code) for code in LANGUAGES]
    return page("reseller/access.html", seen=seen, handed=handed, spoken=languages)
