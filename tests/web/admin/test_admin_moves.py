"""Moving a panel's lines in the admin area: figures, the move, its page and lines, called off, undone."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from billhead import clock
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.moves import PanelMove, PanelMoveLine
from billhead.models.operations import Notice


@pytest.fixture
def two(counter):
    """The shop's panel and an empty one beside it."""
    from billhead.models.panels import Panel, PanelBouquet

    with counter.shop.app.app_context(), writing(Context.system("test")) as tx:
        first = tx.session.scalar(select(Panel).order_by(Panel.id))
        other = Panel(seller_id=first.seller_id, code="second", name="Second <b>", module=first.module,
                      settings=first.settings, secrets=first.secrets)  # fmt: skip
        tx.session.add(other)
        tx.session.flush()
        named = select(PanelBouquet).where(PanelBouquet.panel_id == first.id)
        for one in tx.session.scalars(named).all():
            tx.session.add(PanelBouquet(panel_id=other.id, bouquet_id=one.bouquet_id, remote=one.remote))
        return counter, first.id, other.id


def send(counter, key, to, go, **fields):
    form = {"to": str(to), "plan": "0", "grace_hours": "24", "reason": "new rack", "go": go, **fields}
    return counter.staff.post(f"/admin/panels/{key}/move", form, page=f"/admin/panels/{key}/move")


def work(counter):
    for _ in range(3):
        counter.shop.work()
        clock.move_business_clock(clock.business_now() + timedelta(seconds=6))
    counter.shop.work()


def test_figures_come_first_then_the_move_and_the_way_back(two):
    counter, key, other = two
    with clock.business_time(clock.business_now()):
        assert "Move lines" in counter.get(f"/admin/panels/{key}").text
        seen = send(counter, key, other, "preview")
        assert seen.status_code == 200
        assert "Move 1 line<" in seen.text
        assert "Second &lt;b&gt;" in seen.text
        assert counter.row(PanelMove, 1) is None

        answer = send(counter, key, other, "move")
        assert answer.status_code == 303, answer.text
        assert 'data-look="/admin/moves/' in counter.get(answer.location).text
        work(counter)
        page = counter.get(answer.location).text
        assert "Move them back" in page
        assert "data-look=" not in page
        line = counter.row(PanelMoveLine, 1)
        assert (line.state, counter.row(PanelMove, 1).state) == ("moved", "standing"), line.reason
        assert counter.trail("panels.move") == [("staff:2", "move:1", "new rack")]
        assert "moved" in counter.get("/admin/moves/lines?move=1&format=csv").text
        with counter.shop.app.app_context(), reading() as session:
            told = session.scalars(select(Notice).where(Notice.kind == "access")).all()
            assert [one.data["service_id"] for one in told][-1] == line.new_service_id

        counter.confirm("/admin/moves/1/undo")
        work(counter)
        assert counter.row(PanelMoveLine, 1).state == "back"
        assert "done" in counter.get("/admin/moves").text


def test_it_is_called_off_and_mistakes_stand_at_their_fields(two):
    counter, key, other = two
    assert send(counter, key, 99, "move").status_code == 422
    assert send(counter, key, other, "move", grace_hours="-1").status_code == 422
    assert send(counter, key, other, "move", reason="").status_code == 422
    assert send(counter, key, other, "move").status_code == 303
    assert "goes on already" in send(counter, key, other, "move").text
    counter.confirm("/admin/moves/1/cancel")
    work(counter)
    assert counter.row(PanelMove, 1).state == "canceled"
    assert counter.row(PanelMoveLine, 1) is None
    assert counter.post("/admin/moves/1/cancel", reason="again").status_code == 422
