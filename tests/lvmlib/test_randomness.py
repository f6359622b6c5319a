"""Drawing from a generator: the numbers that torch.manual_seed would give, and the global state untouched."""

import torch

from lvmlib.randomness import drawing_from


def test_the_numbers_are_those_of_manual_seed_and_the_global_state_is_as_before():
    torch.manual_seed(11)
    before = torch.get_rng_state()
    with drawing_from(torch.Generator().manual_seed(5)):
        found = torch.distributions.Normal(0.0, 1.0).sample((7,))
    assert torch.equal(torch.get_rng_state(), before)
    seed = int(torch.randint(2**62, (), generator=torch.Generator().manual_seed(5)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        assert torch.equal(found, torch.randn(7))
