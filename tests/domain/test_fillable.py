"""Texts with named facts: what they can say, and that they can do nothing else."""

import re

import pytest

from billhead.domain.errors import InvalidInput
from billhead.domain.fillable import read_fillable

FACTS = {"name": "Ada", "owed": "", "document.total": "€9.99"}


def filled(source):
    return read_fillable("body", source).filled(lambda name: bool(FACTS[name]), FACTS.__getitem__)


def test_facts_are_filled_in():
    assert filled("Hello {{name}}, {{ document.total }}!") == "Hello Ada, €9.99!"


def test_a_section_is_there_only_where_its_fact_is():
    assert filled("{{#name}}Dear {{name}}{{/name}}{{^name}}Hello{{/name}}") == "Dear Ada"
    assert filled("{{#owed}}Pay {{owed}}{{/owed}}{{^owed}}Nothing to pay{{/owed}}") == "Nothing to pay"
    assert filled("{{#name}}{{^owed}}{{name}} owes nothing{{/owed}}{{/name}}") == "Ada owes nothing"


def test_a_section_on_lines_of_its_own_leaves_none_behind():
    assert filled("One\n{{#name}}\nTwo\n{{/name}}\nThree") == "One\nTwo\nThree"
    assert filled("One\r\n{{#owed}}\r\nTwo\r\n{{/owed}}\r\n") == "One\n"


def test_what_a_text_names_is_known_before_it_is_filled():
    source = "{{name}} {{#owed}}{{document.total}}{{/owed}}{{^seller}}{{/seller}}"
    assert read_fillable("body", source).names() == {"name", "owed", "document.total", "seller"}


@pytest.mark.parametrize(
    "source",
    [
        "{{ 7 * 7 }}", "{{name.__class__}}", "{{name|upper}}", "{{name()}}", "{{name[0]}}", "{% for a in b %}",
        "{{Name}}", "{{name", "name}}", "{{}}", "{{name.}}", "{{#name", "{{ config.items }} {{x y}}",
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(source):
    with pytest.raises(InvalidInput) as refused:
        read_fillable("body", source)
    assert refused.value.field == "body"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{#name}}Dear", "never ends {{#name}}"),
        ("Dear{{/name}}", "ends {{/name}} where no such section is open"),
        ("{{#name}}{{#owed}}{{/name}}{{/owed}}", "ends {{/name}} where no such section is open"),
        ("{{#name}}" * 9 + "{{/name}}" * 9, "more than 8 sections"),
    ],
)
def test_sections_that_do_not_fit_are_refused(source, told):
    with pytest.raises(InvalidInput, match=re.escape(told)):
        read_fillable("subject", source)


def test_what_a_fact_says_is_never_read_again():
    assert read_fillable("body", "{{name}}").filled(lambda _name: True, lambda _name: "{{owed}}") == "{{owed}}"
