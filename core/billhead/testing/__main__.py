"""`python -m billhead.testing`: the fake panel as a server, to try a module against by hand."""

import argparse
import threading

from billhead.testing.fake_panel import FakePanel


def serve_until_interrupted() -> None:
    options = argparse.ArgumentParser(description="A middleware panel in memory.")
    options.add_argument("--port", type=int, default=9000)
    options.add_argument("--token", default="fake-panel-token")
    chosen = options.parse_args()
    with FakePanel(token=chosen.token, port=chosen.port) as panel:
        print(f"Fake panel at {panel.url}, token {panel.token}; Ctrl-C ends it", flush=True)  # noqa: T201
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    serve_until_interrupted()
