"""The pages of signing up and in. What they do is in actions/accounts."""

from flask import Blueprint, flash, make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.accounts.send_password_link import send_password_link
from billhead.actions.accounts.set_password import ByLink, set_password
from billhead.actions.accounts.sign_in import SignedIn, sign_in
from billhead.actions.accounts.sign_out import sign_out
from billhead.actions.accounts.sign_up import Newcomer, sign_up
from billhead.db import writing
from billhead.domain.errors import Conflict, InvalidInput
from billhead.plugin import allow
from billhead.web.accounts.forms import LinkForm, NewPasswordForm, SignInForm, SignUpForm
from billhead.web.accounts.landing import landing, local_path
from billhead.web.pages import page
from billhead.web.request_context import (
    client_address,
    client_country,
    current_ctx,
    current_seller,
    forget_login,
    keep_login,
    signed_in,
)
from billhead.web.theming import APPEARANCES

__all__ = ["accounts"]

accounts = Blueprint("accounts", __name__)
_YEAR = 365 * 24 * 3600


def _seller_id() -> int:
    seller = current_seller()
    if seller is None:
        raise Conflict("This shop is being set up: nobody can sign in yet.", hint="come back a little later")
    return seller.id


def _agent() -> str:
    return request.headers.get("User-Agent", "")


def _enter(signed: SignedIn) -> ResponseReturnValue:
    kept = {name: session[name] for name in ("cart", "currency") if name in session}
    session.clear()  # a new CSRF token for the signed-in browser; what was chosen stays
    session.update(kept)
    return keep_login(make_response(redirect(landing(signed.role), 303)), signed)


@accounts.route("/sign-in", methods=["GET", "POST"])
@allow("anyone")
def sign_in_page() -> ResponseReturnValue:
    login = signed_in()
    if login is not None and request.method == "GET":
        return redirect(landing(login.role), 303)
    form = SignInForm()
    if form.validate_on_submit():
        with form.refusals():
            return _enter(
                sign_in(
                    current_ctx(), _seller_id(), form.email.data, form.password.data,
                    ip=client_address(), user_agent=_agent(),
                )
            )  # fmt: skip
    return page("accounts/sign_in.html", form=form), 422 if form.is_submitted() else 200


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
            )
            return _enter(sign_up(current_ctx(), _seller_id(), newcomer, ip=client_address(), user_agent=_agent()))
    return page("accounts/sign_up.html", form=form), 422 if form.is_submitted() else 200


@accounts.post("/sign-out")
@allow("anyone")
def sign_out_page() -> ResponseReturnValue:
    login = signed_in()
    if login is not None:
        with writing(current_ctx()) as tx:
            sign_out(tx, login.session_id)
    session.clear()
    flash("You are signed out.", "good")
    return forget_login(make_response(redirect(url_for("storefront.plans"), 303)))


@accounts.route("/forgotten-password", methods=["GET", "POST"])
@allow("anyone")
def forgotten_password() -> ResponseReturnValue:
    form = LinkForm()
    if form.validate_on_submit():
        with form.refusals():
            with writing(current_ctx()) as tx:
                send_password_link(tx, _seller_id(), form.email.data)
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
            flash("Your password is set. Sign in with it.", "good")
            return redirect(url_for("accounts.sign_in_page"), 303)
    return page("accounts/set_password.html", form=form), 422 if form.is_submitted() else 200


@accounts.post("/appearance")
@allow("anyone")
def appearance() -> ResponseReturnValue:
    """Light, dark, or as the system has it: kept in a cookie, because the first paint must know it."""
    response = make_response(redirect(local_path(request.form.get("back", "")) or url_for("storefront.plans"), 303))
    chosen = request.form.get("appearance", "")
    if chosen in APPEARANCES:
        response.set_cookie("appearance", chosen, max_age=_YEAR, samesite="Lax", httponly=True)
    else:
        response.delete_cookie("appearance")
    return response
