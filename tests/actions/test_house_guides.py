"""The house's set-up guides say the same in every language."""

import pytest

from billhead.actions.access._guides import places_in, shipped
from billhead.wording import LANGUAGES


def by_language(language):
    return {one.code: one for one in shipped() if one.language == language}


@pytest.mark.parametrize("language", ["ar", "de", "es", "fr", "tr"])
def test_each_guide_is_there_and_names_the_same_values(language):
    english, told = by_language("en"), by_language(language)
    assert language in LANGUAGES
    assert list(told) == list(english)
    for code, guide in told.items():
        assert guide.kinds == english[code].kinds
        assert [places_in(step) for step in guide.steps] == [places_in(step) for step in english[code].steps], code
        assert len(guide.title) <= 80, code
