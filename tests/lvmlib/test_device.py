"""The device by its name or by LVMLIB_DEVICE."""

import pytest
import torch

from lvmlib.device import as_device


@pytest.fixture(autouse=True)
def no_devices(monkeypatch):
    """A machine with a processor alone, and the variable unset."""
    monkeypatch.delenv("LVMLIB_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def with_cuda(monkeypatch, count):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


def test_by_name(monkeypatch):
    assert as_device("cpu") == as_device("auto") == as_device(torch.device("cpu")) == torch.device("cpu")
    with_cuda(monkeypatch, 2)
    assert as_device("auto") == as_device("cuda") == torch.device("cuda", 0)
    assert as_device("cuda:1") == torch.device("cuda", 1) and as_device("cpu") == torch.device("cpu")


def test_apples_comes_after_cuda(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert as_device("auto") == as_device("mps") == torch.device("mps")
    with_cuda(monkeypatch, 1)
    assert as_device("auto") == torch.device("cuda", 0)


def test_by_the_environment(monkeypatch):
    assert as_device() == torch.device("cpu")
    with_cuda(monkeypatch, 1)
    assert as_device() == torch.device("cuda", 0)
    monkeypatch.setenv("LVMLIB_DEVICE", "cpu")
    assert as_device() == torch.device("cpu") and as_device("cuda") == torch.device("cuda", 0)
    monkeypatch.setenv("LVMLIB_DEVICE", "gpu")
    with pytest.raises(ValueError, match="LVMLIB_DEVICE must be one of 'auto', 'cpu', 'cuda', 'mps' .*got 'gpu'"):
        as_device()


def test_a_device_that_is_not_there(monkeypatch):
    for name in ("cuda", "cuda:0", "mps"):
        with pytest.raises(ValueError, match=name.split(":")[0]):
            as_device(name)
    with_cuda(monkeypatch, 1)
    with pytest.raises(ValueError, match="'cuda:1', but this machine has 1 CUDA devices"):
        as_device("cuda:1")


@pytest.mark.parametrize("name", ["", "tpu", "cpu:3", "cuda:x", "CUDA"])
def test_other_names(name):
    with pytest.raises(ValueError, match="device must be one of"):
        as_device(name)
