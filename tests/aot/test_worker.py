"""The compiler is a process of its own."""

import os
import resource

import pytest

from nozzle.aot.worker import Worker
from tests.aot.conftest import needs_mlir


@needs_mlir
def test_a_program_may_have_many_files_open() -> None:
    soft, hard = limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("this system allows no more than 2048 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    worker = Worker()
    try:
        assert "source_filename" in worker.ask("llvm", text="module {}")["text"]
    finally:
        worker._end()
        for each in held:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
