"""The pages of signing up and in. What they do is in actions/accounts and actions/sign_in."""

from flask import flash, make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.accounts.ask_password_link import ask_password_link
from billhead.actions.accounts.confirm_new_email import confirm_new_email, preview_confirm_new_email
from billhead.actions.accounts.set_password import ByLink, set_password
from billhead.actions.accounts.sign_in import sign_in
from billhead.actions.accounts.sign_out import sign_out
from billhead.actions.accounts.sign_up import Newcomer, sign_up
from billhead.actions.impersonation.stop_looking import stop_looking
from billhead.actions.sign_in.sign_in_by_passkey import preview_sign_in_by_passkey
from billhead.db import reading, writing
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.sign_in import SignInProvider
from billhead.plugin import allow
from billhead.web.accounts.entering import accounts, enter, go_on, shop_id
from billhead.web.accounts.forms import LinkForm, NewPasswordForm, SignInForm, SignUpForm
from billhead.web.accounts.landing import landing, local_path
from billhead.web.cookies import drop_cookie, set_cookie
from billhead.web.errors import reason
from billhead.web.pages import page
from billhead.web.request_context import (
    browser,
    client_address,
    client_country,
    current_ctx,
    current_seller,
    forget_login,
    signed_in,
)
from billhead.web.shop_address import asked, cookie_named, cookie_path
from billhead.web.speaking import LANGUAGE_COOKIE, say, speech
from billhead.web.theming import APPEARANCES
from billhead.wording import PAGE_LANGUAGES

__all__ = ["FRIEND_COOKIE"]

FRIEND_COOKIE = "billhead_friend"
"""Whose link one came by, kept for 30 days at this shop: see storefront/friends.py."""

_YEAR = 365 * 24 * 3600


@accounts.route("/sign-in", methods=["GET", "POST"])
@allow("anyone")
def sign_in_page() -> ResponseReturnValue:
    login = signed_in()
    if login is not None and request.method == "GET":
        return redirect(landing(login.role), 303)
    form = SignInForm()
    if form.validate_on_submit():
        with form.refusals():
            done = sign_in(current_ctx(), shop_id(), form.email.data, form.password.data, browser())
            return go_on(done)
    shown = page("accounts/sign_in.html", form=form, passkey=_passkey(), provider=_provider())
    return shown, 422 if form.is_submitted() else 200


def _provider() -> str:
    """What the seller's other way to sign in is called; "" where there is none."""
    seller = current_seller()
    with reading() as session:
        row = session.get(SignInProvider, seller.id) if seller is not None else None
    return row.label if row is not None and row.enabled else ""


def _passkey() -> str:
    """A passkey is bound to the installation's own name: at a shop's there can be none."""
    found = asked()
    return "" if found is not None and found.host else preview_sign_in_by_passkey()


@accounts.route("/sign-up", methods=["GET", "POST"])
@allow("anyone")
def sign_up_page() -> ResponseReturnValue:
    login = signed_in()
    if login is not None:
        return redirect(landing(login.role), 303)
    seller = current_seller()
    form = SignUpForm(country=seller.country if seller else "")
    if form.validate_on_submit():
        with form.refusals():
            newcomer = Newcomer(
                name=form.name.data,
                email=form.email.data,
                country=form.country.data,
                currency=session.get("currency") or (seller.currency if seller else ""),
                password=form.password.data,
                zone=form.zone.data or "",
                seen_in=client_country(),
                language=speech().language,
                friend_code=request.cookies.get(cookie_named(FRIEND_COOKIE), ""),
            )
            response = make_response(enter(sign_up(current_ctx(), shop_id(), newcomer, browser())))
            drop_cookie(response, cookie_named(FRIEND_COOKIE), cookie_path())
            return response
    return page("accounts/sign_up.html", form=form), 422 if form.is_submitted() else 200


@accounts.post("/sign-out")
@allow("anyone")
def sign_out_page() -> ResponseReturnValue:
    login = signed_in()
    if login is not None:
        with writing(current_ctx()) as tx:
            sign_out(tx, login.session_id)
    session.clear()
    flash(say("You are signed out."), "good")
    return forget_login(make_response(redirect(url_for("storefront.plans"), 303)))


@accounts.post("/end-visit")
@allow("anyone")
def end_visit() -> ResponseReturnValue:
    """Staff leave the area that they looked into, back to where they came from."""
    login = signed_in()
    if login is None or login.visit is None:
        return redirect(landing(login.role if login is not None else ""), 303)
    with writing(current_ctx()) as tx:
        stop_looking(tx, login.visit.id)
    for name in ("cart", "cart_before", "ordered"):
        session.pop(name, None)
    if login.customer_id is not None:
        return redirect(url_for("admin.customer", key=login.customer_id), 303)
    return redirect(url_for("admin.reseller", key=login.reseller_id), 303)


@accounts.route("/forgotten-password", methods=["GET", "POST"])
@allow("anyone")
def forgotten_password() -> ResponseReturnValue:
    form = LinkForm()
    if form.validate_on_submit():
        with form.refusals():
            with writing(current_ctx()) as tx:
                ask_password_link(tx, shop_id(), form.email.data, client_address())
            return page("accounts/link_sent.html", email=form.email.data)
    return page("accounts/forgotten_password.html", form=form), 422 if form.is_submitted() else 200


@accounts.route("/set-password/<token>", methods=["GET", "POST"])
@allow("anyone")
def set_password_page(token: str) -> ResponseReturnValue:
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            set_password(current_ctx(), ByLink(token), form.password.data)
        except Conflict:
            return page("accounts/link_ended.html"), 409
        except InvalidInput as refused:
            form.show(refused)
        else:
            flash(say("Your password is set. Sign in with it."), "good")
            return redirect(url_for("accounts.sign_in_page"), 303)
    return page("accounts/set_password.html", form=form), 422 if form.is_submitted() else 200


@accounts.route("/new-address/<token>", methods=["GET", "POST"])
@allow("anyone")
def new_address(token: str) -> ResponseReturnValue:
    """Asked by a button: mail programs follow links by themselves."""
    try:
        if request.method == "POST":
            with writing(current_ctx()) as tx:
                confirm_new_email(tx, token)
            flash(say("Your new address holds. Sign in by it from now on."), "good")
            login = signed_in()
            return redirect(landing(login.role) if login is not None else url_for("accounts.sign_in_page"), 303)
        with reading() as db_session:
            email = preview_confirm_new_email(db_session, token)
    except Conflict:
        return page("accounts/confirm_email.html", email="", problem=""), 409
    except InvalidInput as refused:
        return page("accounts/confirm_email.html", email="", problem=reason(refused)), 422
    return page("accounts/confirm_email.html", email=email)


@accounts.post("/language")
@allow("anyone")
def language() -> ResponseReturnValue:
    """The language of the pages in this browser; the customer's own one, for mail and documents, is in the profile."""
    response = make_response(redirect(local_path(request.form.get("back", "")) or url_for("storefront.plans"), 303))
    chosen = request.form.get("language", "")
    if chosen in PAGE_LANGUAGES:
        set_cookie(response, LANGUAGE_COOKIE, chosen, _YEAR)
    return response


@accounts.post("/appearance")
@allow("anyone")
def appearance() -> ResponseReturnValue:
    """Light, dark, or as the system has it: kept in a cookie, because the first paint must know it."""
    response = make_response(redirect(local_path(request.form.get("back", "")) or url_for("storefront.plans"), 303))
    chosen = request.form.get("appearance", "")
    if chosen in APPEARANCES:
        set_cookie(response, "appearance", chosen, _YEAR)
    else:
        drop_cookie(response, "appearance")
    return response
