"""`billhead-sandbox-panel`: run one sandbox until it is told to stop."""

import argparse
import signal
import sys
from pathlib import Path
from threading import Event

from billhead_sandbox.panel import seed
from billhead_sandbox.panel.catalogue import CatalogueRefused
from billhead_sandbox.panel.server import start


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    stop = Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stop.set())
    try:
        running = start(options.data, options.catalogue, options.port, options.host)
    except CatalogueRefused as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"Cannot listen on {options.host}:{options.port}: {error}. Choose another --port.", file=sys.stderr)
        return 1
    with running:
        if options.seed and not running.state.store.value("SELECT 1 FROM stalker_accounts LIMIT 1"):
            seed.sow(running.state, options.seed)
        print(f"sandbox panel listening on {running.url}", flush=True)
        stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="billhead-sandbox-panel", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9101, help="0 takes a free port and prints it")
    parser.add_argument("--data", type=Path, help="folder of the database; without it everything lives in memory")
    parser.add_argument("--catalogue", type=Path, help="JSON file with plans, bouquets, users and settings")
    parser.add_argument(
        "--seed",
        type=int,
        nargs="?",
        const=20,
        default=0,
        metavar="N",
        help="start an empty panel with N accounts of each kind that billing does not know (20)",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
