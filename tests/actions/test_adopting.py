"""Lines that stood on a panel before us are taken over: found in step, written to only where the operator says so."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from billhead.domain.usage import plain_terms, terms_from
from two_panels import BOX, NOW

ENDS = datetime(2026, 12, 15, 13, 37, tzinfo=UTC)
BOTH = pytest.mark.parametrize("on", ["stalker", "xtream"])


@pytest.fixture
def sold(operator):
    """On Xtream basic (bouquet 3), family (3 and 5, two screens) and mag (3); on Stalker boxes of the tariff BASIC."""
    from billhead.models.catalogue import Plan, PlanBouquet, Price, PriceBook
    from billhead.models.panels import Panel

    with operator._writing() as tx:
        session = tx.session
        codes = dict(session.execute(select(Panel.module, Panel.code)).all())
        book = PriceBook(seller_id=operator.seller_id, code="main", currency="EUR")
        session.add(book)
        session.flush()
        for code, module, kind, panel_plan, bouquets, connections in (
            ("basic", "xtream", "stream", "", ["sport"], 1),
            ("family", "xtream", "stream", "", ["sport", "kids"], 2),
            ("box", "stalker", "mag", "BASIC", [], 1),
            ("mag", "xtream", "mag", "", ["sport"], 1),
        ):
            template = {"kind": kind, "panel": codes[module], "panel_plan": panel_plan}
            plan = Plan(
                seller_id=operator.seller_id, code=code, name=code.title(), kind=kind, connections=connections,
                details={"services": [template]},
            )  # fmt: skip
            session.add(plan)
            session.flush()
            session.add_all(PlanBouquet(plan_id=plan.id, bouquet_id=operator.bouquets[one]) for one in bouquets)
            price = Price(book_id=book.id, plan_id=plan.id, term="1 month", amount_minor=1200, credit_minor=100)
            session.add(price)
    return operator


def stands(operator, on, login, **columns):
    """A line that somebody made on the panel before us."""
    store = operator.sandbox.state.store
    if on == "xtream":
        row = {"username": login, "password": f"{login}-pw", "bouquet": "[3]", "max_connections": 1,
               "admin_notes": "", "exp_date": int(ENDS.timestamp()), "allowed_outputs": "[1,2]"}  # fmt: skip
        return store.insert("lines", {**row, **columns})
    row = {"login": login, "account_number": f"OLD{login}", "full_name": f"{login.title()} Old", "tariff_plan_id": 1,
           "stb_mac": BOX, "end_date": "2026-12-16 00:00:00"}  # fmt: skip
    return store.insert("stalker_accounts", {**row, **columns})


def adopt(operator, on, *, dry_run=False, mapping="", **wish):
    from billhead.actions.adopting.adopt_panel import adopt_panel
    from billhead.actions.adopting.ask_adoption import AdoptionWish, ask_adoption
    from billhead.models.adoptions import Adoption

    with operator._writing() as tx:
        asked = ask_adoption(
            tx, operator.panels[on], AdoptionWish(**wish), dry_run=dry_run, mapping=mapping, queue=False
        )
    adopt_panel(operator.ctx, asked.adoption_id)
    return operator._read(lambda session: session.get_one(Adoption, asked.adoption_id))


def findings(operator, adoption):
    from billhead.models.adoptions import AdoptionLine

    query = select(AdoptionLine).where(AdoptionLine.adoption_id == adoption.id)
    return {one.login: one for one in operator._read(lambda session: list(session.scalars(query)))}


def service_of(operator, login):
    from billhead.models.subscriptions import Service

    return operator._read(lambda session: session.scalar(select(Service).where(Service.login == login)))


def count(operator, table):
    return operator._read(lambda session: session.scalar(select(func.count()).select_from(table)))


def writes(operator):
    reads = ("get", "GET", "user_info")
    return {name for name in operator.calls() if not any(word in name for word in reads)}


@BOTH
def test_a_line_is_found_in_step_without_a_write(sold, on):
    from billhead.models.subscriptions import Subscription

    stands(sold, on, "anna")
    before = sold.on(on)
    found = adopt(sold, on)
    assert (found.state, found.lines, found.adopted, found.refused) == ("done", 1, 1, 0), findings(sold, found)

    service = service_of(sold, "anna")
    assert (service.sync, service.created_by_us) == ("ok", True)
    subscription = sold._read(lambda session: session.get_one(Subscription, service.subscription_id))
    # 15 December 13:37 in UTC, or the 16th's first instant in London: a day begun is a day paid
    assert subscription.paid_through == date(2026, 12, 16)
    assert (subscription.state, subscription.collection, subscription.settlement) == ("active", "manual", "invoice")

    sold.converge(service.id)
    report = sold.reconcile(on)
    assert (report.in_step, report.differences) == (1, 0)
    sold.work()
    assert sold.on(on) == before
    assert writes(sold) == set()


@BOTH
def test_a_dry_run_adopts_nothing_and_a_second_adoption_knows_the_first(sold, on):
    from billhead.models.people import Customer

    stands(sold, on, "anna")
    customers = count(sold, Customer)
    preview = adopt(sold, on, dry_run=True)
    assert (preview.adopted, count(sold, Customer)) == (1, customers)
    assert adopt(sold, on).adopted == 1
    again = adopt(sold, on)
    assert (again.adopted, again.known, count(sold, Customer)) == (0, 1, customers + 1)


def test_a_box_that_hangs_on_a_line_is_not_a_second_customer(sold):
    from billhead.models.adoptions import AdoptionLine
    from billhead.models.people import Customer

    customers = count(sold, Customer)
    line = stands(sold, "xtream", "anna")
    alone = stands(sold, "xtream", "hidden1", is_mag=1)
    hung = stands(sold, "xtream", "hidden2", is_mag=1, pair_id=line)
    for hidden, mac in ((alone, "00:1A:79:00:00:01"), (hung, "00:1A:79:00:00:02")):
        sold.sandbox.state.store.insert("mag_devices", {"user_id": hidden, "mac": mac})
    adoption = adopt(sold, "xtream", mapping="mac,plan\n00:1A:79:00:00:02,mag\n")
    query = select(AdoptionLine).where(AdoptionLine.adoption_id == adoption.id)
    found = {one.mac: one for one in sold._read(lambda session: list(session.scalars(query)))}
    verdicts = {mac: (one.verdict, one.code) for mac, one in found.items()}
    assert verdicts == {
        "": ("adopt", ""),
        "00:1A:79:00:00:01": ("adopt", ""),
        "00:1A:79:00:00:02": ("refused", "paired"),
    }
    assert f"hangs on line:{line} " in found["00:1A:79:00:00:02"].reason
    assert count(sold, Customer) == customers + 2


def test_the_nearest_plan_by_bouquets_and_screens(sold):
    stands(sold, "xtream", "one")
    stands(sold, "xtream", "two", bouquet="[3,5]", max_connections=2)
    stands(sold, "xtream", "far", bouquet="[1]", max_connections=1)
    stands(sold, "xtream", "near", bouquet="[3]", max_connections=2)
    found = findings(sold, adopt(sold, "xtream", dry_run=True))
    assert (found["one"].plan, found["one"].score) == ("basic", 100)
    assert (found["two"].plan, found["two"].score) == ("family", 100)
    assert found["far"].code == "far_plan"
    # bouquet 3 alone is basic's (100), one of its two screens (50): (3 × 100 + 50) / 4
    assert (found["near"].plan, found["near"].score, found["near"].code) == ("basic", 87, "would_write")
    assert "connections" in found["near"].reason


def test_what_differs_is_written_only_where_the_operator_says_so(sold):
    stands(sold, "xtream", "near", bouquet="[3]", max_connections=2)
    assert adopt(sold, "xtream").adopted == 0
    found = adopt(sold, "xtream", writes=("connections",))
    assert found.adopted == 1
    sold.work()
    assert sold.only("xtream").connections == 1
    assert service_of(sold, "near").sync == "ok"


def test_our_reference_is_written_only_on_request(sold):
    stands(sold, "xtream", "anna", admin_notes="pays in cash")
    adopt(sold, "xtream")
    sold.reconcile("xtream")
    sold.work()
    assert sold.sandbox.state.store.value("SELECT admin_notes FROM lines") == "pays in cash"
    assert sold.panel("xtream").managed == {"note": "accept"}


def test_with_leave_our_reference_goes_into_the_notes(sold):
    stands(sold, "xtream", "anna", admin_notes="pays in cash")
    assert adopt(sold, "xtream", writes=("note",)).adopted == 1
    sold.work()
    service = service_of(sold, "anna")
    notes = sold.sandbox.state.store.value("SELECT admin_notes FROM lines")
    assert notes == f"billhead:{service.handle} pays in cash"


def test_the_operators_word_wins(sold):
    from billhead.models.people import Customer, User

    stands(sold, "xtream", "far", bouquet="[3]", max_connections=1)
    stands(sold, "xtream", "gone", bouquet="[3]")
    stands(sold, "xtream", "free", exp_date=None)
    mapping = (
        "login;plan;name;email;paid_through;skip\n"
        "far;family;Far Away;far@example.com;;\n"
        "gone;;;;;yes\n"
        "free;;;;2027-01-01;\n"
    )
    found = findings(
        sold, adopt(sold, "xtream", mapping=mapping, writes=("bouquets", "connections", "expires_at", "note"))
    )
    assert (found["far"].plan, found["far"].score, found["far"].verdict) == ("family", None, "adopt")
    assert found["gone"].code == "skipped"
    assert found["free"].verdict == "adopt"
    customer = sold._read(lambda s: s.scalar(select(Customer).where(Customer.name == "Far Away")))
    assert customer.email == "far@example.com"
    assert count(sold, User) == 1  # who brings no address gets no login
    sold.work()
    held = {one.login: one for one in sold.on("xtream")}
    assert held["far"].bouquets == {"3", "5"}
    assert held["free"].ends == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("login", "columns", "code"),
    [
        ("blocked", {"enabled": 0}, "blocked"),
        ("banned", {"admin_enabled": 0}, "banned"),
        ("ended", {"exp_date": int((NOW - timedelta(days=2)).timestamp())}, "expired"),
        ("endless", {"exp_date": None}, "never_ends"),
        ("odd name", {}, "impossible"),
    ],
)
def test_what_is_refused_says_why(sold, login, columns, code):
    stands(sold, "xtream", login, **columns)
    (found,) = findings(sold, adopt(sold, "xtream")).values()
    assert (found.verdict, found.code) == ("refused", code)
    assert found.reason


@BOTH
def test_a_line_of_another_billhead_is_taken_over_only_on_purpose(sold, on):
    from billhead.domain.errors import Conflict

    theirs = {"admin_notes": "billhead:abcdefg234 VIP"} if on == "xtream" else {"account_number": "abcdefg234"}
    stands(sold, on, "anna", **theirs)
    stands(sold, on, "bob", **({"admin_notes": "billhead"} if on == "xtream" else {"stb_mac": "00:1A:79:00:00:77"}))
    with pytest.raises(Conflict, match="how many lines"):
        adopt(sold, on, take_claimed=True)
    refused = adopt(sold, on, dry_run=True)
    found = findings(sold, refused)
    assert (refused.adopted, refused.refused, found["anna"].code, found["bob"].code) == (1, 1, "claimed", "")
    assert "abcdefg234" in found["anna"].reason
    before = sold.on(on)
    taken = adopt(sold, on, take_claimed=True)
    found = findings(sold, taken)
    assert (taken.adopted, found["anna"].verdict, found["anna"].code) == (2, "adopt", "claimed")
    assert service_of(sold, "anna").handle == "abcdefg234"
    assert (adopt(sold, on).known, sold.on(on)) == (2, before)


def test_a_login_that_a_line_of_ours_has_elsewhere_is_refused(sold):
    sold.line("stalker", login="anna")
    stands(sold, "xtream", "anna")
    assert findings(sold, adopt(sold, "xtream"))["anna"].code == "taken"


def test_two_accounts_of_one_number_are_not_told_apart(sold):
    stands(sold, "stalker", "anna", account_number="OLD1")
    stands(sold, "stalker", "bob", account_number="OLD1", stb_mac="00:1A:79:AA:BB:02")
    found = findings(sold, adopt(sold, "stalker"))
    assert found["bob"].code == "repeated"


def test_a_resellers_lines_are_renewed_from_its_credits(sold):
    from billhead.models.people import Reseller
    from billhead.models.subscriptions import Subscription

    with sold._writing() as tx:
        tx.session.add(
            Reseller(seller_id=sold.seller_id, code="alpha", name="Alpha", tier="reseller", created_on=date(2026, 1, 1))
        )
    stands(sold, "xtream", "anna", member_id=7)
    assert adopt(sold, "xtream", owners={"7": "alpha"}).adopted == 1
    row = sold._read(lambda s: s.scalar(select(Subscription)))
    assert (row.settlement, row.next_bill_on, row.payer_reseller_id is None) == ("credits", None, False)


@pytest.mark.parametrize(
    ("mapping", "why"),
    [
        ("login,plan\nanna,gold\n", "line 2: there is no plan 'gold'"),
        ("plan\nbasic\n", "line 1: the header names none"),
        ("login,colour\nanna,red\n", "line 1: 'colour' is not a column"),
        ("login,plan\n,basic\n", "line 2: names no line"),
        ("login,paid_through\nanna,soon\n", "line 2: Invalid isoformat"),
        ("login,plan\nanna\n", "line 2: has 1 columns"),
    ],
)
def test_a_mapping_file_that_cant_be_used_is_refused_at_its_line(sold, mapping, why):
    from billhead.domain.errors import InvalidInput

    with pytest.raises(InvalidInput, match=why):
        adopt(sold, "xtream", mapping=mapping)


def test_a_list_that_breaks_off_is_told_and_what_was_adopted_goes_on_from_there(sold):
    stands(sold, "xtream", "anna")
    sold.fault("html", "xtream.get_lines")
    failed = adopt(sold, "xtream")
    assert (failed.state, failed.adopted) == ("failed", 0)
    assert failed.error
    sold.sandbox.state.faults.clear()
    assert adopt(sold, "xtream").adopted == 1


def test_an_owner_that_is_another_sellers_reseller_is_nobodys(sold):
    from billhead.actions.panels.name_owners import NamedOwner, name_owners
    from billhead.domain.errors import InvalidInput
    from billhead.models.panels import PanelOwner
    from billhead.models.people import Reseller
    from billhead.models.sellers import Seller

    with sold._writing() as tx:
        ours = tx.session.get_one(Seller, sold.seller_id)
        kept = {c.key: getattr(ours, c.key) for c in Seller.__table__.columns if c.key not in ("id", "code")}
        other = Seller(code="other", **kept)
        tx.session.add(other)
        tx.session.flush()
        theirs = Reseller(
            seller_id=other.id, code="theirs", name="Theirs", tier="reseller", created_on=date(2026, 1, 1)
        )
        tx.session.add(theirs)
        tx.session.flush()
        tx.session.add(PanelOwner(panel_id=sold.panels["xtream"], reseller_id=theirs.id, remote="7"))
    stands(sold, "xtream", "anna", member_id=7)
    found = adopt(sold, "xtream", dry_run=True)
    assert (found.state, found.lines) == ("done", 1), found.error
    with sold._writing() as tx, pytest.raises(InvalidInput, match="no reseller 'theirs'"):
        name_owners(tx, sold.panels["xtream"], [NamedOwner("theirs", "7")], "enforce")


def test_only_one_adoption_of_a_panel_at_a_time_and_it_can_be_called_off(sold):
    from billhead.actions.adopting.ask_adoption import AdoptionWish, ask_adoption
    from billhead.actions.adopting.cancel_adoption import cancel_adoption
    from billhead.domain.errors import Conflict
    from billhead.models.people import Customer

    stands(sold, "xtream", "anna")
    with sold._writing() as tx:
        first = ask_adoption(tx, sold.panels["xtream"], AdoptionWish(), dry_run=False)
    with sold._writing() as tx, pytest.raises(Conflict, match="goes on already"):
        ask_adoption(tx, sold.panels["xtream"], AdoptionWish(), dry_run=False)
    with sold._writing() as tx:
        cancel_adoption(tx, first.adoption_id)
    sold.work()
    assert count(sold, Customer) == 1  # Ann, who was there before


def test_five_hundred_strangers_are_judged_each(sold):
    from click.testing import CliRunner

    import billhead.cli
    from billhead_sandbox.panel.seed import sow

    sow(sold.sandbox.state, 500)
    for panel in ("xtream", "stalker"):
        words = ["panels", "adopt", sold.panel(panel).code, "--dry-run", "--json"]
        ran = CliRunner().invoke(billhead.cli.main, words, obj=sold.app)
        assert ran.exit_code == 0, ran.stderr
        found = json.loads(ran.stdout)
        assert (found["state"], found["dry_run"]) == ("done", True)
        assert found["lines"] == found["adopted"] + found["refused"]
        assert found["lines"] >= 500


def test_the_command_tells_what_would_happen_and_writes_the_file_that_can_be_handed_back(sold, tmp_path):
    from click.testing import CliRunner

    import billhead.cli
    from billhead.actions.adopting._wish import read_mapping

    stands(sold, "xtream", "anna")
    stands(sold, "xtream", "endless", exp_date=None)
    stands(sold, "xtream", "=SUM(A1)")
    code, file = sold.panel("xtream").code, tmp_path / "lines.csv"

    def run(*words):
        ran = CliRunner().invoke(billhead.cli.main, ["panels", "adopt", code, *words, "--json"], obj=sold.app)
        assert ran.exit_code == 0, (ran.stdout, ran.stderr, ran.exception)
        return json.loads(ran.stdout)

    found = run("--dry-run", "--csv", str(file))
    assert (found["dry_run"], found["lines"], found["adopted"], found["refused"]) == (True, 3, 1, 2)
    assert (found["plans"], found["reasons"]) == ({"basic": 1}, {"never_ends": 1, "impossible": 1})
    assert found["claimed"] == 0
    assert found["refusals"][0]["login"] == "endless"
    assert ",'=SUM(A1)," in file.read_text(), "what a spreadsheet would run is quoted"
    words = sold._read(lambda session: read_mapping(session, sold.seller_id, file.read_text()))
    assert [word["name"] for word in words.values()] == ["anna", "endless", "=SUM(A1)"]
    assert run("--mapping", str(file), "--take-claimed")["adopted"] == 1
    assert service_of(sold, "anna").sync == "ok"


def test_a_batch_that_was_adopted_when_the_process_died_is_not_adopted_again(sold, monkeypatch):
    from billhead.actions.adopting import adopt_panel as module
    from billhead.actions.adopting.ask_adoption import AdoptionWish, ask_adoption
    from billhead.models.adoptions import Adoption
    from billhead.models.people import Customer

    for number in range(5):
        stands(sold, "xtream", f"old{number}")
    monkeypatch.setattr(module, "_BATCH", 2)
    with sold._writing() as tx:
        asked = ask_adoption(tx, sold.panels["xtream"], AdoptionWish(), dry_run=False, queue=False)

    def die(_name):
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(module, "crash_point", die)
        with pytest.raises(KeyboardInterrupt):
            module.adopt_panel(sold.ctx, asked.adoption_id)
    assert count(sold, Customer) == 3  # Ann and the first two
    module.adopt_panel(sold.ctx, asked.adoption_id)
    row = sold._read(lambda s: s.get_one(Adoption, asked.adoption_id))
    assert (row.state, row.lines, row.adopted, row.known, count(sold, Customer)) == ("done", 5, 5, 0, 6)


def test_what_was_used_before_the_adoption_is_paid_as_its_term_is(sold):
    """Paid to 16 December. Five hours of the day before the adoption cost nothing, even the ones told after it."""
    from billhead import clock
    from billhead.actions.billing.run import run_billing
    from billhead.actions.usage.record_events import record_events
    from billhead.models.catalogue import Plan, Price
    from billhead.models.usage import UsageBilled, UsageMetric, UsagePrice
    from billhead.plugin import UsageReading

    with sold._writing() as tx:
        hours = UsageMetric(seller_id=sold.seller_id, code="hours", name="Hours", aggregation="sum", unit="h")
        tx.session.add(hours)
        tx.session.flush()
        of_basic = tx.session.scalar(select(Price.id).join(Plan).where(Plan.code == "basic"))
        terms = plain_terms(terms_from({"pricing": "standard", "currency": "EUR", "minimum": "3.10",
                                        "tiers": [{"unit": "0.50"}]}))  # fmt: skip
        tx.session.add(UsagePrice(price_id=of_basic, metric_id=hours.id, terms=terms))
    stands(sold, "xtream", "anna")
    adopt(sold, "xtream")
    whose = f"service:{service_of(sold, 'anna').id}"
    used = [UsageReading("old", whose, "hours", 5, NOW - timedelta(hours=16)),
            UsageReading("new", whose, "hours", 20, NOW + timedelta(hours=8))]  # fmt: skip
    with clock.business_time(NOW + timedelta(days=1)), sold._writing() as tx:
        assert record_events(tx, "panel:1", used).accepted == 2
    with clock.business_time(datetime(2026, 12, 17, tzinfo=UTC)):
        run_billing(date(2026, 12, 17))
    (billed,) = sold._read(lambda session: session.scalars(select(UsageBilled)).all())
    assert (billed.period_start, billed.period_end, billed.days) == (date(2026, 11, 22), date(2026, 12, 16), 24)
    assert (billed.used, billed.amount_minor) == (20, 1000)  # 20 hours at 0.50
