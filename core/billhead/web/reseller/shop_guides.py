"""How a box or an app is set up, as the customers of the shop read it: the house's guides, and the reseller's own."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.shops.drop_shop_guide import drop_shop_guide
from billhead.actions.shops.save_shop_guide import save_shop_guide
from billhead.db import Tx, reading, writing
from billhead.domain.errors import NotFound
from billhead.models.access import SetupGuide
from billhead.plugin import allow
from billhead.web.guide_form import guides_of, opened
from billhead.web.request_context import submit_ctx
from billhead.web.reseller.area import own_id, reseller
from billhead.web.reseller.asking import Question, asked
from billhead.web.reseller.shop import own_shop, shop_page
from billhead.web.speaking import say, speech
from billhead.wording import PAGE_LANGUAGES, wording

__all__: list[str] = []


@reseller.get("/shop/guides")
@allow("reseller", "super_reseller")
def shop_guides() -> ResponseReturnValue:
    """All of the shop's own; of the house's those in one language."""
    asked_for = request.args.get("language", "")
    language = asked_for if asked_for in PAGE_LANGUAGES else speech().language
    with reading() as session:
        own = own_shop(session)
        mine, house = guides_of(session, own.seller.id)
        house = [one for one in house if one.language == language]
        spoken = [(code, wording(code).own_name) for code in PAGE_LANGUAGES]
        return shop_page(session, "shop_guides", own, mine=mine, house=house, language=language, spoken=spoken)


@reseller.route("/shop/guides/<code>/<language>", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def shop_guide(code: str, language: str) -> ResponseReturnValue:
    """What is there is shown to be changed; "new" begins with an empty page."""
    with reading() as session:
        own = own_shop(session)
        form = opened(session, own.seller.id, code, language)
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                save_shop_guide(tx, own_id(), form.told())
            flash(say("%(title)s is saved.", title=form.title.data), "good")
            return redirect(url_for("reseller.shop_guides"), 303)
    with reading() as session:
        shown = shop_page(session, "shop_guide", own, form=form)
    return shown, 422 if form.is_submitted() else 200


@reseller.route("/shop/guides/<int:guide_id>/remove", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def remove_shop_guide(guide_id: int) -> ResponseReturnValue:
    with reading() as session:
        own, row = own_shop(session), session.get(SetupGuide, guide_id)
        if row is None or row.seller_id != own.seller.id:
            raise NotFound("guide", guide_id)
    title = row.title

    def act(tx: Tx) -> str:
        drop_shop_guide(tx, own_id(), guide_id)
        return say("%(title)s is gone.", title=title)

    text = say("If the house has a guide of this code and language, that one is shown again.")
    name = say("Take %(title)s away?", title=title)
    question = Question(name, text, say("Take it away"), url_for("reseller.shop_guides"), danger=True)
    return asked(question, lambda _tx: (), act)
