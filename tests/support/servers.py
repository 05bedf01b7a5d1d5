"""Brokers and servers that tests use where one listens on its usual local port.

Elsewhere the test is skipped, with the reason. An address in the environment (BILLHEAD_TEST_REDIS_URL and the like)
takes the place of the usual one.
"""

import os
import socket
from urllib.parse import urlsplit

import pytest

USUAL = {
    "redis": "redis://127.0.0.1:6379/9",
    "rabbitmq": "amqp://guest:guest@127.0.0.1:5672//",
    "mariadb": "mysql://root@127.0.0.1:3306/test",
}


def address_or_skip(server: str) -> str:
    """The server's URL if something accepts connections there; otherwise this test is skipped."""
    variable = f"BILLHEAD_TEST_{server.upper()}_URL"
    url = os.environ.get(variable, USUAL[server])
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname, place.port), timeout=2).close()
    except OSError as refused:
        pytest.skip(f"no {server} on {place.hostname}:{place.port} ({refused}); start one or set {variable}")
    return url


@pytest.fixture(scope="session")
def redis_url() -> str:
    return address_or_skip("redis")


@pytest.fixture(scope="session")
def rabbitmq_url() -> str:
    return address_or_skip("rabbitmq")


@pytest.fixture(scope="session")
def mariadb_url() -> str:
    return address_or_skip("mariadb")


@pytest.fixture(params=["redis", "rabbitmq"])
def broker_url(request: pytest.FixtureRequest) -> str:
    """Each production broker in turn."""
    return address_or_skip(request.param)
