from collections.abc import Iterator

import pytest

from tests.lm.wire import WireServer


@pytest.fixture
def server() -> Iterator[WireServer]:
    server = WireServer()
    yield server
    server.close()
