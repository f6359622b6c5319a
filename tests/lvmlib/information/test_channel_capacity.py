"""Blahut-Arimoto: closed forms, a scan of all input distributions, the bounds at every iteration, and bad input."""

import math

import pytest
import torch

from lvmlib.information.channel_capacity import channel_capacity, channel_information

DOUBLE = {"dtype": torch.float64}
DTYPES = pytest.mark.parametrize(("dtype", "atol"), [(torch.float32, 2e-5), (torch.float64, 2e-9)])
"""Twice the default tolerances."""
ACCELERATE = pytest.mark.parametrize("accelerate", [True, False])


def entropy(*probabilities: float) -> float:
    return -sum(p * math.log(p) for p in probabilities if p > 0)


def random_channels(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), **DOUBLE).mul(2).softmax(dim=-1)


def closed_forms() -> list:
    """(channel, capacity in nats, an optimal input distribution or None where there are many)."""
    noise, erased, z = 0.11, 0.3, 0.35
    z_capacity = math.log(1 + (1 - z) * z ** (z / (1 - z)))
    z_one = 1 / ((1 - z) * (1 + math.exp(entropy(z, 1 - z) / (1 - z))))
    asymmetric = [[1 - erased, erased, 0.0], [0.0, erased, 1 - erased]]
    typewriter = [[0.5, 0.5, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0], [0.0, 0.0, 0.5, 0.5], [0.5, 0.0, 0.0, 0.5]]
    return [
        ([[1 - noise, noise], [noise, 1 - noise]], math.log(2) - entropy(noise, 1 - noise), [0.5, 0.5]),
        (asymmetric, (1 - erased) * math.log(2), [0.5, 0.5]),
        ([[1.0, 0.0], [z, 1 - z]], z_capacity, [1 - z_one, z_one]),
        (torch.eye(5).tolist(), math.log(5), [0.2] * 5),
        # two inputs do the same, one output is never met
        ([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], math.log(2), None),
        ([[0.2, 0.5, 0.3]] * 4, 0.0, None),
        (typewriter, math.log(2), None),
        ([[0.6, 0.4]], 0.0, [1.0]),
    ]


class TestClosedForms:
    @DTYPES
    @ACCELERATE
    @pytest.mark.parametrize("case", closed_forms(), ids="bsc erasure z noiseless repeated useless typewriter single".split())
    def test_capacity_and_optimum(self, case, dtype, atol, accelerate):
        rows, capacity, optimum = case
        found = channel_capacity(torch.tensor(rows, dtype=dtype), accelerate=accelerate)
        assert found.converged.all() and found.lower.dtype == dtype
        assert found.lower.item() == pytest.approx(capacity, abs=atol)
        assert found.upper.item() == pytest.approx(capacity, abs=atol)
        if optimum is not None:
            # the capacity is flat at its maximum: half as many digits
            torch.testing.assert_close(found.input_distribution, torch.tensor(optimum, dtype=dtype), rtol=0, atol=3 * atol**0.5)

    def test_in_bits(self):
        found = channel_capacity(torch.eye(8, **DOUBLE))
        assert found.lower_bits.item() == pytest.approx(3, abs=1e-8) and found.upper_bits.item() == pytest.approx(3, abs=1e-8)


class TestAgainstAScan:
    def test_two_inputs(self):
        """I(p) on a grid of 100,001 input distributions: its maximum is within (step)² of the capacity."""
        channel = random_channels(3, 4, 2, 3)
        first = torch.linspace(0, 1, 100_001, **DOUBLE)
        inputs = torch.stack([first, 1 - first], dim=1)
        for one in channel:
            best = channel_information(one.expand(len(inputs), 2, 3), inputs).max().item()
            assert channel_capacity(one).lower.item() == pytest.approx(best, abs=3e-9)

    def test_no_other_input_distribution_carries_more(self):
        channel = random_channels(5, 6, 4)
        found = channel_capacity(channel)
        others = torch.rand(2000, 6, generator=torch.Generator().manual_seed(6), **DOUBLE).log().mul(0.3).softmax(dim=1)
        assert (channel_information(channel.expand(2000, 6, 4), others) <= found.upper + 1e-12).all()
        torch.testing.assert_close(channel_information(channel, found.input_distribution), found.lower)


class TestLaws:
    @ACCELERATE
    def test_bounds_enclose_and_approach_at_every_iteration(self, accelerate):
        channel = random_channels(7, 5, 6, 4)
        found = channel_capacity(channel, accelerate=accelerate)
        assert found.converged.all()
        assert (found.lower_history.diff(dim=0) >= -1e-14).all()  # rounding of a sum of 6
        assert (found.upper_history.diff(dim=0) <= 0).all()
        assert (found.lower_history <= found.lower + 1e-14).all() and (found.upper_history >= found.lower - 1e-14).all()
        assert ((found.upper - found.lower) <= 1e-9).all()
        assert len(found.lower_history) == int(found.n_iterations.max()) + 1

    def test_acceleration_changes_the_way_and_not_the_end(self):
        channel = random_channels(9, 5, 8, 5)
        plain, longer = (channel_capacity(channel, accelerate=accelerate) for accelerate in (False, True))
        torch.testing.assert_close(plain.lower, longer.lower, rtol=0, atol=1e-9)
        assert longer.n_iterations.sum() < plain.n_iterations.sum()

    def test_the_batch_does_not_matter(self):
        channel = random_channels(11, 3, 2, 5, 4)
        together = channel_capacity(channel)
        assert together.lower.shape == (3, 2) and together.input_distribution.shape == (3, 2, 5)
        assert together.output_distribution.shape == (3, 2, 4) and together.lower_history.shape[1:] == (3, 2)
        for i in range(3):
            for j in range(2):
                alone = channel_capacity(channel[i, j])
                assert alone.n_iterations == together.n_iterations[i, j]
                # a batched product sums in another order
                torch.testing.assert_close(alone.lower, together.lower[i, j], rtol=0, atol=1e-14)
                torch.testing.assert_close(alone.input_distribution, together.input_distribution[i, j], rtol=0, atol=1e-10)

    def test_order_of_inputs_and_outputs_does_not_matter(self):
        channel = random_channels(13, 5, 4)
        found = channel_capacity(channel)
        rows, columns = torch.tensor([3, 0, 4, 1, 2]), torch.tensor([2, 3, 0, 1])
        other = channel_capacity(channel[rows][:, columns])
        torch.testing.assert_close(other.lower, found.lower, rtol=0, atol=1e-12)
        torch.testing.assert_close(other.input_distribution, found.input_distribution[rows], rtol=0, atol=1e-7)
        torch.testing.assert_close(other.output_distribution, found.output_distribution[columns], rtol=0, atol=1e-7)

    def test_processing_the_output_loses_and_two_channels_add(self):
        channel, processing = random_channels(15, 4, 3), random_channels(16, 3, 3)
        capacity = channel_capacity(channel).upper
        assert channel_capacity(channel @ processing).lower < capacity
        other = random_channels(17, 2, 3)
        both = torch.einsum("xy,ab->xayb", channel, other).reshape(8, 9)
        expected = capacity + channel_capacity(other).upper
        torch.testing.assert_close(channel_capacity(both).lower, expected, rtol=0, atol=3e-9)

    def test_a_useless_input_gets_no_mass(self):
        """The third input is a mixture of the others: it can carry nothing more."""
        two = random_channels(19, 2, 4)
        channel = torch.cat([two, two.mean(dim=0, keepdim=True)])
        found = channel_capacity(channel)
        torch.testing.assert_close(found.lower, channel_capacity(two).lower, rtol=0, atol=2e-9)
        assert found.input_distribution[2] < 1e-6

    def test_too_few_iterations_are_told(self):
        channel = random_channels(21, 5, 4)
        found, best = channel_capacity(channel, max_iterations=2, accelerate=False), channel_capacity(channel)
        assert not found.converged and found.n_iterations == 2
        assert found.lower < best.lower < found.upper


class TestInformation:
    def test_by_the_definition(self):
        channel, inputs = random_channels(23, 3, 4), torch.tensor([0.5, 0.2, 0.3], **DOUBLE)
        joint = inputs[:, None] * channel
        expected = (joint * (joint / (inputs[:, None] * joint.sum(dim=0))).log()).sum()
        torch.testing.assert_close(channel_information(channel, inputs), expected)

    def test_gradient(self):
        """At any p: dI/dp(x) = D_x - 1, and the optimum has all D_x equal."""
        channel = random_channels(25, 3, 4)
        logits = torch.tensor([0.3, -0.4, 0.9], **DOUBLE, requires_grad=True)
        assert torch.autograd.gradcheck(lambda a: channel_information(channel, a.softmax(dim=0)), [logits])


@pytest.mark.parametrize(
    ("channel", "settings", "error", "message"),
    [
        (torch.tensor([[0.5, 0.6], [1.0, 0.0]]), {}, ValueError, "rows that sum to 1, but one is 0.1 away"),
        (torch.tensor([[1.5, -0.5], [1.0, 0.0]]), {}, ValueError, "got -0.5"),
        (torch.tensor([[float("nan"), 1.0], [1.0, 0.0]]), {}, ValueError, "NaN"),
        (torch.tensor([0.5, 0.5]), {}, (TypeError, ValueError), "channel"),  # of jaxtyping under pytest, ours elsewhere
        (torch.zeros(0, 3), {}, ValueError, "no dimension 0"),
        (torch.eye(2), {"tolerance": -1.0}, ValueError, "tolerance must be at least 0"),
        (torch.eye(2), {"tolerance": float("nan")}, ValueError, "tolerance"),
        (torch.eye(2), {"max_iterations": 0}, ValueError, "max_iterations must be at least 1"),
        (torch.eye(2), {"max_iterations": 2.5}, TypeError, "max_iterations"),
        (torch.eye(2, dtype=torch.int64), {}, TypeError, "channel"),
    ],
)
def test_bad_input(channel, settings, error, message):
    with pytest.raises(error, match=message):
        channel_capacity(channel, **settings)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [([0.5, 0.6], "sum to 1"), ([1.2, -0.2], "negative"), ([0.2, 0.3, 0.5], "shape|inputs")],
)
def test_bad_input_distribution(inputs, message):
    with pytest.raises((TypeError, ValueError), match=message):
        channel_information(torch.eye(2), torch.tensor(inputs))
