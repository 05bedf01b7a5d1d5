"""The queue as staff see it: figures, filters, many at once with the figures first, and what went wrong at each try."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from billhead import clock
from billhead.actions.jobs._chosen import Chosen
from billhead.actions.jobs.retry_jobs import retry_jobs
from billhead.actions.scheduling import enqueue
from billhead.cli import main
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput
from billhead.jobs.kinds import KINDS, Kind
from billhead.jobs.queue import purge
from billhead.jobs.work import drain
from billhead.models.operations import Job, JobTry

CTX = Context.system("test")


def job(**more):
    row = {"kind": "provisioning.converge", "state": "parked", "error": "PanelRejected: no such bouquet", "tries": 6}
    return Job(**{**row, "due_at": clock.business_now(), "created_at": clock.now(), **more})


def states(counter, *where):
    with counter.shop.app.app_context(), reading() as session:
        query = select(Job.state, func.count()).where(*where).group_by(Job.state)
        return dict(session.execute(query).all())


def on_terminal(counter, *words):
    ran = CliRunner().invoke(main, ["jobs", *map(str, words), "--json"], obj=counter.shop.app)
    assert ran.exit_code == 0, (ran.stdout, ran.stderr, ran.exception)
    return json.loads(ran.stdout)


def test_the_queue_in_figures_and_what_has_waited_for_longest(any_counter):
    late = clock.business_now() - timedelta(minutes=12)
    (oldest, *_) = any_counter.add(job(kind="billing.run", state="queued", due_at=late, error=""), job(), job())
    text = any_counter.get("/admin/jobs").text
    assert f"Job {oldest}, billing.run, has waited for longest: 12 minutes." in text
    assert "parked <b>2</b>" in text
    told = on_terminal(any_counter, "list", "--kind", "billing.run")
    assert (told["counts"], told["oldest"]["id"]) == ({"queued": 1}, oldest)


def test_jobs_by_age_and_how_far_long_work_is(counter):
    old = clock.now() - timedelta(hours=3)
    counter.add(job(kind="a.old", created_at=old), job(kind="a.new"))
    counter.add(job(kind="a.long", state="running", progress={"done": 12, "of": 40}, error=""))
    shown = counter.get("/admin/jobs?older=60").text
    assert "a.old" in shown
    assert "a.new" not in shown
    assert "a.new" in counter.get("/admin/jobs?older=nonsense").text
    assert "12 of 40" in counter.get("/admin/jobs?state=running").text
    assert "12 of 40" in counter.get("/admin/jobs?format=csv&state=running").text
    assert [one["kind"] for one in on_terminal(counter, "list", "--older", 60)["jobs"]] == ["a.old"]


def test_all_of_a_kind_are_tried_again_with_the_figures_first(any_counter):
    any_counter.add(job(), job(error="PanelUnreachable: nobody answers"), job(kind="notices.send", error="550"))
    asked = "/admin/jobs/retry?state=parked&kind=provisioning.converge"
    question = any_counter.get(asked).text
    assert "Try 2 jobs again?" in question
    assert "2 provisioning.converge" in question
    assert "1 × PanelUnreachable: nobody answers" in question
    done = any_counter.confirm(asked, "the bouquet was mapped")
    assert "2 jobs are queued again." in done.text
    assert states(any_counter, Job.kind == "notices.send", Job.error == "550") == {"parked": 1}
    assert any_counter.trail("jobs.retry_many")[0][2] == "the bouquet was mapped"
    nothing = any_counter.post(asked, reason="again")
    assert nothing.status_code == 422
    assert "There is nothing to try again." in nothing.text


def test_the_same_thing_is_never_queued_twice(any_counter):
    any_counter.add(
        job(key="converge:7"), job(key="converge:7"), job(key="converge:8"), job(key="converge:8", state="queued"),
        job(key=None),
    )  # fmt: skip
    told = on_terminal(any_counter, "retry", "--all", "--dry-run")
    assert (told["jobs"], told["left_out"]) == (2, 2)
    assert on_terminal(any_counter, "retry", "--all")["jobs"] == 2
    assert states(any_counter, Job.key == "converge:7") == {"parked": 1, "queued": 1}
    assert states(any_counter, Job.key == "converge:8") == {"parked": 1, "queued": 1}


def test_many_are_called_off_with_the_figures_first(counter):
    counter.add(*[job(kind="a.b", state="queued", error="") for _ in range(3)], job(kind="a.b", state="running"))
    question = counter.get("/admin/jobs/cancel?state=queued&kind=a.b").text
    assert "Call 3 jobs off?" in question
    assert "3 jobs are called off." in counter.confirm("/admin/jobs/cancel?state=queued&kind=a.b", "not wanted").text
    assert states(counter, Job.kind == "a.b") == {"canceled": 3, "running": 1}
    assert on_terminal(counter, "cancel", "--all", "--state", "queued", "--kind", "none", "--dry-run")["jobs"] == 0
    counter.add(job(kind="c.d"))
    assert on_terminal(counter, "cancel", "--all", "--kind", "c.d")["jobs"] == 1


def test_what_is_asked_of_a_narrowed_list_is_done_to_nothing_else(counter):
    """As the form on the page sends it, which has no field for what the list is narrowed to."""
    counter.add(*[job(kind="a.b") for _ in range(3)], job(kind="c.d"), job(kind="a.b", state="failed"))
    told = counter.answer("/admin/jobs/retry?state=parked&kind=a.b")
    assert "3 jobs are queued again." in told.text
    assert states(counter, Job.kind.in_(("a.b", "c.d"))) == {"queued": 3, "parked": 1, "failed": 1}
    told = counter.answer("/admin/jobs/cancel?state=queued&kind=a.b", "not wanted")
    assert "3 jobs are called off." in told.text
    assert states(counter, Job.kind.in_(("a.b", "c.d"))) == {"canceled": 3, "parked": 1, "failed": 1}


def test_each_try_keeps_its_error_without_secrets(any_counter, monkeypatch):
    said = iter(["postgresql://me:hunter2@db/x is down", "api_key=hunter2&x=1", "password='hunter2'"])

    def fails(_ctx, _args):
        raise RuntimeError(next(said))

    monkeypatch.setitem(KINDS, "test.fails", Kind("test.fails", fails, max_tries=3))
    with any_counter.shop.app.app_context():
        with writing(CTX) as tx:
            key = enqueue(tx, "test.fails")
        for _ in range(3):
            with writing(CTX) as tx:
                tx.session.get_one(Job, key).due_at = clock.business_now()
            drain()
    told = on_terminal(any_counter, "show", key)
    assert [one["try"] for one in told["history"]] == [1, 2, 3]
    assert told["state"] == "parked"
    shown = any_counter.get(f"/admin/jobs/{key}").text
    assert "What went wrong" in shown
    for text in (shown, json.dumps(told)):
        assert "hunter2" not in text
        assert "is down" in text
    any_counter.shop.change(Job, key, state="done", finished_at=clock.now())
    with any_counter.shop.app.app_context():
        purge(clock.now() + timedelta(days=1))
        with reading() as session:
            assert session.scalar(select(func.count()).select_from(JobTry).where(JobTry.job_id == key)) == 0


def test_what_can_not_be_asked_for_is_refused(counter):
    with counter.shop.app.app_context(), writing(CTX) as tx:
        with pytest.raises(InvalidInput):
            retry_jobs(tx, Chosen(("running",)))
        with pytest.raises(Conflict):
            retry_jobs(tx, Chosen(("parked",), kind="none"))
    for words in (["retry"], ["cancel"], ["retry", "1", "--all"], ["show", "99999"]):
        assert CliRunner().invoke(main, ["jobs", *words], obj=counter.shop.app).exit_code == 1
    reader = counter.shop.person("staff", "reader@example.com")
    assert "Try all again" not in reader.get("/admin/jobs").text
    assert reader.get("/admin/jobs/retry").status_code == 403


def test_a_long_queue_is_one_page_and_a_few_questions(counter):
    with counter.counting() as few:
        counter.get("/admin/jobs")
    counter.add(*[job(kind="a.many") for _ in range(300)])
    with counter.counting() as many:
        text = counter.get("/admin/jobs").text
    assert len(many) == len(few)
    assert text.count("<tr>") <= 101
