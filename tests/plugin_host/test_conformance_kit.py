"""The conformance classes fail for plugins that would hurt: each sloppy one is caught by the test that is for it."""

import importlib
import sys
from dataclasses import replace
from datetime import date

import pytest
from guide import module_of_the_guide

from billhead.plugin import (
    Absent,
    CannotTell,
    Desired,
    HttpClient,
    Impossible,
    LineTax,
    Observed,
    PanelConnection,
    PanelError,
    PanelRejected,
    TaxedBuyer,
    TaxedSeller,
    TaxLine,
    TaxRequest,
    Theme,
    diff,
)
from billhead.plugin_host.scaffold import write_scaffold
from billhead.testing import Break, BreakingProxy, FakePanel, ProvisioningConformance, TaxConformance, ThemeConformance
from billhead.testing.driving import Driver, new_line

KIT = ProvisioningConformance()


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The module of the guide, which passes."""
    folder = write_scaffold("provisioning", "demo_panel", tmp_path_factory.mktemp("scaffold"))
    (folder / "billhead_demo_panel" / "module.py").write_text(module_of_the_guide())
    sys.path.insert(0, str(folder))
    yield importlib.import_module("billhead_demo_panel.module").DemoPanelModule
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.startswith("billhead_demo_panel")]:
        del sys.modules[name]


@pytest.fixture
def bench(sound):
    """`bench(SloppyModule)` → what the kit's tests take: driver, broken driver, proxy, lines, catalogue."""
    settings_type, clients = sound.settings_type, []
    with FakePanel() as server, BreakingProxy() as proxy:

        def bench(kind):
            module = kind()
            http = HttpClient("the panel", timeout_seconds=5)
            clients.append(http)
            panel = PanelConnection("test", settings_type(server.url, server.token), http)
            catalogue = module.catalogue(panel)
            lines = [new_line(kind, catalogue) for kind in sorted(module.capabilities(panel).kinds)]
            broken = Driver(module, replace(panel, http=http.through(proxy.transport())))
            return {
                "driver": Driver(module, panel),
                "broken": broken,
                "proxy": proxy,
                "lines": lines,
                "catalogue": catalogue,
            }

        yield bench
        for http in clients:
            http.close()


def given(bench, *names):
    return {name: bench[name] for name in names}


def test_it_catches_a_module_that_takes_silence_for_absence(sound, bench):
    class Hasty(sound):
        def look_up(self, panel, desired):
            try:
                return super().look_up(panel, desired)
            except PanelError:
                return Absent()

    names = ("driver", "broken", "proxy", "lines", "catalogue")
    with pytest.raises(AssertionError, match=r"request 1 broke \(mid_body\), and look_up said Absent"):
        KIT.test_absence_needs_a_proof(**given(bench(Hasty), *names), at=Break.MID_BODY)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        KIT.test_without_a_panel_it_plans_but_never_guesses(**given(bench(Hasty), "broken", "proxy", "lines"))


def test_it_accepts_a_module_that_can_not_tell(sound, bench):
    class Careful(sound):
        def look_up(self, panel, desired):
            try:
                return super().look_up(panel, desired)
            except PanelError as error:
                return CannotTell(str(error))

    names = ("driver", "broken", "proxy", "lines", "catalogue")
    KIT.test_absence_needs_a_proof(**given(bench(Careful), *names), at=Break.MID_BODY)


def test_it_catches_a_field_that_is_left_out(sound, bench):
    class Forgetful(sound):
        def plan(self, panel, desired, found):
            return diff(replace(desired, blocked=False), found)

    with pytest.raises(AssertionError, match="plan\\(\\) sees no difference, though blocked should be True"):
        KIT.test_every_field_comes_in_step(**given(bench(Forgetful), "driver", "lines", "catalogue"))
    with pytest.raises(AssertionError):
        KIT.test_block_and_unblock(**given(bench(Forgetful), "driver", "lines"))


def test_it_catches_a_field_that_is_said_to_be_impossible(sound, bench):
    class Unwilling(sound):
        def plan(self, panel, desired, found):
            if found and found.password != desired.password:
                return [Impossible("password", "not today")]
            return diff(desired, found)

    with pytest.raises(AssertionError, match="the panel should be able to do this"):
        KIT.test_every_field_comes_in_step(**given(bench(Unwilling), "driver", "lines", "catalogue"))
    kit = ProvisioningConformance()
    kit.unchangeable = frozenset({"password"})
    kit.test_every_field_comes_in_step(**given(bench(Unwilling), "driver", "lines", "catalogue"))


def test_it_catches_a_remove_that_fails_the_second_time(sound, bench):
    class Once(sound):
        def remove(self, panel, desired):
            if isinstance(self.look_up(panel, desired), Absent):
                raise PanelRejected("no such line")
            return super().remove(panel, desired)

    with pytest.raises(PanelRejected):
        KIT.test_removing_twice_is_removing_once(**given(bench(Once), "driver", "lines"))
    with pytest.raises(PanelRejected):
        KIT.test_removing_what_never_was_is_gone(**given(bench(Once), "driver", "lines"))


def test_it_catches_a_module_that_creates_a_second_line(sound, bench):
    class Doubling(sound):
        """Makes up a new name whenever it creates, as an API with POST would."""

        made = 0

        def apply(self, panel, step):
            if step.op == "create":
                Doubling.made += 1
                ref = f"{step.desired.handle.ref}{Doubling.made}"
                step = replace(step, desired=replace(step.desired, handle=replace(step.desired.handle, ref=ref)))
            return super().apply(panel, step)

    with pytest.raises(AssertionError):
        KIT.test_a_new_line_is_absent_then_created_then_in_step(**given(bench(Doubling), "driver", "lines"))


def test_it_catches_a_module_that_touches_the_neighbour(sound, bench):
    class Sweeping(sound):
        def remove(self, panel, desired):
            for line in sound.client_lines(panel):
                super().remove(panel, replace(desired, handle=replace(desired.handle, ref=line["ref"])))
            return super().remove(panel, desired)

    client = sys.modules["billhead_demo_panel.client"]
    sound.client_lines = staticmethod(lambda panel: client.read(panel, "/lines")[1])
    with pytest.raises(AssertionError, match="should be Found"):
        KIT.test_the_neighbour_is_left_alone(**given(bench(Sweeping), "driver", "lines", "catalogue"))


@pytest.mark.parametrize("leak", ["error", "log", "repr"])
def test_it_catches_a_password_that_is_told(sound, bench, leak, caplog):
    import logging

    class Talkative(sound):
        def look_up(self, panel, desired: Desired):
            if leak == "log":
                logging.getLogger("acme").debug("looking for %s with %s", desired.login, desired.password)
            try:
                return super().look_up(panel, desired)
            except PanelError as error:
                if leak == "error":
                    raise PanelError(f"token {panel.settings.token} did not help") from error
                raise

        def plan(self, panel, desired, found: Observed | None):
            steps = diff(desired, found)
            return [replace(step, op=f"create {desired.password}") for step in steps] if leak == "repr" else steps

    with pytest.raises(AssertionError, match=r"a secret is told in: ….*\*\*\*\*") as caught:
        KIT.test_no_secret_is_told(**given(bench(Talkative), "driver", "broken", "proxy", "lines"), caplog=caplog)
    assert "fake-panel-token" not in str(caught.value)


# -- tax --------------------------------------------------------------------------------------------------------------


class Moody:
    """Answers differently in a batch, with a rate that is no whole number of parts."""

    code, label = "moody", "Moody"

    def assess(self, requests):
        rate = 0.19 if len(requests) == 1 else 0.2
        return [[LineTax("", "standard", rate) for _ in request.lines] for request in requests]


@pytest.mark.parametrize(
    "test",
    [
        "test_a_batch_is_its_single_requests",
        "test_every_answer_says_where_and_why",
        "test_rates_are_whole_parts_per_million",
    ],
)
def test_it_catches_a_tax_engine_that_is_not_to_be_relied_on(test):
    lines = (TaxLine("tv", 999),)
    cases = [TaxRequest(TaxedSeller("DE"), TaxedBuyer(country), date(2026, 7, 1), lines) for country in ("DE", "FR")]
    with pytest.raises(AssertionError):
        getattr(TaxConformance(), test)(Moody(), cases)


# -- themes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "tokens", "dark", "page"),
    [
        ("test_tokens_are_custom_properties", {"--bg": "#fff"}, {}, ""),
        ("test_tokens_are_custom_properties", {"bg": "#ff"}, {}, ""),
        ("test_tokens_are_custom_properties", {"bg": "red; } body { display: none"}, {}, ""),
        ("test_tokens_are_custom_properties", {"bg": "url(//evil.example/x)"}, {}, ""),
        ("test_the_dark_changes_only_what_there_is", {"bg": "#fff"}, {"gb": "#000"}, ""),
        ("test_templates_keep_the_content_security_policy", {}, {}, '<p style="color: red">'),
        ("test_templates_keep_the_content_security_policy", {}, {}, '<a onclick="go()">'),
        ("test_templates_keep_the_content_security_policy", {}, {}, "<script>go()</script>"),
        ("test_templates_show_and_do_no_more", {}, {}, "{{ seller.name|safe }}"),
        ("test_templates_show_and_do_no_more", {}, {}, "{{ config.SECRET_KEY }}"),
        ("test_templates_show_and_do_no_more", {}, {}, "{{ login.__class__ }}"),
        ("test_templates_show_and_do_no_more", {}, {}, "{% autoescape false %}{{ q }}{% endautoescape %}"),
        ("test_templates_show_and_do_no_more", {}, {}, "{% if %}"),
    ],
)
def test_it_catches_a_theme_that_oversteps(tmp_path, test, tokens, dark, page):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(page)
    with pytest.raises(AssertionError):
        getattr(ThemeConformance(), test)(Theme("dusk", "Dusk", tmp_path, tokens, dark))
