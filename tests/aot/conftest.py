"""Native code of the tests is kept in a folder of its own; what needs MLIR is skipped where there is none."""

import pytest

from nozzle.aot import cache, mlir


@pytest.fixture(scope="session", autouse=True)
def kept_elsewhere(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOZZLE_AOT_CACHE", str(tmp_path_factory.mktemp("aot")))
        cache.folder.cache_clear()
        yield
    cache.folder.cache_clear()


needs_mlir = pytest.mark.skipif(
    not (mlir.found() and cache.linker()), reason="there is no MLIR, or no linker: pip install 'nozzle[aot]'"
)
