"""Who may open what: every route of the application, walked with every role."""

import re

import pytest
from flask import Flask
from web_shop import Browser, Shop

from billhead.domain.context import Role
from billhead.plugin import allow
from billhead.web.access import check_every_view, stated

ROLES = ("visitor", "customer", "reseller", "super_reseller", "staff", "staff without permissions")
ARGUMENT = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")


@pytest.fixture
def browsers(shop: Shop) -> dict[str, Browser]:
    return {
        "visitor": shop.visitor(),
        "customer": shop.customer(),
        "reseller": shop.person("reseller", "r@example.com"),
        "super_reseller": shop.person("super_reseller", "s@example.com"),
        "staff": shop.person("staff", "boss@example.com", "*"),
        "staff without permissions": shop.person("staff", "trainee@example.com"),
    }


def may(role: str, roles: frozenset[str], permission: str) -> bool:
    if "anyone" in roles:
        return True
    name = role.split()[0]
    return name in roles and (not permission or role == "staff" or permission.startswith("own."))


def test_every_route_with_every_role(shop: Shop, browsers: dict[str, Browser]):
    app = shop.app
    app.config["WTF_CSRF_ENABLED"] = False
    faults = []
    for rule in app.url_map.iter_rules():
        roles, permission = stated(app.view_functions[rule.endpoint])
        if rule.endpoint in ("accounts.sign_out_page",):
            continue  # would end the sessions of this walk
        path = ARGUMENT.sub("999", rule.rule)
        for method in sorted(rule.methods & {"GET", "POST"}):
            for role in ROLES:
                answer = browsers[role].client.open(path, method=method)
                sent_away = (answer.location or "").startswith("/sign-in") and "anyone" not in roles
                refused = sent_away or answer.status_code == 403
                if refused == may(role, roles, permission) or answer.status_code >= 500:
                    faults.append(f"{method} {rule.rule} as {role}: {answer.status_code} {answer.location or ''}")
    assert faults == []


def test_every_view_states_who_may_call_it(shop: Shop):
    check_every_view(shop.app)
    known = {"anyone", *(role.value for role in Role)}
    for endpoint, view in shop.app.view_functions.items():
        roles, _permission = stated(view)
        assert roles, endpoint
        assert roles <= known, endpoint
        assert Role.SYSTEM not in roles, f"{endpoint}: no browser is the system"


def test_a_view_that_does_not_say_it_keeps_the_application_from_starting():
    app = Flask("small", static_folder=None)
    app.add_url_rule("/open", "open", lambda: "everything")
    with pytest.raises(RuntimeError, match="the view open does not say who may call it"):
        check_every_view(app)


def test_a_role_that_does_not_exist_is_found():
    app = Flask("small", static_folder=None)
    app.add_url_rule("/", "home", allow("costumer")(lambda: ""))
    with pytest.raises(RuntimeError, match="allows 'costumer'"):
        check_every_view(app)


def test_a_visitor_is_asked_to_sign_in_and_a_stranger_is_refused(shop: Shop):
    assert shop.visitor().get("/account/").location == "/sign-in?next=/account/"
    refused = shop.person("staff", "boss@example.com", "*").get("/account/")
    assert refused.status_code == 403
    assert "no access to this page" in refused.text
