"""The proxy breaks what it is told to, where it is told to, and the far side has acted exactly when it says so."""

import pytest

from billhead.domain.errors import PanelOutcomeUnknown, PanelUnreachable
from billhead.plugin import HttpClient
from billhead.testing import Break, BreakingProxy, FakePanel

CLEAN = [Break.BEFORE_ANSWER, Break.MID_HEADER, Break.MID_BODY]


@pytest.fixture
def panel():
    with FakePanel() as panel:
        yield panel


@pytest.fixture
def proxy():
    with BreakingProxy() as proxy:
        yield proxy


@pytest.fixture
def http(proxy):
    http = HttpClient("the panel", timeout_seconds=5).through(proxy.transport())
    yield http
    http.close()


def put(http, panel, ref="abc"):
    headers = {"Authorization": f"Bearer {panel.token}"}
    return http.write("PUT", f"{panel.url}/lines/{ref}", headers=headers, json={"login": "ada"})


def test_unbroken_it_is_not_noticed(panel, http):
    assert put(http, panel).status == 200
    assert panel.lines["abc"]["login"] == "ada"


def test_before_send_nothing_arrives(panel, proxy, http):
    proxy.break_all(Break.BEFORE_SEND)
    with pytest.raises(PanelUnreachable):
        put(http, panel)
    assert panel.requests == []


def test_in_mid_request_the_panel_does_nothing_and_we_do_not_know(panel, proxy, http):
    proxy.break_all(Break.MID_REQUEST)
    with pytest.raises(PanelOutcomeUnknown):
        put(http, panel)
    assert panel.lines == {}


@pytest.mark.parametrize("at", CLEAN)
def test_from_before_answer_on_the_panel_has_acted_and_we_do_not_know(panel, proxy, http, at):
    proxy.break_all(at)
    with pytest.raises(PanelOutcomeUnknown):
        put(http, panel)
    assert panel.lines["abc"]["login"] == "ada"


@pytest.mark.parametrize("at", [*CLEAN, Break.BEFORE_SEND, Break.MID_REQUEST])
def test_a_broken_question_is_unreachable(panel, proxy, http, at):
    proxy.break_all(at)
    with pytest.raises(PanelUnreachable):
        http.read(f"{panel.url}/lines")


def test_other_answers_come_instead(panel, proxy, http):
    proxy.break_all(Break.EMPTY_ANSWER)
    assert (put(http, panel).status, put(http, panel).body) == (200, b"")
    proxy.break_all(Break.SERVER_ERROR)
    assert put(http, panel).status == 502


def test_one_request_is_broken_and_no_other(panel, proxy, http):
    proxy.break_request(2, Break.BEFORE_ANSWER)
    put(http, panel, "one")
    assert not proxy.has_broken
    with pytest.raises(PanelOutcomeUnknown):
        put(http, panel, "two")
    assert proxy.has_broken
    assert put(http, panel, "three").status == 200
    proxy.mend()
    assert proxy.seen == 0
