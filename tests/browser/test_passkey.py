"""A passkey kept by a device that Chromium plays: added, then used alone in place of the password."""

import socket

import pytest
from walking import Walker, open_port
from web_shop import open_shop

from apps import close_app

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture
def address(sqlite_url, tmp_path):
    """A shop that is reached by a name, so that there can be passkeys."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shop = open_shop(sqlite_url, tmp_path / "home", public_url=f"http://localhost:{port}")
    shop.customer("ada@example.com")
    with open_port(shop.app, port):
        yield f"http://localhost:{port}"
    close_app(shop.app)


def test_a_passkey_is_added_and_signs_in_alone(walker):
    ada: Walker = walker()
    page = ada.page
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
               "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    ada.sign_in("ada@example.com")
    ada.go("/security/passkeys/new")
    page.get_by_label("Name").fill("Ada's phone")
    page.get_by_role("button", name="Add the passkey").click()
    page.wait_for_url("**/security/")
    assert "Ada's phone" in page.inner_text("main")
    page.context.clear_cookies()
    ada.go("/sign-in")
    page.locator("form[data-passkey] button").click()
    page.wait_for_url("**/account/")
    ada.look()
