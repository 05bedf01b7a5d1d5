"""Billhead's command line with a few kinds of job for tests: `python job_process.py serve|worker|jobs drain …`.

Each kind notes in a file what it did, so that a test sees what was done twice, or by a process that is gone.
"""

import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

from billhead.jobs.kinds import job_kind


def note(args, word):
    with Path(args["file"]).open("a") as file:  # one short write, appended: processes don't mix
        file.write(f"{word} {args['n']} {os.getpid()}\n")


@job_kind("test.note", lease=timedelta(seconds=2))
def _note(_ctx, args):
    note(args, "did")


@job_kind("test.slow")
def _slow(_ctx, args):
    note(args, "began")
    time.sleep(args["seconds"])
    note(args, "ended")


@job_kind("test.dies_once", lease=timedelta(seconds=0.5))
def _dies_once(_ctx, args):
    """The worker is killed in the middle of the first try."""
    before = Path(args["file"]).read_text() if Path(args["file"]).exists() else ""
    note(args, "began")
    if f"began {args['n']} " not in before:
        os.kill(os.getpid(), signal.SIGKILL)
    note(args, "ended")


if __name__ == "__main__":
    from billhead.cli import main

    main(sys.argv[1:])
