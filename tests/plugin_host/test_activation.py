"""Installed, loaded and active are three things; the third is a row, read at dispatch."""

import pytest
from sqlalchemy import select

from billhead import clock
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, NotAllowed, NotFound
from billhead.models.operations import AuditEntry, PluginState
from billhead.plugin_host import PluginHost, plugins

OPERATOR = Context.system("test", reason="it misbehaves")


@pytest.fixture
def host(host_app, database_url, pretend):
    points = [pretend("base", ""), pretend("extra", "REQUIRES = ('base',)"), pretend("torn", "API = 9")]
    app = host_app(database_url, points)
    with app.app_context():
        yield plugins()


def switch(verb, name, ctx=OPERATOR):
    with writing(ctx) as tx:
        verb(tx, name)


def test_what_is_installed_and_sound_is_on(host):
    assert host.active_names() == ["base", "extra"]


def test_a_plugin_is_switched_off_and_on_at_once(host):
    switch(host.disable, "extra")
    assert host.active_names() == ["base"]
    switch(host.enable, "extra")
    assert host.active_names() == ["base", "extra"]


def test_switching_leaves_an_audit_entry(host):
    switch(host.disable, "extra")
    with reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.subject, entry.reason) == ("plugins.disable", "plugin:extra", "it misbehaves")


def test_what_was_rolled_back_was_not_switched(host):
    def both(tx, _):
        host.disable(tx, "extra")
        host.disable(tx, "nobody")

    with pytest.raises(NotFound):
        switch(both, "")
    host.activation.forget()
    assert host.active_names() == ["base", "extra"]


def test_another_process_notices_after_two_seconds(host):
    other = PluginHost(host.all())
    assert other.active_names() == ["base", "extra"]
    switch(host.disable, "extra")
    assert other.active_names() == ["base", "extra"]
    other.activation.forget()  # as two seconds do
    assert other.active_names() == ["base"]


def test_what_others_require_stays_on(host):
    with pytest.raises(Conflict, match="extra requires base"):
        switch(host.disable, "base")


def test_a_plugin_waits_for_what_it_requires(host):
    switch(host.disable, "extra")
    switch(host.disable, "base")
    with pytest.raises(Conflict, match="extra requires base, which is switched off"):
        switch(host.enable, "extra")


def test_a_broken_plugin_can_not_be_switched_on(host):
    with pytest.raises(Conflict) as caught:
        switch(host.enable, "torn")
    assert "it is built for plugin API 9" in caught.value.message
    assert caught.value.hint == "upgrade Billhead"


def test_a_plugin_that_is_not_there_is_named_with_those_that_are(host):
    with pytest.raises(NotFound) as caught:
        switch(host.enable, "bse")
    assert caught.value.hint == "installed are: base, torn, extra"


def test_switching_needs_its_permission(host):
    reader = Context("staff:7", Role.STAFF, Scope(everything=True), frozenset({"plugins.read"}))
    with pytest.raises(NotAllowed, match=r"needs plugins\.write"):
        switch(host.disable, "extra", reader)


def test_a_row_of_a_plugin_that_was_uninstalled_does_no_harm(host):
    with writing(OPERATOR) as tx:
        tx.session.add(PluginState(name="gone", active=False, changed_at=clock.now()))
    host.activation.forget()
    assert host.active_names() == ["base", "extra"]
