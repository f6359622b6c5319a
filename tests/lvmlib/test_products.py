"""Either BLAS library gives the product, of views and transposes too, into what is given; gradients go through torch."""

import pytest
import torch

from lvmlib import products
from lvmlib.products import product


@pytest.fixture(params=[False, True], ids=["torch", "numpy"])
def library(request, monkeypatch):
    monkeypatch.setattr(products, "numpy_is_faster", lambda: request.param)


def matrices(dtype):
    generator = torch.Generator().manual_seed(3)
    a, b = (torch.randn(shape, generator=generator, dtype=torch.float64) for shape in [(7, 90), (90, 41)])
    return a.to(dtype), b.to(dtype), a @ b


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_product_in_every_layout(library, dtype):
    a, b, exact = matrices(dtype)
    tolerance = 90 * torch.finfo(dtype).eps
    room = torch.empty(3, 7, 41, dtype=dtype)
    for found in [
        product(a, b),
        product(b.T, a.T).T,
        product(a.T.contiguous().T, b[:, :]),
        product(a, b, room[1]),
        product(a, b, torch.empty(41, 7, dtype=dtype).T),
    ]:
        assert found.dtype == dtype
        torch.testing.assert_close(found.double(), exact, rtol=0, atol=10 * tolerance)
    assert product(a, b, room[2]).data_ptr() == room[2].data_ptr()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_product_with_itself_in_either_library(library, dtype):
    a = matrices(dtype)[1]
    found = product(a, a.T)
    torch.testing.assert_close(found, found.T, rtol=0, atol=900 * torch.finfo(dtype).eps)
    torch.testing.assert_close(found.double(), a.double() @ a.double().T, rtol=0, atol=900 * torch.finfo(dtype).eps)


def test_gradients(library):
    a, b, _ = matrices(torch.float64)
    a, b = a[:, :5].clone().requires_grad_(), b[:5, :4].clone()
    assert torch.autograd.gradcheck(lambda a: product(a, b), a)
