"""The same gradients where a training loop runs them: DistributedDataParallel, and autocast to bfloat16."""

import pytest
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from lvmlib.amortized.architectures import bernoulli_vae, two_layer_bernoulli_vae
from lvmlib.gradients import doubly_reparameterized, reparameterized, score_function, sticking_the_landing

ESTIMATORS = [reparameterized, sticking_the_landing, doubly_reparameterized, score_function]


def vae(n_layers):
    torch.manual_seed(4)
    if n_layers == 1:
        return bernoulli_vae(7, n_latent=3, hidden=(6, 5))
    return two_layer_bernoulli_vae(7, n_latent=(4, 3), hidden=((6, 5), (5, 4)))


X = torch.rand(12, 7, generator=torch.Generator().manual_seed(8)).round()


class Objective(nn.Module):
    """What is wrapped for several processes: called with x, it returns the loss."""

    def __init__(self, model, estimator):
        super().__init__()
        self.model, self.estimator = model, estimator

    def forward(self, x):
        return -self.estimator(self.model, x, 4, 6).mean()


def gradients_of(module, x=X):
    module.zero_grad()
    module(x).backward()
    return [parameter.grad.clone() for parameter in module.parameters()]


@pytest.fixture(scope="module")
def one_process(tmp_path_factory):
    store = tmp_path_factory.mktemp("store") / "store"
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_distributed_data_parallel_gives_the_same_gradients(estimator, n_layers, one_process):
    """Each parameter's gradient is ready once and only once, though q is also evaluated with its parameters held fixed."""
    objective = Objective(vae(n_layers), estimator)
    alone = gradients_of(objective)
    wrapped = DistributedDataParallel(objective)
    for _ in range(2):  # a second step fails where the first left a parameter behind
        for expected, gradient in zip(alone, gradients_of(wrapped), strict=True):
            assert torch.equal(gradient, expected)


@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_autocast_gives_the_gradient_to_the_precision_of_bfloat16(estimator, n_layers):
    """bfloat16 has 8 bits: each layer rounds to 0.4 %, and the whole gradient keeps its direction and size to a few."""
    objective = Objective(vae(n_layers), estimator)
    exact = torch.cat([gradient.flatten() for gradient in gradients_of(objective)])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = objective(X)
    objective.zero_grad()
    loss.backward()
    gradient = torch.cat([parameter.grad.flatten() for parameter in objective.parameters()])
    assert gradient.dtype == torch.float32 and torch.isfinite(gradient).all()
    assert (gradient - exact).norm() < 0.1 * exact.norm()
