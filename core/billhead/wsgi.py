"""`gunicorn billhead.wsgi:app`: the web alone, in as many processes as the server starts.

Jobs are done by `billhead worker` and found by `billhead beat`, through a broker that all of them reach.
"""

import sys

from flask import Flask

from billhead.config import load_config
from billhead.domain.errors import BillheadError, InvalidInput

_APP_LOAD_ERROR = 4  # what gunicorn takes as "stop, trying again is of no use"


def _web_process() -> Flask:
    config = load_config()
    if config.embedded:
        raise InvalidInput(
            "BILLHEAD_BROKER_URL",
            "memory:// reaches no other process, so jobs of this web process would never be done",
            hint="Set it to redis://… or amqp://… and run `billhead worker` and `billhead beat`, "
            "or serve from one process: billhead serve",
        )
    from billhead.app import create_app  # late: a refusal need not load everything first

    return create_app(config)


def _or_leave() -> Flask:
    try:
        return _web_process()
    except BillheadError as refused:
        sys.stderr.write(f"Billhead can't start: {refused.message}\n  {refused.hint or ''}\n")
        sys.stderr.flush()
        raise SystemExit(_APP_LOAD_ERROR) from None


app = _or_leave()
