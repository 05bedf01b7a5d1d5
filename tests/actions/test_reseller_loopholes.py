"""Ways to more than was paid for: each is refused, and the honest way beside it goes on."""

import pytest
from reseller_shop import STAFF, open_reseller_shop, xcr

from billhead import clock
from billhead.actions.catalogue.prices_for import Audience, prices_for
from billhead.actions.resellers._rights import Rights
from billhead.actions.resellers.add_user import NewUser, add_user
from billhead.actions.resellers.change_user import UserChange, change_user
from billhead.actions.resellers.do_many import preview_do_many
from billhead.actions.resellers.remove_reseller import remove_reseller
from billhead.actions.resellers.resume_reseller import resume_reseller
from billhead.actions.resellers.save_credit_package import PackageEntry, save_credit_package
from billhead.actions.resellers.save_reseller_plan import ResellerPlanEntry, save_reseller_plan
from billhead.actions.resellers.set_own_price import set_own_price
from billhead.actions.resellers.suspend_reseller import suspend_reseller
from billhead.db import Tx, reading, writing
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from billhead.domain.money import Money
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.people import Reseller


@pytest.fixture
def shop(operator):
    return open_reseller_shop(operator)


def act(ctx, verb, *args, **more):
    with writing(ctx) as tx:
        return verb(tx, *args, **more)


def test_what_a_reseller_asks_of_its_users_is_not_what_the_operator_asks(shop):
    """0.00 in a reseller's list made the operator's own till ask 0.00 of that reseller's customers."""
    baltic = shop.known["baltic"]
    act(shop.acting("baltic"), set_own_price, baltic, "basic", "1 month", Money(0, "EUR"))
    with reading() as session:
        plan = session.query(Plan).filter_by(code="basic").one()
        audience = Audience(shop.operator.seller_id, "EUR", "FI", clock.business_now().date(), "", baltic)
        asked = prices_for(session, audience, {plan.id}).get((plan.id, "1 month"))
        assert asked is not None
        assert asked.price.amount_minor == 1_000


def test_a_super_reseller_does_not_lift_what_the_operator_has_suspended(shop):
    aurora, baltic = shop.acting("aurora"), shop.known["baltic"]
    act(STAFF, suspend_reseller, baltic, "stopped")
    with pytest.raises(NotAllowed, match="The operator has suspended Baltic"):
        act(aurora, resume_reseller, baltic)
    with pytest.raises(NotAllowed):
        act(aurora, suspend_reseller, baltic, "run_out")
    act(STAFF, resume_reseller, baltic)
    # what it has suspended itself it lifts itself
    act(aurora, suspend_reseller, baltic)
    act(aurora, resume_reseller, baltic)
    with reading() as session:
        assert not session.get_one(Reseller, baltic).suspended


def test_the_price_of_a_long_term_is_for_a_long_term(shop):
    """A month changed to three "to the same end" gave credits back for a month at the price of a third of them."""
    with writing(STAFF) as tx:
        book, plan = tx.session.query(PriceBook).one(), tx.session.query(Plan).filter_by(code="basic").one()
        tx.session.add(Price(book_id=book.id, plan_id=plan.id, term="3 months", amount_minor=1, credit_minor=2_500))
    shop.grant("aurora", "100.00")
    one = shop.add("aurora").subscription_id
    shop.operator.work()
    for way in ("keep_end", "convert"):
        with pytest.raises(InvalidInput, match="another length begins anew"):
            act(shop.acting("aurora"), change_user, one, UserChange(term="3 months", way=way))
    assert shop.wallet("aurora") == ("90.00", "0.00", "10.00")
    assert shop.faults() == []


def test_a_package_for_nothing_and_a_place_that_gives_more_than_it_takes_are_refused(shop):
    package = PackageEntry("gift", "Gift", xcr("100.00"), (Money(0, "EUR"),))
    with pytest.raises(InvalidInput, match="must be above zero"):
        act(STAFF, save_credit_package, shop.operator.seller_id, package)
    place = ResellerPlanEntry(
        "start", "Start", "reseller", (Money(2_000, "EUR"),), xcr("25.00"), Rights(), xcr("20.00")
    )
    with pytest.raises(InvalidInput, match="credits would come from nothing"):
        act(STAFF, save_reseller_plan, shop.operator.seller_id, place)


def test_credits_that_a_child_bought_itself_do_not_go_up_with_its_place(shop):
    shop.grant("baltic", "30.00")
    with pytest.raises(Conflict, match="did not come from you"):
        act(shop.acting("aurora"), remove_reseller, shop.known["baltic"])
    act(STAFF, remove_reseller, shop.known["baltic"])
    assert shop.faults() == []


def test_no_trials_above_are_no_trials_below(shop):
    shop.grant("baltic", "10.00")
    shop.operator.change(Reseller, shop.known["aurora"], rights={"sells": ["basic", "week"], "trials_per_day": 0})
    with pytest.raises(Conflict, match="may give 0 trials a day"):
        act(shop.acting("aurora"), add_user, shop.known["baltic"], NewUser("basic", "1 month", name="Eve", trial=True))


def test_a_preview_counts_nobody_whose_last_purchase_is_still_open(shop):
    shop.grant("aurora", "100.00")
    one, two = (shop.add("aurora").subscription_id for _ in range(2))
    with reading() as session:
        seen = preview_do_many(Tx(shop.acting("aurora"), session), shop.known["aurora"], "renew", [one, two])
        assert (seen.count, seen.credits_minor, [key for key, _ in seen.refused]) == (0, 0, [one, two])
    shop.operator.work()
    with reading() as session:
        seen = preview_do_many(Tx(shop.acting("aurora"), session), shop.known["aurora"], "renew", [one, two])
        assert (seen.count, seen.credits_minor, seen.payers[0].left_minor) == (2, 2_000, 6_000)
        with pytest.raises(NotFound):
            preview_do_many(Tx(shop.acting("baltic"), session), shop.known["aurora"], "renew", [one])
