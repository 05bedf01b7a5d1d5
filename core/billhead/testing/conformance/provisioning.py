"""What every middleware module must do. Subclass it, say which module and which panel, and run pytest.

    class TestAcme(ProvisioningConformance):
        @pytest.fixture
        def module(self): return AcmeModule()

        @pytest.fixture
        def panel(self, acme_server): return PanelConnection("acme", AcmeSettings(acme_server.url), HttpClient("acme"))

The panel is a real server on http:// (a fake one), for the tests break its connections in every place.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from billhead.plugin import (
    Absent,
    Ambiguous,
    CannotTell,
    Catalogue,
    Desired,
    Foreign,
    Found,
    Gone,
    Impossible,
    LineKind,
    PanelConnection,
    PanelError,
    PanelOutcomeUnknown,
    PanelUnreachable,
    ProvisioningModule,
    Tombstone,
)
from billhead.testing.breaking_proxy import Break, BreakingProxy
from billhead.testing.conformance.purchasing import PurchasingConformance, each_request
from billhead.testing.driving import Driver, all_changed, changes_of, new_line, observable
from billhead.testing.secrecy import assert_secret, secrets_of, told

__all__ = ["ProvisioningConformance"]


class ProvisioningConformance(PurchasingConformance):
    """Override the fixtures `module` and `panel`; name in `unchangeable` what this panel can never change."""

    unchangeable: frozenset[str] = frozenset()

    @pytest.fixture
    def module(self) -> ProvisioningModule:
        raise NotImplementedError("override the fixture `module`: return your ProvisioningModule")

    @pytest.fixture
    def panel(self) -> PanelConnection:
        raise NotImplementedError("override the fixture `panel`: return a PanelConnection to a running test panel")

    @pytest.fixture
    def proxy(self) -> Iterator[BreakingProxy]:
        with BreakingProxy() as proxy:
            yield proxy

    @pytest.fixture
    def broken(self, module: ProvisioningModule, panel: PanelConnection, proxy: BreakingProxy) -> Iterator[Driver]:
        """The same panel behind the proxy."""
        http = panel.http.through(proxy.transport())
        yield Driver(module, replace(panel, http=http))
        http.close()

    @pytest.fixture
    def driver(self, module: ProvisioningModule, panel: PanelConnection) -> Driver:
        return Driver(module, panel)

    @pytest.fixture
    def catalogue(self, module: ProvisioningModule, panel: PanelConnection) -> Catalogue:
        return module.catalogue(panel)

    @pytest.fixture
    def lines(self, module: ProvisioningModule, panel: PanelConnection, catalogue: Catalogue) -> list[Desired]:
        """One new line of each kind that the module serves."""
        return [new_line(kind, catalogue) for kind in LineKind if kind in module.capabilities(panel).kinds]

    # -- one line, from nothing to gone -------------------------------------------------------------------------------

    def test_it_is_a_module(self, module: ProvisioningModule, panel: PanelConnection) -> None:
        assert isinstance(module, ProvisioningModule)
        assert module.code == module.code.lower()
        assert module.label
        assert module.capabilities(panel).kinds, "capabilities().kinds is empty: this module serves nothing"
        assert module.check(panel), "check() returns a sentence for staff"

    def test_a_new_line_is_absent_then_created_then_in_step(self, driver: Driver, lines: list[Desired]) -> None:
        for desired in lines:
            assert isinstance(driver.module.look_up(driver.panel, desired), Absent)
            steps = driver.module.plan(driver.panel, desired, None)
            assert steps, "plan() for a line that is absent must create it"
            kept = driver.bring_in_step(driver.apply(steps, desired))
            assert driver.module.plan(driver.panel, kept, driver.found(kept)) == []

    def test_it_is_found_again_by_our_reference_alone(self, driver: Driver, lines: list[Desired]) -> None:
        for desired in lines:
            driver.bring_in_step(desired)
            assert isinstance(driver.module.look_up(driver.panel, desired), Found), "look_up without handle.data"

    def test_every_field_comes_in_step(self, driver: Driver, lines: list[Desired], catalogue: Catalogue) -> None:
        able = driver.module.capabilities(driver.panel)
        for desired in lines:
            kept = driver.bring_in_step(desired)
            for field, changed in changes_of(kept, able, catalogue):
                wanted = replace(changed, handle=kept.handle)
                self._bring_field_in_step(driver, field, wanted)
                kept = driver.bring_in_step(replace(kept, previous_password=wanted.password))

    def _bring_field_in_step(self, driver: Driver, field: str, wanted: Desired) -> None:
        before = driver.found(wanted)
        steps = driver.module.plan(driver.panel, wanted, before)
        if field in self.unchangeable:
            assert all(isinstance(step, Impossible) for step in steps), (
                f"{field} is unchangeable, plan() says {steps!r}"
            )
            return
        if not observable(before, field):
            return
        assert steps, f"plan() sees no difference, though {field} should be {getattr(wanted, field)!r}"
        driver.bring_in_step(driver.apply(steps, wanted))
        assert getattr(driver.found(wanted), field) != getattr(before, field), f"{field} is as it was before"

    def test_block_and_unblock(self, driver: Driver, lines: list[Desired]) -> None:
        for desired in lines:
            kept = driver.bring_in_step(desired)
            for blocked in (True, False, True):
                kept = driver.bring_in_step(replace(kept, blocked=blocked))
                assert driver.found(kept).blocked is blocked

    def test_applying_twice_changes_nothing_more(self, driver: Driver, lines: list[Desired]) -> None:
        if driver.sells:
            return  # a create is a purchase there: see conformance.purchasing
        for desired in lines:
            create = driver.module.plan(driver.panel, desired, None)
            driver.apply(create, driver.apply(create, desired))
            kept = driver.bring_in_step(desired)
            blocked = replace(kept, blocked=True)
            update = driver.module.plan(driver.panel, blocked, driver.found(kept))
            driver.apply(update, driver.apply(update, blocked))
            assert driver.module.plan(driver.panel, blocked, driver.found(blocked)) == []

    def test_removing_twice_is_removing_once(self, driver: Driver, lines: list[Desired]) -> None:
        for desired in lines:
            kept = driver.bring_in_step(desired)
            ends = [driver.module.remove(driver.panel, kept) for _ in range(2)]
            assert all(isinstance(end, Gone | Tombstone) for end in ends), f"remove() returned {ends!r}"
            seen = driver.module.look_up(driver.panel, kept)
            if isinstance(ends[1], Gone):
                assert isinstance(seen, Absent), f"remove() said Gone, look_up says {seen!r}"
            else:
                assert isinstance(seen, Found)
                assert seen.observed.blocked is True, "a Tombstone must not serve any more"

    def test_removing_what_never_was_is_gone(self, driver: Driver, lines: list[Desired]) -> None:
        for desired in lines:
            assert isinstance(driver.module.remove(driver.panel, desired), Gone)

    def test_the_neighbour_is_left_alone(self, driver: Driver, lines: list[Desired], catalogue: Catalogue) -> None:
        for desired in lines:
            neighbour = driver.bring_in_step(new_line(desired.kind, catalogue))
            before = driver.found(neighbour)
            kept = driver.bring_in_step(driver.bring_in_step(desired))
            driver.bring_in_step(replace(kept, blocked=True))
            driver.module.remove(driver.panel, kept)
            assert driver.found(neighbour) == before

    def test_the_list_holds_our_lines(self, driver: Driver, lines: list[Desired]) -> None:
        if not driver.module.capabilities(driver.panel).listing:
            return
        for desired in lines:
            kept = driver.bring_in_step(desired)
            assert _listed(driver, kept) == 1
            if isinstance(driver.module.remove(driver.panel, kept), Gone):
                assert _listed(driver, kept) == 0

    # -- when the panel does not answer -------------------------------------------------------------------------------

    def test_without_a_panel_it_plans_but_never_guesses(
        self, broken: Driver, proxy: BreakingProxy, lines: list[Desired]
    ) -> None:
        proxy.break_all(Break.BEFORE_SEND)
        for desired in lines:
            assert broken.module.capabilities(broken.panel)
            assert broken.module.plan(broken.panel, desired, None) == broken.module.plan(broken.panel, desired, None)
            assert broken.module.access(broken.panel, desired) is not None
            with pytest.raises(PanelUnreachable):
                broken.module.look_up(broken.panel, desired)
            with pytest.raises(PanelUnreachable):
                broken.apply(broken.module.plan(broken.panel, desired, None), desired)
            with pytest.raises((PanelUnreachable, PanelOutcomeUnknown)):
                broken.module.remove(broken.panel, desired)
        with pytest.raises(PanelError):
            broken.module.check(broken.panel)

    @pytest.mark.parametrize("at", list(Break))
    def test_absence_needs_a_proof(
        self,
        driver: Driver,
        broken: Driver,
        proxy: BreakingProxy,
        lines: list[Desired],
        catalogue: Catalogue,
        at: Break,
    ) -> None:
        for desired in lines:
            there = driver.bring_in_step(desired)
            for asked in (there, desired, new_line(desired.kind, catalogue)):
                for number in each_request(proxy, at):
                    try:
                        seen: object = broken.module.look_up(broken.panel, asked)
                    except PanelError as error:
                        seen = error
                    if proxy.has_broken:
                        why = f"request {number} broke ({at}), and look_up said {seen!r}"
                        assert isinstance(seen, PanelError | CannotTell | Found), why

    @pytest.mark.parametrize("at", list(Break))
    def test_a_broken_create_leaves_one_line(
        self,
        driver: Driver,
        broken: Driver,
        proxy: BreakingProxy,
        lines: list[Desired],
        catalogue: Catalogue,
        at: Break,
    ) -> None:
        for kind in [desired.kind for desired in lines]:
            for number in each_request(proxy, at):
                desired = new_line(kind, catalogue)
                self._try(broken, desired, None)
                again = driver.module.look_up(driver.panel, desired)
                assert not isinstance(again, Ambiguous | Foreign), f"request {number} broke ({at}): {again!r}"
                kept = driver.bring_in_step(desired)
                if driver.module.capabilities(driver.panel).listing:
                    assert _listed(driver, kept) == 1, f"request {number} broke ({at}): not one line, as it should be"

    @pytest.mark.parametrize("at", list(Break))
    def test_a_broken_change_heals(
        self,
        driver: Driver,
        broken: Driver,
        proxy: BreakingProxy,
        lines: list[Desired],
        catalogue: Catalogue,
        at: Break,
    ) -> None:
        for desired in lines:
            kept = driver.bring_in_step(desired)
            able = driver.module.capabilities(driver.panel)
            for _ in each_request(proxy, at):
                wanted = all_changed(kept, able, catalogue, but=self.unchangeable)
                self._try(broken, wanted, driver.found(kept))
                driver.bring_in_step(wanted)
                kept = driver.bring_in_step(replace(kept, previous_password=wanted.password))

    def _try(self, broken: Driver, desired: Desired, found: object) -> None:
        """Apply the plan over a connection that breaks somewhere. Whatever is raised must be a panel's error."""
        steps = broken.module.plan(broken.panel, desired, found)  # type: ignore[arg-type]
        try:
            broken.apply(steps, desired)
        except PanelError:
            return

    # -- what must not be told ----------------------------------------------------------------------------------------

    def test_no_secret_is_told(
        self,
        driver: Driver,
        broken: Driver,
        proxy: BreakingProxy,
        lines: list[Desired],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level("DEBUG")
        said = []
        for desired in lines:
            kept = driver.bring_in_step(desired)
            changed = replace(kept, password=f"third{kept.handle.ref}word", previous_password=kept.password)
            driver.bring_in_step(changed)
            said += [repr(driver.found(changed)), repr(changed), repr(driver.module.access(driver.panel, changed))]
            said += [repr(driver.module.plan(driver.panel, desired, None))]
            for at in Break:
                proxy.break_all(at)
                for call in (broken.module.look_up, broken.module.remove):
                    try:
                        said.append(repr(call(broken.panel, changed)))
                    except PanelError as error:
                        said.append(told(error))
            secrets = [*secrets_of(driver.panel.settings), desired.password, changed.password]
            assert_secret(secrets, [*said, caplog.text, repr(driver.panel.settings)])


def _listed(driver: Driver, desired: Desired) -> int:
    """How many lines of the panel are this one: by our reference where it is kept, else by login or MAC."""
    lines = list(driver.module.list_lines(driver.panel))
    return sum(
        desired.handle.ref == line.ref
        or (desired.kind is LineKind.STREAM and line.observed.login == desired.login)
        or (desired.mac is not None and line.observed.mac == desired.mac)
        for line in lines
    )
