"""`python -m billhead.testing`: the fake panel as a server, to try a module against by hand; and tapes of real panels.

python -m billhead.testing --port 9000 --token s3cret
python -m billhead.testing record --to https://panel.example:8443 --file tape.json --port 9000
python -m billhead.testing replay tape.json --port 9000
"""

import argparse
import signal
import sys
import threading
from pathlib import Path

from billhead.domain.errors import InvalidInput
from billhead.testing.fake_panel import FakePanel
from billhead.testing.recorder import Recorder
from billhead.testing.replay import Replay


def main(words: list[str] | None = None) -> int:
    chosen = _options().parse_args(words)
    try:
        chosen.run(chosen)
    except InvalidInput as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    except OSError as error:
        print(f"port {chosen.port} or the tape: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m billhead.testing", description="A middleware panel in memory.")
    options.add_argument("--port", type=int, default=9000)
    options.add_argument("--token", default="fake-panel-token")
    options.set_defaults(run=_run_fake_panel)
    more = options.add_subparsers(title="tapes of real panels")
    record = more.add_parser("record", help="stand before a panel and write down what it answers, without its secrets")
    record.add_argument("--to", required=True, help="the panel, e.g. https://panel.example:8443")
    record.add_argument("--file", type=Path, required=True, help="the tape, written at the end")
    record.add_argument("--hide", action="append", default=[], help="one more field to hide, e.g. full_name; repeat it")
    record.add_argument("--port", type=int, default=9000)
    record.set_defaults(run=_record)
    replay = more.add_parser("replay", help="answer as the panel on the tape did")
    replay.add_argument("tape", type=Path)
    replay.add_argument("--port", type=int, default=9000)
    replay.set_defaults(run=_replay)
    return options


def _run_fake_panel(chosen: argparse.Namespace) -> None:
    with FakePanel(token=chosen.token, port=chosen.port) as panel:
        _until_interrupted(f"Fake panel at {panel.url}, token {panel.token}; Ctrl-C ends it")


def _record(chosen: argparse.Namespace) -> None:
    if not chosen.file.resolve().parent.is_dir():
        raise InvalidInput("file", f"{chosen.file} can't be written: there is no such folder")
    with Recorder(chosen.to, chosen.file, port=chosen.port, hide=chosen.hide) as recorder:
        _until_interrupted(f"Recording at {recorder.url}; Ctrl-C writes {chosen.file}")
    _say(f"{len(recorder.exchanges)} requests on {chosen.file}: read it before you give it away")


def _replay(chosen: argparse.Namespace) -> None:
    with Replay(chosen.tape, port=chosen.port, loud=True) as panel:
        _until_interrupted(f"Playing {len(panel.tape.exchanges)} requests at {panel.url}; Ctrl-C ends it")
    _say(f"{len(panel.played)} requests answered, {len(panel.unknown)} were not on the tape")


def _until_interrupted(said: str) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended politely, a recording is written as well
    _say(said)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return


def _say(said: str) -> None:
    print(said, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
