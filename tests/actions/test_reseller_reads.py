"""What resellers read: statement, holds, subscribers, own prices, keys; always theirs and nobody else's."""

from dataclasses import replace
from datetime import date

import pytest
from reseller_shop import STAFF, open_reseller_shop, xcr
from sqlalchemy import event, insert, select

from billhead.actions.resellers._seen import expiring, figures_of, matches, seen_reseller, seen_user, users_of
from billhead.actions.resellers._statement import holds_of, statement_of
from billhead.actions.resellers.add_user import NewUser, preview_add_user
from billhead.actions.resellers.create_key import create_key
from billhead.actions.resellers.revoke_key import revoke_key
from billhead.actions.resellers.set_own_price import set_own_price
from billhead.actions.resellers.take_credits import take_credits
from billhead.actions.resellers.use_key import use_key
from billhead.actions.subscriptions._sale import AddOnOrder
from billhead.db import Tx, db, reading, writing
from billhead.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from billhead.domain.money import Money
from billhead.models.catalogue import Plan
from billhead.models.people import Customer, Reseller
from billhead.models.resellers import ResellerKey
from billhead.models.subscriptions import Service, Subscription
from billhead.reports._margins import margins
from two_panels import BOX, NOW


@pytest.fixture
def shop(operator):
    return open_reseller_shop(operator)


def act(ctx, verb, *args):
    with writing(ctx) as tx:
        return verb(tx, *args)


def statement(shop, code):
    with reading() as session:
        query = statement_of(session.get_one(Reseller, shop.known[code]))
        return session.execute(query).all()


def test_the_statement_tells_who_why_for_whom_and_what_there_was_before_and_after(shop):
    shop.operator.change(Reseller, shop.known["aurora"], credit_line_minor=1_000)
    shop.grant("aurora", "20.00", replace(STAFF, reason="paid in cash", request_id="r1"))
    shop.transfer("aurora", "baltic", "5.00")
    added = shop.add("aurora", name="Kadri")
    with reading() as session:
        (held,) = session.execute(holds_of(shop.known["aurora"])).all()
        assert (held.minor, held.user, held.subscription_id) == (1_000, "Kadri", added.subscription_id)
    shop.operator.work()
    shop.transfer("aurora", "baltic", "8.00")  # 3.00 of them on the credit line
    act(replace(STAFF, reason="a mistake"), take_credits, shop.known["baltic"], xcr("1.00"))

    rows = sorted(statement(shop, "aurora"), key=lambda row: row.id)
    assert [(row.kind, row.before_minor, row.change_minor, row.after_minor, row.actor) for row in rows] == [
        ("credits_granted", 0, 2_000, 2_000, "test"),
        ("credits_transferred", 2_000, -500, 1_500, "reseller:aurora"),
        ("credits_held", 1_500, -1_000, 500, "reseller:aurora"),
        ("credits_transferred", 500, -800, -300, "reseller:aurora"),
    ]
    assert (rows[0].reason, rows[0].request_id) == ("paid in cash", "r1")
    assert (rows[2].user, rows[2].subscription_id, rows[1].other) == ("Kadri", added.subscription_id, "Baltic")
    below = sorted(statement(shop, "baltic"), key=lambda row: row.id)
    assert [(row.change_minor, row.after_minor, row.other, row.reason) for row in below] == [
        (500, 500, "Aurora", ""), (800, 1_300, "Aurora", ""), (-100, 1_200, None, "a mistake"),
    ]  # fmt: skip
    with reading() as session:
        found = figures_of(session, list(shop.known.values()))
    aurora = found[shop.known["aurora"]]
    assert (aurora.balance_minor, aurora.owed_minor, aurora.users, aurora.running, aurora.below) == (-300, 300, 1, 1, 1)
    assert found[shop.known["baltic"]].balance_minor == 1_200


def test_subscribers_are_found_within_the_subtree_and_nowhere_else(shop):
    for code in ("aurora", "baltic", "gulf"):
        shop.grant(code, "50.00")
    kadri = shop.add("aurora", name="Kädri TAMM", email="kadri@example.com", phone="+372 (0)5123 4567")
    box = shop.add("baltic", "box", name="Mart", mac=BOX)
    foreign = shop.add("gulf", name="Kadri Too")
    shop.operator.work()
    login = shop.lines(kadri.subscription_id)[0].login

    def found(code, *conditions, **more):
        with reading() as session:
            return {row.id for row in session.execute(users_of(shop.known[code], **more).where(*conditions))}

    both = {kadri.subscription_id, box.subscription_id}
    assert (found("aurora"), found("baltic"), found("aurora", alone=True)) == (
        both, {box.subscription_id}, {kadri.subscription_id})  # fmt: skip
    for typed in ("kädri t", "KADRI@", "tamm", login, login[:6], "5123 45", str(kadri.subscription_id)):
        assert found("aurora", matches(typed)) == {kadri.subscription_id}
    for typed in (BOX, BOX.lower().replace(":", "-"), BOX[9:], BOX[9:].replace(":", "").lower()):
        assert found("aurora", matches(typed)) == {box.subscription_id}
    assert found("aurora", matches("100%")) == set()
    assert found("aurora", expiring(date(2026, 12, 14))) == set()
    assert found("aurora", expiring(date(2026, 12, 15))) == both
    with reading() as session:
        ctx = shop.acting("aurora")
        assert seen_reseller(session, ctx, shop.known["baltic"]).code == "baltic"
        assert seen_user(session, ctx, box.subscription_id).id == box.subscription_id
        for look, key in ((seen_reseller, shop.known["gulf"]), (seen_user, foreign.subscription_id), (seen_user, 999)):
            with pytest.raises(NotFound):
                look(session, ctx, key)


def test_a_page_of_ten_thousand_is_one_query(shop):
    with writing(STAFF) as tx:
        first = {"seller_id": shop.operator.seller_id, "reseller_id": shop.known["baltic"], "country": "FI",
                 "currency": "EUR", "zone": "UTC", "created_at": NOW}  # fmt: skip
        tx.session.execute(insert(Customer), [
            {**first, "id": 1_000 + n, "name": f"Viewer {n}", "email": f"v{n}@example.com",
             "sought_name": f"viewer {n}"} for n in range(10_000)
        ])  # fmt: skip
        plan = tx.session.scalars(select(Plan.id).where(Plan.code == "basic")).one()
        tx.session.execute(insert(Subscription), [
            {"id": 1_000 + n, "seller_id": first["seller_id"], "customer_id": 1_000 + n, "plan_id": plan,
             "settlement": "credits", "payer_reseller_id": shop.known["baltic"], "currency": "EUR", "state": "active",
             "term": "1 month", "anchor": NOW.date(), "started_on": NOW.date(), "zone": "UTC", "created_at": NOW,
             "paid_through": date(2026, 12, 22)}
            for n in range(10_000)
        ])  # fmt: skip
        tx.session.execute(insert(Service), [
            {"id": 1_000 + n, "subscription_id": 1_000 + n, "panel_id": shop.operator.panels["xtream"],
             "kind": "stream", "handle": f"h{n}", "login": f"line{n}", "password": ""}
            for n in range(10_000)
        ])  # fmt: skip
    seen = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]) if args[2] != "BEGIN" else None)
    with reading() as session:
        for conditions in ([], [matches("viewer 99")], [matches("line77")], [expiring(date(2026, 12, 20))]):
            query = users_of(shop.known["aurora"]).where(*conditions).order_by(Subscription.id.desc()).limit(26)
            assert len(session.execute(query).all()) == 26
        assert len(seen) == 4
        assert figures_of(session, [shop.known["baltic"]])[shop.known["baltic"]].running == 10_000
        assert len(seen) <= 9


def test_what_an_order_would_cost_is_told_before(shop):
    shop.grant("baltic", "12.00")
    with reading() as session:
        tx = Tx(shop.acting("baltic"), session)

        def preview(plan="basic", **more):
            return preview_add_user(tx, shop.known["baltic"], NewUser(plan, "1 month", name="Viewer", **more))

        sport = preview(addons=(AddOnOrder("sport"),))
        assert (sport.credits_minor, sport.left_minor, sport.trials_left) == (1_250, -50, 2)
        assert preview("week", trial=True).credits_minor == 100
        for wrong in ({"plan": "gold"}, {"trial": True}):
            with pytest.raises(InvalidInput):
                preview(**wrong)
        with pytest.raises(NotFound):
            preview(customer_id=shop.operator.customer_id)


def test_own_prices_stand_above_the_floor_and_cost_no_credits(shop):
    ctx, key = shop.acting("baltic"), shop.known["baltic"]
    rights = {"sells": ["basic", "pair"], "floor_percent": 80}
    shop.operator.change(Reseller, key, rights=rights)
    assert act(ctx, set_own_price, key, "basic", "1 month", Money(1_500, "EUR")).amount_minor == 1_500
    act(ctx, set_own_price, key, "basic", "1 month", Money(800, "EUR"))
    act(ctx, set_own_price, key, "sport", "1 month", Money(1_000, "EUR"))
    for plan, term, amount, refusal in (
        ("basic", "1 month", Money(799, "EUR"), InvalidInput),  # 10.00 × 80 %
        ("basic", "1 month", Money(900, "USD"), InvalidInput),
        ("basic", "2 years", Money(900, "EUR"), NotFound),
        ("gold", "1 month", Money(9_000, "EUR"), NotFound),
    ):
        with pytest.raises(refusal):
            act(ctx, set_own_price, key, plan, term, amount)
    with pytest.raises(NotFound):
        act(shop.acting("gulf"), set_own_price, key, "basic", "1 month", Money(900, "EUR"))
    # what it takes from its own customers changes nothing about the credits
    shop.grant("baltic", "10.00")
    added = shop.add("baltic")
    assert added.credits_minor == 1_000
    shop.grant("baltic", "10.00")
    shop.operator.work()
    assert shop.renew(added.subscription_id, ctx).credits_minor == 1_000


def test_a_key_is_shown_once_acts_as_its_reseller_and_ends_at_once(shop):
    ctx, key = shop.acting("baltic"), shop.known["baltic"]
    made = act(ctx, create_key, key, "my website")
    assert made.key not in repr(made)
    with reading() as session:
        row = session.get_one(ResellerKey, made.key_id)
        assert (row.key_hash != made.key, made.key.startswith(row.hint), row.last_used_at) == (True, True, None)
    with writing(STAFF) as tx:
        acting = use_key(tx, made.key)
    assert (acting.scope, acting.role) == (ctx.scope, "reseller")
    shop.grant("baltic", "10.00")
    shop.add("baltic", ctx=acting)
    assert shop.rows(select(ResellerKey))[0].last_used_at is not None
    with pytest.raises(NotFound):
        act(shop.acting("gulf"), revoke_key, key, made.key_id)
    act(ctx, revoke_key, key, made.key_id)
    for wrong in (made.key, "bhr_nothing", ""):
        with pytest.raises(NotAllowed), writing(STAFF) as tx:
            use_key(tx, wrong)
    with pytest.raises(Conflict):
        act(ctx, revoke_key, key, made.key_id)
    with pytest.raises(InvalidInput):
        act(ctx, create_key, key, " ")


def test_what_it_earns_is_its_own_price_less_what_its_credits_had_cost(shop):
    ctx, key = shop.acting("baltic"), shop.known["baltic"]
    shop.grant("baltic", "150.00", cost=Money(12_500, "EUR"))
    act(ctx, set_own_price, key, "basic", "1 month", Money(1_500, "EUR"))
    for _ in range(2):
        ended = shop.add("baltic").subscription_id
    shop.add("baltic", "week", trial=True)
    shop.add("baltic", "pair", mac=BOX)  # has no price of its own yet
    shop.operator.work()
    shop.terminate(ended, ctx)  # 9.66 of 10.00 credits come back
    with reading() as session:
        found = margins(session, None, date(2026, 11, 1), date(2026, 12, 1))
        assert margins(session, None, date(2026, 12, 1), date(2027, 1, 1)) == []
    by_plan = {row.plan: row for row in found}
    basic = by_plan["Basic"]
    # 20.00 credits less 9.66. Each 10.00 had cost 8.33; 8.05 of the second came back. 15.00 + 15.00 × 0.34/10.00
    assert (basic.purchases, basic.credits_minor, basic.cost_minor, basic.sold_minor) == (2, 1_034, 861, 1_551)
    assert (by_plan["Week"].credits_minor, by_plan["Week"].sold_minor, by_plan["Week"].priced) == (100, 0, 1)
    assert (by_plan["Pair"].purchases, by_plan["Pair"].priced) == (1, 0)
