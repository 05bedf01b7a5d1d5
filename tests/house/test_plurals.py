"""A number before what it counts is said in the form for that number: "1 job", "2 jobs", and six forms in Arabic."""

import re

import pytest

from billhead.locale import write_catalogues
from billhead.wording import NOTICE_LANGUAGES, PAGE_LANGUAGES
from source_tree import ROOT

PACKAGES = sorted(found.parent for found in (ROOT / "plugins").rglob("billhead_*/__init__.py"))
VALUE = re.compile(r"%\((\w+)\)[sd]|\{\{([\w.]+)\}\}")
COUNTED = (
    "accounts|addresses|bouquets|boxes|bytes|cards|channels|characters|codes|columns|countries|"
    "currencies|customers|cycles|days|decimals|devices|differences|digits|documents|entries|errors|"
    "events|faults|fields|files|friends|hours|ids|invoices|items|jobs|keys|letters|lines|logins|"
    "messages|minutes|months|notices|orders|pages|panels|passkeys|payments|people|periods|permissions|"
    "places|plans|plugins|prices|purchases|rates|resellers|rows|seconds|secrets|sections|sellers|"
    "series|services|sessions|shops|steps|streams|subscriptions|terms|things|tickets|times|trials|"
    "tries|users|views|weeks|words|years"
)
BETWEEN = "new|more|other|further|fiscal|pasted|running|paid|rejected|stored|open|free|of the|of their|of its|of about"
"""What may stand between: "3 new prices"."""
WITH_ONE = {"is", "was", "has", "does"}
"""After a number that is no noun: "%(count)s has waited"."""
LIMITS = {"most", "least", "credits"}
"""A `most` or `least` before a noun stands in the code and is never one; what somebody sets is a `count`. Credits are
always written with two decimals: 1.00 credits."""
LEFT = {
    "a Stalker portal knows boxes and logins, no %(kind)s devices": "a kind, no number",
    "has up to %(lines)s lines and %(letters)s letters": "two limits of the code",
    "Users whose time ends within {{ending.days}} days: {{ending.count}}": "always seven",
    "the time of these users ends within {{ending.days}} days, and automatic renewal does not renew them:": "the same",
}
_NOUN = re.compile(rf"(?:{VALUE.pattern})(?:</\w+>)? (?:(?:{BETWEEN}) )*(?:{COUNTED})\b")
_AFTER_COUNT = re.compile(r"%\((count)\)[sd](?:</\w+>)? ([a-z]+s)\b")


@pytest.fixture(scope="module")
def said_in_the_house():
    of_plugins = (text for package in PACKAGES for text in write_catalogues.said_by(package))
    return {*of_plugins, *write_catalogues.said(), *write_catalogues.said_in_notices()}


def without_plural(texts):
    """Of texts that are one message for every number: those that put a number before what it counts."""
    return sorted({text for text in texts if isinstance(text, str) and text not in LEFT and _counts(text)})


def _counts(text):
    nouns = (found for found in _NOUN.finditer(text) if (found[1] or found[2]) not in LIMITS)
    after = (found for found in _AFTER_COUNT.finditer(text) if found[2] not in WITH_ONE)
    return any(nouns) or any(after)


def test_a_number_before_a_noun_has_a_plural(said_in_the_house):
    assert without_plural(said_in_the_house) == []


def test_what_is_left_is_still_said(said_in_the_house):
    assert set(LEFT) - said_in_the_house == set()


def test_a_message_without_plural_is_found():
    texts = {
        "%(count)s jobs are called off.", "In %(days)s days", "%(prices)s new prices", "%(count)s whistles are blown",
        "<strong>%(count)s</strong> subscriptions", "within {{held.days}} days",
    }  # fmt: skip
    fine = {
        "Jobs: %(count)s", "%(name)s has %(amount)s", "%(count)s is due", "at most %(most)s plans",
        ("%(count)s job", "%(count)s jobs"), "%(plan)s for %(term)s costs that already",
    }  # fmt: skip
    assert without_plural(texts | fine) == sorted(texts)


def catalogues(language):
    if language in PAGE_LANGUAGES:
        yield write_catalogues.catalogue(language)
        yield from (write_catalogues.catalogue(language, folder=package / "locale") for package in PACKAGES)
    yield write_catalogues.catalogue(language, "notices")
    yield write_catalogues.catalogue(language, "documents")


def wrong_forms(catalogue):
    """Forms that name a value which the English does not, or leave one out where the number is large."""
    for one in catalogue:
        if isinstance(one.id, tuple):
            single, many = (set(VALUE.findall(text)) for text in one.id)
            for at, form in enumerate(one.string):
                named = set(VALUE.findall(form))
                if not named <= single | many or (at == len(one.string) - 1 and named != many):
                    yield f"other values: {one.id[1]!r} → {form!r}"


def alike(catalogue):
    """Arabic nouns differ after two, after three to ten, and after more: a catalogue that says them alike is wrong. The
    number in brackets is none that anything stands after."""
    for one in catalogue:
        if isinstance(one.id, tuple) and re.search(rf"\)[sd](?:</\w+>)? (?:{COUNTED})\b", one.id[1]):
            _zero, _one, two, few, many, _other = one.string
            if "(%" not in few and (two == few or few == many):
                yield f"alike: {one.id[1]!r} → {few!r}"


@pytest.mark.parametrize("language", [code for code in NOTICE_LANGUAGES if code != "en"])
def test_every_form_has_the_values_of_the_english(language):
    assert [fault for catalogue in catalogues(language) for fault in wrong_forms(catalogue)] == []


def test_arabic_has_a_form_for_two_for_few_and_for_many():
    assert [fault for catalogue in catalogues("ar") for fault in alike(catalogue)] == []
