"""The four hook shapes and how each may fail. One test at least for every hook, by its name."""

from datetime import UTC, date, datetime

import click
import pytest
from flask import Flask

from billhead.domain.errors import NotFound, PluginFailed
from billhead.domain.money import Money
from billhead.plugin import Denied, DraftLine, DraftView, Event, FraudReason, OrderView
from billhead.plugin_host import PluginHost, discover, mount_plugins

ORDER = OrderView(customer_id=None, email="ada@example.org", country="DE", ip="192.0.2.1", plan="tv")
EVENT = Event(1, "service.active", 1, "service:17", datetime(2026, 11, 22, tzinfo=UTC), {"service_id": 17})

MODULE = """
from dataclasses import dataclass

@dataclass(frozen=True)
class AcmeSettings:
    url: str = option("Address")

class Acme(ProvisioningModule):
    code, label, settings_type = "acme", "Acme", AcmeSettings
    def capabilities(self, panel): ...
    def look_up(self, panel, desired): ...
    def apply(self, panel, step): ...
    def remove(self, panel, desired): ...
    def access(self, panel, desired): ...
    def check(self, panel): ...

@hookimpl
def provisioning_modules(): return [Acme()]
"""
GATEWAY = """
from dataclasses import dataclass

@dataclass(frozen=True)
class PaySettings:
    key: str = secret("Key")

class Pay(PaymentGateway):
    code, label, settings_type = "pay", "Pay", PaySettings
    def capabilities(self): return GatewayCapabilities()
    def start_checkout(self, account, attempt): ...
    def lookup(self, account, attempt): ...
    def parse_callback(self, account, raw): ...

@hookimpl
def payment_gateways(): return [Pay()]
"""
TAX = """
class Flat(TaxEngine):
    code, label = "flat", "Flat tax"
    def assess(self, requests):
        return [[LineTax("DE", "standard", 190000) for _ in request.lines] for request in requests]

@hookimpl
def tax_engines(): return [Flat()]
"""
RULE = """
class {name}:
    code = "{code}"
    def apply(self, drafts):
        if any(draft.subscription_id in {bad} for draft in drafts):
            raise ValueError("no such loyalty level")
        return [[ExtraLine("{code}", "{name}", Money(-100, "EUR"))] for _ in drafts]

@hookimpl
def invoice_rules(): return [{name}()]
"""


def switched_on(points) -> PluginHost:
    """A host whose plugins are all on, without a database."""
    host = PluginHost.load(points)
    host.activation.off = frozenset
    return host


# -- offer ------------------------------------------------------------------------------------------------------------


def test_provisioning_modules_are_picked_by_their_code(pretend):
    host = switched_on([pretend("acme", MODULE)])
    assert host.module("acme").label == "Acme"
    with pytest.raises(NotFound) as caught:
        host.module("acmee")
    assert caught.value.hint == "there are: acme. See billhead plugins doctor"


def test_a_module_of_a_plugin_that_is_off_is_not_found_and_says_so(pretend):
    host = switched_on([pretend("acme", MODULE)])
    host.activation.off = lambda: frozenset({"acme"})
    with pytest.raises(NotFound) as caught:
        host.module("acme")
    assert caught.value.hint == "the plugin acme offers it but is switched off: billhead plugins enable acme"


def test_payment_gateways_inherit_what_they_leave_out(pretend):
    gateway = switched_on([pretend("pay", GATEWAY)]).gateway("pay")
    with pytest.raises(Exception, match="Pay can't refund"):
        gateway.refund(None, None)
    assert gateway.acknowledge(None) == b""


def test_tax_engines_are_picked_by_their_code(pretend):
    assert switched_on([pretend("flat", TAX)]).tax_engine("flat").assess([]) == []


def test_tax_id_checkers_come_in_the_order_of_their_codes(pretend):
    source = """
class Register(TaxIdChecker):
    code, label = "{code}", "Register"
    def normalise(self, tax_id, country): return tax_id.upper()
    def check(self, checker, tax_id, requester): return TaxIdAnswer(True)

@hookimpl
def tax_id_checkers(): return [Register()]
"""
    host = switched_on([pretend("a", source.format(code="vies")), pretend("b", source.format(code="hmrc"))])
    assert [(plugin, checker.code) for plugin, checker in host.tax_id_checkers()] == [("b", "hmrc"), ("a", "vies")]


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("raise NotImplementedError('to be written')", "failed: NotImplementedError: to be written"),
        ("return {}", "returned a dict, which is no GatewayCapabilities"),
    ],
)
def test_a_gateway_that_does_not_say_what_it_can_do_is_left_out(pretend, says, why):
    (plugin,) = discover([pretend("pay", GATEWAY.replace("return GatewayCapabilities()", says))])
    assert (plugin.broken, plugin.offers) == (f"Pay.capabilities() {why}", {})


def test_fraud_checks_come_in_the_order_of_their_codes_and_are_checked(pretend):
    source = """
class Names(FraudCheck):
    code, label = "{code}", "Names"
    {method}

@hookimpl
def fraud_checks(): return [Names()]
"""
    good = "def check(self, facts): return [FraudReason('why', 5)]"
    points = [pretend("a", source.format(code="z", method=good)), pretend("b", source.format(code="y", method=good))]
    host = switched_on(points)
    assert [(plugin, check.code) for plugin, check in host.fraud_checks()] == [("b", "y"), ("a", "z")]
    with pytest.raises(ValueError, match="weight"):
        FraudReason("why", -1)
    with pytest.raises(ValueError, match="verdict"):
        FraudReason("why", verdict="perhaps")


def test_notification_channels_bring_the_settings_of_their_plugin(pretend):
    source = (
        GATEWAY.replace("class Pay(PaymentGateway):", "class Pay(NotificationChannel):").replace(
            "def payment_gateways", "def notification_channels"
        )
        + "\nPay.send = lambda self, channel, message: None"
    )
    host = switched_on([pretend("letters", source)])
    assert host.channel("pay").code == "pay"
    assert host.channel_plugin("pay").settings_type.__name__ == "PaySettings"


def test_themes_are_picked_by_their_code_and_serve_their_files(pretend, tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "logo.svg").write_text("<svg/>")
    source = (
        f"from pathlib import Path\n@hookimpl\ndef themes(): return [Theme('dusk', 'Dusk', Path({str(tmp_path)!r}))]"
    )
    host = switched_on([pretend("dusk", source)])
    app = Flask("web")
    mount_plugins(app, host)
    assert host.theme("dusk").label == "Dusk"
    with app.test_client().get("/theme/dusk/logo.svg") as answer:
        assert answer.text == "<svg/>"
    assert app.test_client().get("/theme/dawn/logo.svg").status_code == 404
    assert app.test_client().get("/theme/dusk/%2e%2e/secret").status_code == 404


def test_reports_are_offered_as_declared_tables(pretend):
    source = """
def rows(source, asked):
    yield ("DE", 3)

BY_COUNTRY = Report("by-country", "By country", "How many.", (ReportColumn("country", "Country"),
    ReportColumn("customers", "Customers", "count", total=True)), rows)

@hookimpl
def reports(): return [BY_COUNTRY]
"""
    ((plugin, report),) = switched_on([pretend("geo", source)]).offers("reports")
    assert (plugin, report.code, list(report.rows(None, None))) == ("geo", "by-country", [("DE", 3)])
    broken = PluginHost.load([pretend("geo2", source.replace("[BY_COUNTRY]", "['by-country']"))])
    assert "returned a str, which is no Report" in broken.broken()[0].broken


def test_periodic_jobs_come_with_the_name_of_their_plugin(pretend):
    source = "@hookimpl\ndef periodic_jobs(): return [PeriodicJob('tidy', 60, print)]"
    ((plugin, job),) = switched_on([pretend("broom", source)]).periodic_jobs()
    assert (plugin, job.code, job.every_minutes) == ("broom", "tidy", 60)


def test_cli_commands_are_offered_by_plugin(pretend):
    source = "import click\n@hookimpl\ndef cli_commands(): return [click.Command('sweep')]"
    ((plugin, command),) = switched_on([pretend("broom", source)]).offers("cli_commands")
    assert plugin == "broom"
    assert isinstance(command, click.Command)


# -- observe ----------------------------------------------------------------------------------------------------------


def test_on_event_is_delivered_to_one_plugin_at_a_time(pretend):
    seen = "seen = []\n@hookimpl\ndef on_event(event): seen.append(event.id)"
    host = switched_on([pretend("log", seen), pretend("mute", "")])
    assert host.observers() == ["log"]
    host.deliver("log", EVENT)
    assert host.get("log").module.seen == [1]


def test_on_event_that_fails_is_reported_with_its_plugin(pretend):
    host = switched_on([pretend("log", "@hookimpl\ndef on_event(event): raise RuntimeError('disk full')")])
    with pytest.raises(
        PluginFailed, match=r"The plugin log failed: on_event\(service\.active\): RuntimeError: disk full"
    ):
        host.deliver("log", EVENT)


def test_nothing_is_delivered_to_a_plugin_that_is_off(pretend):
    host = switched_on([pretend("log", "@hookimpl\ndef on_event(event): ...")])
    host.activation.off = lambda: frozenset({"log"})
    assert host.observers() == []
    with pytest.raises(PluginFailed, match="not active"):
        host.deliver("log", EVENT)


# -- contribute -------------------------------------------------------------------------------------------------------


def draft(subscription_id: int) -> DraftView:
    line = DraftLine("tv", "plan", 1, Money(999, "EUR"), date(2026, 11, 1), date(2026, 12, 1))
    return DraftView(subscription_id, 1, "DE", date(2026, 11, 22), (line,))


def rule(code: str, *bad: int) -> str:
    return RULE.format(name=code.capitalize(), code=code, bad=set(bad) or "()")


def test_invoice_rules_run_in_the_order_of_their_codes(pretend):
    host = switched_on([pretend("aa", rule("zeal")), pretend("zz", rule("age"))])
    assert [(plugin, found.code) for plugin, found in host.invoice_rules()] == [("zz", "age"), ("aa", "zeal")]
    ((first, second),) = host.extra_lines([draft(1)])
    assert (first[0], second[0]) == ("zz.age", "aa.zeal")


def test_a_rule_that_fails_costs_only_the_drafts_that_make_it_fail(pretend):
    host = switched_on([pretend("loyal", rule("loyal", 4, 7))])
    results = host.extra_lines([draft(n) for n in range(1, 11)])
    failed = {n for n, result in enumerate(results, 1) if isinstance(result, PluginFailed)}
    assert failed == {4, 7}
    assert str(results[3]) == "The plugin loyal failed: invoice rule loyal: ValueError: no such loyalty level"
    assert [line.net for _, line in results[0]] == [Money(-100, "EUR")]


def test_a_draft_that_one_rule_failed_is_not_asked_of_the_next(pretend):
    host = switched_on([pretend("aa", rule("aa", 2)), pretend("bb", rule("bb"))])
    first, second = host.extra_lines([draft(1), draft(2)])
    assert [code for code, _ in first] == ["aa.aa", "bb.bb"]
    assert isinstance(second, PluginFailed)
    assert second.plugin == "aa"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("[]", "0 answers for 1 drafts"),
        ("[[ExtraLine('a', 'A', Money(-1, 'USD'))]]", "its line a is in USD, the draft in EUR"),
        ("[[ExtraLine('a', 'A', Money(-1, 'EUR'))] * 2]", "it used a line code twice: a, a"),
    ],
)
def test_a_rule_that_answers_nonsense_is_caught(pretend, answer, why):
    source = f"class R:\n    code = 'r'\n    def apply(self, drafts): return {answer}\n"
    source += "@hookimpl\ndef invoice_rules(): return [R()]"
    (failed,) = switched_on([pretend("r", source)]).extra_lines([draft(1)])
    assert why in str(failed)


# -- guard ------------------------------------------------------------------------------------------------------------


def test_before_order_lets_pass_what_nobody_denies(pretend):
    host = switched_on([pretend("calm", "@hookimpl\ndef before_order(order): return None"), pretend("mute", "")])
    assert host.guard("before_order", order=ORDER) is None


def test_before_order_is_denied_by_the_first_no(pretend):
    no = "@hookimpl\ndef before_order(order): return Denied('not to ' + order.country)"
    host = switched_on([pretend("aa", no), pretend("bb", "@hookimpl\ndef before_order(order): return Denied('never')")])
    assert host.guard("before_order", order=ORDER) == Denied("not to DE")


@pytest.mark.parametrize("failing", ["raise OSError('db down')", "return False", "return True"])
def test_before_order_that_fails_denies_and_names_its_plugin(pretend, failing, caplog):
    host = switched_on([pretend("moody", f"@hookimpl\ndef before_order(order): {failing}")])
    denied = host.guard("before_order", order=ORDER)
    assert denied.reason == "This could not be checked: the plugin moody failed. Please try again later."
    assert "plugin moody failed in before_order" in caplog.text


def test_before_cancel_is_given_what_it_asks_for(pretend):
    stay = "@hookimpl\ndef before_cancel(facts): return Denied('committed until ' + facts['until'])"
    host = switched_on([pretend("stay", stay)])
    denied = host.guard("before_cancel", subscription_id=7, facts={"until": "2027-01-31"})
    assert denied == Denied("committed until 2027-01-31")


def test_only_guards_can_be_asked_as_guards(pretend):
    with pytest.raises(ValueError, match="on_event is not a guard"):
        switched_on([]).guard("on_event")


def test_before_transfer_is_given_what_it_asks_for(pretend):
    ours = "@hookimpl\ndef before_transfer(facts): return Denied(f\"{facts['to']} has one already\")"
    host = switched_on([pretend("ours", ours)])
    denied = host.guard("before_transfer", subscription_id=7, facts={"from": 1, "to": 2})
    assert denied == Denied("2 has one already")
