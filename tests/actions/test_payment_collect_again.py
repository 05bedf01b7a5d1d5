"""A collection whose worker died after the answer was recorded starts again, and charges nothing before its day."""

import pytest
from card_shop import SYSTEM, open_card_shop

from billhead.jobs.kinds import KINDS
from billhead.jobs.queue import give_back_all, take

RENEWAL = "2026-12-22"


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        yield shop


def killed_before_it_was_finished(shop):
    """Do the due collection, and lose the worker right after its answer was recorded."""
    (job,) = shop.jobs("payments.collect")
    leased = take(job.id)
    KINDS[leased.kind].run(SYSTEM, leased.args)
    assert give_back_all() == 1


def test_a_declined_card_is_not_tried_again_before_its_day(shop):
    shop.renewal(RENEWAL, token="tok_flaky_1")
    with shop.at(RENEWAL, hour=2):
        killed_before_it_was_finished(shop)
        shop.collect_due()
        assert shop.attempts() == ["succeeded", "failed"]

    with shop.at("2026-12-24"):
        shop.collect_due()
        assert shop.attempts() == ["succeeded", "failed", "succeeded"]


def test_a_card_that_wants_its_owner_is_not_tried_again_at_all(shop):
    shop.renewal(RENEWAL, token="tok_3ds")
    with shop.at(RENEWAL, hour=2):
        killed_before_it_was_finished(shop)
        shop.collect_due()
        assert shop.attempts() == ["succeeded", "failed"]
