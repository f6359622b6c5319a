"""IWAE's gradient where weights vanish: exactly zero for those, the softmax for the others; the value is untouched."""

import torch

from lvmlib.bounds import iwae


def test_vanishing_weights_have_no_gradient_and_the_others_the_softmax():
    log_w = torch.tensor([[-90.0, -200.0], [-110.0, -100.0], [-118.5, -100.5], [-180.0, -127.0]], requires_grad=True)
    bound = iwae(log_w)
    bound.backward(torch.tensor([1.0, 2.0]))
    expected = log_w.detach().double().softmax(dim=0) * torch.tensor([1.0, 2.0])
    vanishing = torch.tensor([[False, True], [False, False], [True, False], [True, False]])  # more than ln 1e12 below
    assert (log_w.grad[vanishing] == 0).all()
    torch.testing.assert_close(log_w.grad[~vanishing], expected[~vanishing].float(), rtol=1e-4, atol=0)  # eps · |log_w|
    assert torch.equal(bound, torch.logsumexp(log_w, dim=0) - torch.tensor(4.0).log())


def test_all_weights_zero_in_one_example_leave_the_other_alone():
    log_w = torch.tensor([[-torch.inf, -3.0], [-torch.inf, -4.0]], requires_grad=True)
    bound = iwae(log_w)
    bound[1].backward()
    assert bound[0] == -torch.inf and torch.isfinite(bound[1])
    torch.testing.assert_close(log_w.grad[:, 1], torch.tensor([-3.0, -4.0]).softmax(dim=0))
