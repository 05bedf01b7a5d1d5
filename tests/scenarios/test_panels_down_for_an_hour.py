"""Both panels are down for an hour in the middle of a day's business; afterwards nothing differs, without a hand."""

from datetime import timedelta

from sqlalchemy import select

from two_panels import NEW_YEAR, NOW

PANELS = ("stalker", "xtream")
EVERYTHING = {"stalker": "stalker.*", "xtream": "xtream.*"}
STEP = 5  # minutes between two things that customers do


def test_an_hour_without_panels_leaves_no_difference(operator):
    """Orders, renewals, blocks, new passwords, bouquets and ends go on meanwhile; nobody who paid is cut."""
    from billhead import clock
    from billhead.models.operations import Job
    from billhead.models.subscriptions import Service

    standing = {on: [operator.line(on, bouquets=["sport"]) for _ in range(6)] for on in PANELS}
    operator.work()
    for on in PANELS:
        assert [operator.service(each).sync for each in standing[on]] == ["ok"] * 6
    open_before = {on: {held.login for held in operator.on(on) if not held.blocked} for on in PANELS}

    operator.wait(minutes=30)
    operator.work()
    for on in PANELS:
        operator.fault("down", EVERYTHING[on])
    operator.calls()
    for step in range(60 // STEP):
        one_thing_happens(operator, standing, step)
        operator.work()
        operator.wait(minutes=STEP)
        operator.work()
    assert clock.business_now() >= NOW + timedelta(minutes=90)
    tried = sum(operator.calls().values())
    assert 0 < tried < 100  # the breaker: calls a line and five minutes would be hundreds

    for on in PANELS:
        assert len(operator.on(on)) == 6, "what was ordered meanwhile is not there yet, and what has ended still is"

    paid = {operator.service(each).login for lines in standing.values() for each in lines[:4]}
    for on in PANELS:
        assert open_before[on] & paid <= {held.login for held in operator.on(on) if not held.blocked}

    operator.heal()
    services = operator._read(lambda session: list(session.scalars(select(Service))))
    assert {service.sync for service in services} == {"ok"}
    assert [service.login for service in services if service.converged_version != service.desired_version] == []
    left = operator._read(lambda session: list(session.scalars(select(Job).where(Job.state.in_(["parked", "failed"])))))
    assert [job for job in left if job.kind.startswith("provisioning.")] == []
    for on in PANELS:
        report = operator.reconcile(on)
        assert (report.differences, report.held) == (0, ""), report.as_dict()
        assert report.in_step == report.services == 5 + 2  # one of six has ended, two were ordered meanwhile
        assert operator.panel(on).failures == 0
        assert operator.panel(on).open_until is None


def one_thing_happens(operator, standing, step):
    """On each panel in turn, so that each of its lines is changed once or twice while it is down."""
    on = PANELS[step % 2]
    lines = standing[on]
    match step // 2:
        case 0:
            operator.want(lines[0], desired_expires_at=NEW_YEAR + timedelta(days=31))
        case 1:
            operator.line(on, bouquets=["kids"])
        case 2:
            operator.want(lines[1], password="another-horse")
        case 3:
            operator.want(lines[4], desired_blocked=True)
            operator.line(on)
        case 4:
            operator.want(lines[2], bouquets=["sport", "kids"])
        case _:
            operator.want(lines[5], lifecycle="unwanted")
            operator.want(lines[0], desired_expires_at=NEW_YEAR + timedelta(days=59))
