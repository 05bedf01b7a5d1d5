"""A subscription that credits pay, canceled by somebody else than who pays: refused to customers, told to the reseller.

A month of `basic` takes 10.00 credits; bought on 22 November, it ends on 22 December.
"""

import pytest
from reseller_shop import STAFF, open_reseller_shop
from sqlalchemy import select

from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.actions.resellers.keep_user import keep_user
from billhead.actions.resellers.set_user_renewal import set_user_renewal
from billhead.actions.subscriptions.cancel import cancel, preview_cancel
from billhead.actions.subscriptions.keep import keep
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, NotAllowed, NotFound, NoticeRejected
from billhead.jobs.kinds import KINDS
from billhead.models.operations import Notice


@pytest.fixture
def shop(operator):
    shop = open_reseller_shop(operator)
    shop.grant("baltic", "50.00")
    return shop


def added(shop):
    one = shop.add("baltic", name="Anna")
    shop.operator.work()
    return one


def told(shop):
    return shop.rows(select(Notice).where(Notice.kind == "user_canceled").order_by(Notice.id))


def kept(shop, key, who="baltic"):
    with writing(shop.acting(who)) as tx:
        keep_user(tx, key)


def test_a_customer_does_not_cancel_what_a_reseller_pays(shop):
    anna = added(shop)
    herself = Context("customer:9", Role.CUSTOMER, Scope(customer_id=anna.customer_id))
    with pytest.raises(NotAllowed, match="your reseller looks after this subscription"):
        preview_cancel(herself, anna.subscription_id, "end_of_term")
    with writing(herself) as tx, pytest.raises(NotAllowed, match="your reseller looks after this subscription"):
        cancel(tx, anna.subscription_id, "end_of_term")
    assert shop.subscription(anna.subscription_id).service_ends_on is None
    assert told(shop) == []


def test_what_staff_cancel_its_payer_is_told_of_and_keeps(shop):
    anna = added(shop)
    key = anna.subscription_id
    with writing(STAFF) as tx:
        cancel(tx, key, "end_of_term")
    (notice,) = told(shop)
    assert notice.recipient == "baltic@example.com"
    with reading() as session:
        said = render("user_canceled", gather(session, notice))
    assert said.subject == "Anna: Basic was canceled"
    assert "it ends on 21 December 2026. Until then you can keep it." in said.text
    assert f"/reseller/users/{key}" in said.text
    with pytest.raises(Conflict, match="canceled to 2026-12-22"):
        shop.renew(key, shop.acting("baltic"))
    with pytest.raises(NotFound):
        kept(shop, key, "gulf")
    herself = Context("customer:9", Role.CUSTOMER, Scope(customer_id=anna.customer_id))
    with writing(herself) as tx, pytest.raises(NotAllowed, match="only staff can take that back"):
        keep(tx, key)
    kept(shop, key)
    assert shop.subscription(key).service_ends_on is None
    with reading() as session, pytest.raises(NoticeRejected, match="taken back"):
        gather(session, notice)
    with pytest.raises(Conflict, match="nothing is planned"):
        kept(shop, key)
    shop.renew(key, shop.acting("baltic"))
    shop.operator.work()
    assert str(shop.subscription(key).paid_through) == "2027-01-22"
    assert shop.wallet("baltic") == ("30.00", "0.00", "20.00")
    assert shop.faults() == []


def test_kept_it_is_renewed_by_itself_again(shop):
    key = added(shop).subscription_id
    with writing(shop.acting("baltic")) as tx:
        set_user_renewal(tx, key, True)
    with writing(STAFF) as tx:
        cancel(tx, key, "end_of_term")
    shop.operator.wait(days=28)
    KINDS["resellers.renew_due"].run(Context.system("jobs"), {})
    assert str(shop.subscription(key).paid_through) == "2026-12-22"
    kept(shop, key)
    KINDS["resellers.renew_due"].run(Context.system("jobs"), {})
    shop.operator.work()
    assert str(shop.subscription(key).paid_through) == "2027-01-22"


def test_what_was_ended_at_once_is_told_and_not_kept(shop):
    key = added(shop).subscription_id
    with writing(STAFF) as tx:
        cancel(tx, key, "immediate")
    (notice,) = told(shop)
    with reading() as session:
        said = render("user_canceled", gather(session, notice))
    assert "was ended by the operator." in said.text
    with pytest.raises(Conflict, match="has ended"):
        kept(shop, key)


def test_nobody_is_told_of_what_they_ended_themselves(shop):
    key = added(shop).subscription_id
    shop.terminate(key, shop.acting("baltic"))
    assert told(shop) == []
