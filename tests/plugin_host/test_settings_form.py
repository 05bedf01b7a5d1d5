"""The form of a settings dataclass: its fields, its checks, and secrets that are never shown."""

from dataclasses import dataclass

import pytest

from billhead.domain.errors import InvalidInput
from billhead.models.panels import Panel
from billhead.plugin import option, secret, secure_address
from billhead.plugin_host import open_settings, store_settings
from billhead.plugin_host.settings_form import settings_form


@dataclass(frozen=True)
class Portal:
    url: str = option("Portal address", hint="https://portal.example")
    password: str = secret("API password")
    pin: str = secret("PIN", default="", hint="on the back")
    dialect: str = option("Dialect", default="xui", choices=("xui", "one"))
    timeout_seconds: int = option("Timeout", default=30, minimum=1, maximum=300)
    strict: bool = option("Strict", default=True)


ENTERED = {"url": " https://p.example ", "password": "pw", "dialect": "one", "timeout_seconds": "5", "strict": "y"}


@pytest.fixture
def row():
    return Panel(code="east", module="portal", settings={}, secrets="")


@pytest.fixture
def submit(host_app, sqlite_url):
    app = host_app(sqlite_url, [])

    def submit(row, entered):
        with app.test_request_context(method="POST", data=entered):
            form = settings_form(Portal, row)()
            if form.validate_on_submit():
                store_settings(Portal, row, form.values())
            return form

    submit.app = app
    return submit


def stored(submit, row) -> Portal:
    with submit.app.app_context():
        return open_settings(Portal, row)


def test_what_is_entered_is_stored(submit, row):
    assert submit(row, ENTERED).errors == {}
    assert stored(submit, row) == Portal("https://p.example", "pw", "", "one", 5, True)


def test_a_new_form_shows_labels_hints_choices_and_defaults(submit, row):
    with submit.app.test_request_context():
        form = settings_form(Portal, row)()
        assert form.url.label.text == "Portal address"
        assert form.url.description == "https://portal.example"
        assert 'value="30"' in form.timeout_seconds()
        assert '<option selected value="xui">' in form.dialect()
        assert form.strict.data is True
        assert form.pin.description == "on the back. It is not set."
        loud = settings_form(Portal, row, str.upper)()
        assert loud.url.label.text == "PORTAL ADDRESS"
        assert loud.pin.description == "ON THE BACK. IT IS NOT SET."


def test_wrong_entries_are_told_at_their_field(submit, row):
    form = submit(row, {**ENTERED, "url": "", "timeout_seconds": "301", "dialect": "zzz", "password": ""})
    assert set(form.errors) == {"url", "timeout_seconds", "dialect", "password"}
    assert row.settings == {}


def test_a_secret_is_kept_as_its_source_has_it(submit, row):
    """Copied with blanks around it, or with a character that nobody sees or that no key has."""
    submit(row, {**ENTERED, "password": " grüße-1 ", "pin": "4711\n"})
    assert (stored(submit, row).password, stored(submit, row).pin) == ("grüße-1", "4711")
    for name, bad in (("pin", "47\u200b11"), ("pin", "47\u04301"), ("password", "p\u200bw"), ("password", "p\x01w")):
        with pytest.raises(InvalidInput) as refused:
            submit(row, {**ENTERED, name: bad})
        assert refused.value.field == name
    assert stored(submit, row).pin == "4711"


def test_a_secret_is_never_shown_and_empty_keeps_it(submit, row):
    submit(row, {**ENTERED, "pin": "4711"})
    form = submit(row, {**ENTERED, "password": "", "pin": ""})
    assert form.errors == {}
    assert (stored(submit, row).password, stored(submit, row).pin) == ("pw", "4711")
    with submit.app.test_request_context():
        page = "".join(str(field()) for field in settings_form(Portal, row)())
    assert "4711" not in page
    assert "pw" not in page.replace("password", "")


def test_an_optional_secret_can_be_removed_and_a_required_one_not(submit, row):
    submit(row, {**ENTERED, "pin": "4711"})
    submit(row, {**ENTERED, "password": "", "clear_pin": "y"})
    assert stored(submit, row).pin == ""
    with submit.app.test_request_context():
        assert "clear_password" not in settings_form(Portal, row)()


def test_a_box_that_is_not_ticked_is_no(submit, row):
    submit(row, {name: value for name, value in ENTERED.items() if name != "strict"})
    assert stored(submit, row).strict is False


def test_settings_that_no_longer_fit_are_named(submit, row):
    row.settings = {"url": "x", "colour": "red"}
    with pytest.raises(InvalidInput, match="colour: is not a setting here"):
        stored(submit, row)


@pytest.mark.parametrize(
    "url", ["https://gw.example/send", "http://127.0.0.1:8080/api", "http://localhost", "http://[::1]:9/"]
)
def test_what_is_secret_goes_over_https_or_stays_on_this_machine(url):
    secure_address("url", url)


@pytest.mark.parametrize(
    "url",
    [
        "http://gw.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://localhost@evil.example",
        "ftp://gw.example",
        "https://",
        "https://[x",
        "gw.example",
        "",
    ],
)
def test_a_secret_is_sent_in_clear_to_nobody(url):
    with pytest.raises(InvalidInput, match="must begin with https://"):
        secure_address("url", url)
