"""A kernel that dies at its start is started again, and nothing else is tried twice."""

import pytest
from nbval import kernel

from tools import kernel_start


class Start:
    """Fails so many times, then works."""

    def __init__(self, failures, message=kernel_start.DIED):
        self.failures, self.message, self.calls = failures, message, 0

    def __call__(self, **options):
        self.calls += 1
        if self.calls <= self.failures:
            raise RuntimeError(self.message)
        return options


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_a_kernel_that_dies_is_started_again(failures):
    start = Start(failures)
    assert kernel_start.started(start) == {}
    assert start.calls == failures + 1


def test_after_three_deaths_it_is_an_error():
    start = Start(3)
    with pytest.raises(RuntimeError, match=kernel_start.DIED):
        kernel_start.started(start)
    assert start.calls == 3


def test_another_error_is_one_at_once():
    start = Start(1, "Kernel didn't respond in 60 seconds")
    with pytest.raises(RuntimeError, match="didn't respond"):
        kernel_start.started(start)
    assert start.calls == 1


def test_nbval_starts_its_kernels_so(monkeypatch):
    start = Start(1)
    monkeypatch.setattr(kernel, "start_new_kernel", start)
    kernel_start.pytest_configure(None)
    assert kernel.start_new_kernel(kernel_name="python3") == {"kernel_name": "python3"}
    assert start.calls == 2
