"""The far side, on a real socket."""

import pytest

from billhead.testing import receiving


@pytest.fixture
def receiver():
    with receiving() as receiver:
        yield receiver
