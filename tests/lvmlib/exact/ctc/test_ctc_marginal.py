"""ln p(y) of CTC and its gradient: against the list of all paths, against PyTorch, and by what must hold."""

import itertools
import math

import pytest
import torch
from ctc_paths import Case, log_sum

from lvmlib.exact.ctc import collapse, ctc_log_marginal, ctc_posterior, frames_needed
from lvmlib.exact.ctc.arguments import check_log_probs, check_targets
from lvmlib.exact.ctc.lattice import build_lattice
from lvmlib.exact.ctc.recursion import forward_backward

DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])


def random_case(frames, batch, classes, labels, seed, dtype=torch.float64, scale=3.0, ragged=True):
    """Logits, and targets with many equal neighbours, blank 0."""
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(frames, batch, classes, generator=generator, dtype=torch.float64)
    targets = torch.randint(1, classes, (batch, labels), generator=generator)
    repeat = torch.rand(batch, labels - 1, generator=generator) < 0.3
    targets[:, 1:] = torch.where(repeat, targets[:, :-1], targets[:, 1:])
    target_lengths, input_lengths = torch.full((batch,), labels), torch.full((batch,), frames)
    if ragged:
        target_lengths[1:] -= torch.randint(0, labels // 2 + 1, (batch - 1,), generator=generator)
        input_lengths[1:] -= torch.randint(0, frames // 4 + 1, (batch - 1,), generator=generator)
    return logits.to(dtype), targets, input_lengths, target_lengths


class TestEnumeration:
    @pytest.mark.parametrize("blank", [0, 2, 3])
    def test_value(self, blank):
        case = Case(blank)
        expected = torch.tensor([log_sum(w for _, w in case.paths(n)) for n in range(7)], dtype=torch.float64)
        # b b in three frames has the one path b-b; c c c in six frames has few
        assert len(case.paths(4)) == 1 and torch.isfinite(expected).all()
        torch.testing.assert_close(ctc_log_marginal(*case.arguments), expected, rtol=1e-13, atol=1e-13)

    @pytest.mark.parametrize("blank", [0, 2])
    def test_gradient_is_the_posterior(self, blank):
        case = Case(blank)
        case.log_probs.requires_grad_()
        (gradient,) = torch.autograd.grad(ctc_log_marginal(*case.arguments).sum(), case.log_probs)
        expected = torch.zeros_like(gradient)
        for n in range(7):
            total = log_sum(w for _, w in case.paths(n))
            for path, weight in case.paths(n):
                expected[torch.arange(len(path)), n, torch.tensor(path)] += math.exp(weight - total)
        torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-13)

    def test_all_label_sequences_together_have_probability_1(self):
        case = Case(blank=1)
        sequences = [labels for n in range(5) for labels in itertools.product((0, 2, 3), repeat=n)]
        padded = torch.full((len(sequences), 4), -7)
        for row, labels in enumerate(sequences):
            padded[row, : len(labels)] = torch.tensor(labels, dtype=torch.int64)
        lengths = torch.tensor([len(labels) for labels in sequences])
        frames = case.log_probs[:4, :1].expand(-1, len(sequences), -1)
        values = ctc_log_marginal(frames, padded, torch.full_like(lengths, 4), lengths, 1)
        assert values.exp().sum().item() == pytest.approx(1, abs=1e-13)
        needed = frames_needed(padded, lengths)
        assert torch.equal(values == -torch.inf, needed > 4) and (needed > 4).any()

    def test_zero_probabilities_in_the_frames(self):
        case = Case(blank=0)
        case.log_probs[2, :, 1] = -torch.inf
        case.log_probs[0, 4] = -torch.inf  # the first frame of b b can be nothing at all
        expected = [log_sum(w for _, w in case.paths(n)) for n in range(7)]
        case.log_probs.requires_grad_()
        values = ctc_log_marginal(*case.arguments)
        torch.testing.assert_close(values.detach(), torch.tensor(expected, dtype=torch.float64), rtol=1e-13, atol=1e-13)
        assert values[4] == -torch.inf and torch.isfinite(values[[0, 1, 2, 3]]).all()
        (gradient,) = torch.autograd.grad(values.sum(), case.log_probs)
        assert torch.isfinite(gradient).all() and (gradient[:, 4] == 0).all() and (gradient[:, 0].sum(1) > 0.99).all()


class TestPyTorch:
    """torch.nn.functional.ctc_loss does the same for the value, and for the gradient with respect to logits."""

    @pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-11), (torch.float32, 1e-5)])
    def test_value_and_gradient(self, dtype, tolerance):
        logits, targets, input_lengths, target_lengths = random_case(70, 5, 9, 12, seed=4, dtype=dtype)
        gradients, values = [], []
        for loss in (
            lambda p: -ctc_log_marginal(p, targets, input_lengths, target_lengths),
            lambda p: torch.nn.functional.ctc_loss(p, targets, input_lengths, target_lengths, reduction="none"),
        ):
            leaf = logits.clone().requires_grad_()
            value = loss(leaf.log_softmax(dim=2))
            weights = torch.tensor([0.5, 2.0, -1.0, 1.5, 3.0], dtype=dtype)
            gradients += torch.autograd.grad((weights * value).sum(), leaf)
            values.append(value.detach())
        torch.testing.assert_close(*values, rtol=tolerance, atol=0)
        # in float32 the peer's scores, some 200 nats, are rounded to 1e-5 in each of 70 frames
        torch.testing.assert_close(*gradients, rtol=0, atol=tolerance if dtype == torch.float64 else 1e-3)

    def test_float32_is_nearer_to_float64_than_the_peer_s(self):
        logits, *rest = random_case(200, 5, 9, 40, seed=4)
        log_probs = logits.float().log_softmax(dim=2).requires_grad_()
        exact = ctc_posterior(log_probs.detach().double(), *rest).classes
        loss = torch.nn.functional.ctc_loss(log_probs, *rest, reduction="sum")
        peer = log_probs.detach().exp() - torch.autograd.grad(loss, log_probs)[0]
        inside = torch.arange(200)[:, None] < rest[1]
        error, peers_error = ((p.double() - exact)[inside].abs().max() for p in (ctc_posterior(log_probs, *rest).classes, peer))
        # scores of less than 100 nats beside the greatest, rounded 200 times at random: 100 eps √200
        assert error < 100 * torch.finfo(torch.float32).eps * 200**0.5 and error < peers_error

    def test_blank_elsewhere(self):
        logits, targets, input_lengths, target_lengths = random_case(30, 4, 6, 7, seed=5)
        targets = targets - 1  # labels 0 .. 4, and the blank the last class
        log_probs = logits.log_softmax(dim=2)
        peer = torch.nn.functional.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=5, reduction="none")
        torch.testing.assert_close(ctc_log_marginal(log_probs, targets, input_lengths, target_lengths, 5), -peer, rtol=1e-12, atol=0)

    @pytest.mark.parametrize("scale", [0.1, 20.0])
    def test_safe_at_2000_frames(self, scale):
        """Frames that say nothing, and frames that are sure of the wrong thing: 4,000 and 40,000 nats."""
        logits, *rest = random_case(2000, 1, 8, 150, seed=6, scale=scale, ragged=False)
        log_probs = logits.float().log_softmax(dim=2)
        peer = -torch.nn.functional.ctc_loss(log_probs.double(), *rest, reduction="none")
        single, double = ctc_posterior(log_probs, *rest), ctc_posterior(log_probs.double(), *rest)
        # the value as near as its dtype tells; a double rounds 2,000 times to 1e-16 of a score below 1,000
        torch.testing.assert_close(double.elbo(), peer, rtol=1e-13, atol=0)
        torch.testing.assert_close(single.elbo().double(), peer, rtol=2 * torch.finfo(torch.float32).eps, atol=0)
        torch.testing.assert_close(single.classes.double(), double.classes, rtol=0, atol=1e-3)

    def test_every_frame_tells_the_same_sum(self):
        """ln Σ_s exp(before + e + after) is ln p(y) at each frame: the two readings fit together."""
        logits, *rest = random_case(400, 3, 8, 50, seed=7)
        lattice = build_lattice(logits.log_softmax(dim=2), *rest, 0)
        before, after = forward_backward(lattice)
        sums = (before.relative + lattice.emissions + after.relative).logsumexp(dim=1) + before.offset + after.offset
        torch.testing.assert_close(sums, before.of_end(lattice).expand_as(sums), rtol=1e-13, atol=0)


class TestInfeasible:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_minus_infinity_and_no_gradient(self, dtype):
        """Three labels in two frames; two equal ones in two frames; a label in none. The others as if alone."""
        logits = torch.randn(4, 4, 5, generator=torch.Generator().manual_seed(2), dtype=dtype).requires_grad_()
        targets = torch.tensor([[1, 2, 4], [3, 3, 0], [2, 0, 0], [4, 4, 1]])
        input_lengths, target_lengths = torch.tensor([2, 2, 0, 4]), torch.tensor([3, 2, 1, 3])
        values = ctc_log_marginal(logits.log_softmax(dim=2), targets, input_lengths, target_lengths)
        assert values[:3].tolist() == [-math.inf] * 3 and torch.isfinite(values[3])
        (gradient,) = torch.autograd.grad(values.sum(), logits)
        assert torch.isfinite(gradient).all() and (gradient[:, :3] == 0).all() and (gradient[:, 3] != 0).all()
        alone = logits.detach()[:, 3:].clone().requires_grad_()
        ctc_log_marginal(alone.log_softmax(dim=2), targets[3:], input_lengths[3:], target_lengths[3:]).sum().backward()
        torch.testing.assert_close(gradient[:, 3:], alone.grad)

    def test_a_loss_that_divides_by_the_value_has_no_nan_gradient(self):
        log_probs = torch.randn(2, 1, 4, dtype=torch.float64).log_softmax(dim=2).requires_grad_()
        value = ctc_log_marginal(log_probs, torch.tensor([[1, 1]]), torch.tensor([2]), torch.tensor([2]))
        (gradient,) = torch.autograd.grad(value.exp().log().sum(), log_probs)  # 0 / 0 comes down to it
        assert (gradient == 0).all()

    def test_no_frames_and_no_labels_is_certain(self):
        empty = torch.empty(0, 2, 3, requires_grad=True)
        none = torch.zeros(2, dtype=torch.int64)
        values = ctc_log_marginal(empty, torch.empty(2, 0, dtype=torch.int64), none, none)
        assert values.tolist() == [0, 0]
        assert torch.autograd.grad(values.sum(), empty)[0].shape == (0, 2, 3)

    def test_the_empty_target_is_blanks_only(self):
        log_probs = torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(8), dtype=torch.float64).log_softmax(2)
        lengths = torch.tensor([5, 3, 1])
        values = ctc_log_marginal(log_probs, torch.empty(3, 0, dtype=torch.int64), lengths, torch.zeros_like(lengths), 2)
        expected = [log_probs[:t, n, 2].sum() for n, t in enumerate(lengths.tolist())]
        torch.testing.assert_close(values, torch.stack(expected))


class TestLaws:
    def test_gradient_against_finite_differences(self):
        case = Case(blank=2)
        assert torch.autograd.gradcheck(lambda p: ctc_log_marginal(p, *case.arguments[1:]), case.log_probs.requires_grad_())

    def test_with_and_without_gradient_the_value_is_the_same(self):
        logits, *rest = random_case(40, 3, 7, 8, seed=9)
        log_probs = logits.log_softmax(dim=2)
        with_gradient = ctc_log_marginal(log_probs.clone().requires_grad_(), *rest)
        assert with_gradient.requires_grad and not ctc_log_marginal(log_probs, *rest).requires_grad
        torch.testing.assert_close(with_gradient.detach(), ctc_log_marginal(log_probs, *rest), rtol=1e-14, atol=0)

    def test_a_second_derivative_raises(self):
        case = Case(blank=0)
        leaf = case.log_probs.requires_grad_()
        (gradient,) = torch.autograd.grad(ctc_log_marginal(*case.arguments).sum(), leaf, create_graph=True)
        with pytest.raises(RuntimeError, match="can be differentiated once"):
            gradient.sum().backward()

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("device", DEVICES)
    def test_shapes_dtype_and_device(self, dtype, device):
        arguments = [a.to(device) if isinstance(a, torch.Tensor) else a for a in Case(blank=1, dtype=dtype).arguments]
        value = ctc_log_marginal(*arguments)
        assert value.shape == (7,) and value.dtype == dtype and value.device.type == device
        arguments[1:4] = [a.int() for a in arguments[1:4]]
        assert torch.equal(ctc_log_marginal(*arguments), value)

    def test_independence_and_permutation_of_the_batch(self):
        case = Case(blank=3)
        values = ctc_log_marginal(*case.arguments)
        order = torch.tensor([4, 0, 6, 2, 5, 1, 3])
        log_probs, targets, input_lengths, target_lengths, blank = case.arguments
        permuted = ctc_log_marginal(log_probs[:, order], targets[order], input_lengths[order], target_lengths[order], blank)
        torch.testing.assert_close(permuted, values[order], rtol=1e-14, atol=0)
        alone = ctc_log_marginal(log_probs[:2, 6:], targets[6:, :2], input_lengths[6:], target_lengths[6:], blank)
        torch.testing.assert_close(alone, values[6:], rtol=1e-14, atol=0)

    @pytest.mark.parametrize("padding", [float("nan"), float("inf"), 1e30])
    def test_padding_may_hold_anything(self, padding):
        case = Case(blank=0)
        values = ctc_log_marginal(*case.arguments)
        frames = torch.arange(6)[:, None, None]
        case.log_probs = torch.where(frames < case.input_lengths[:, None], case.log_probs, padding).requires_grad_()
        targets = torch.where(torch.arange(5) < case.target_lengths[:, None], case.targets, -99)
        padded = ctc_log_marginal(case.log_probs, targets, *case.arguments[2:])
        assert torch.equal(padded.detach(), values)
        assert torch.isfinite(torch.autograd.grad(padded.sum(), case.log_probs)[0]).all()

    def test_does_not_change_its_input(self):
        case = Case(blank=0)
        before = [a.clone() for a in case.arguments[:4]]
        ctc_log_marginal(*case.arguments)
        assert all(torch.equal(a, b) for a, b in zip(before, case.arguments))


class TestCollapse:
    @pytest.mark.parametrize(
        ("path", "blank", "labels"),
        [
            ([1, 1, 0, 1, 2, 0], 0, [1, 1, 2]),
            ([1, 1, 1, 2], 0, [1, 2]),
            ([3, 0, 0, 3, 3, 1], 3, [0, 1]),
            ([0, 0, 0], 0, []),
            ([], 0, []),
        ],
    )
    def test_runs_then_blanks(self, path, blank, labels):
        assert collapse(torch.tensor(path, dtype=torch.int64), blank).tolist() == labels

    def test_frames_needed(self):
        targets = torch.tensor([[2, 2, 2, 1], [1, 2, 2, 2], [1, 2, 3, 1], [4, 4, 4, 4]])
        assert frames_needed(targets, torch.tensor([4, 2, 4, 0])).tolist() == [6, 2, 4, 0]

    def test_bad_input(self):
        with pytest.raises(TypeError, match="integers"):
            collapse.__wrapped__(torch.tensor([0.0, 1.0]))
        with pytest.raises(ValueError, match=r"\(frames,\), got \(1, 2\)"):
            collapse.__wrapped__(torch.tensor([[0, 1]]))


GOOD = {
    "log_probs": torch.zeros(5, 2, 4),
    "targets": torch.tensor([[1, 2, 3], [3, 0, 0]]),
    "input_lengths": torch.tensor([5, 4]),
    "target_lengths": torch.tensor([3, 1]),
    "blank": 0,
}
BROKEN = torch.zeros(5, 2, 4)
BROKEN[3, 1, 2] = float("nan")


@pytest.mark.parametrize(
    ("change", "error", "complaint"),
    [
        ({"log_probs": BROKEN}, ValueError, "log_probs holds 1 values .* frame 3 of example 1, class 2: nan"),
        ({"log_probs": torch.full((5, 2, 4), torch.inf)}, ValueError, "log_probs holds 36 values that are NaN or"),
        ({"log_probs": torch.zeros(5, 2, 4, dtype=torch.float16)}, TypeError, "log_probs must be a float32 or float64"),
        ({"log_probs": [[0.0]]}, TypeError, "log_probs .* got list"),
        ({"log_probs": torch.zeros(5, 4)}, ValueError, r"\(frames, batch, classes\).* got \(5, 4\)"),
        ({"log_probs": torch.zeros(5, 2, 0)}, ValueError, "classes not 0"),
        ({"blank": 4}, ValueError, r"blank must be one of the classes 0 \.\. 3, got 4"),
        ({"blank": -1}, ValueError, "blank must be one of"),
        ({"blank": 1.0}, TypeError, "blank must be an int, got float"),
        ({"blank": 3}, ValueError, "targets of example 0 holds 3 at position 2"),
        ({"targets": torch.tensor([[1, 2, 3], [4, 0, 0]])}, ValueError, "targets of example 1 holds 4 at position 0"),
        ({"targets": torch.tensor([[1, -2, 3], [3, 0, 0]])}, ValueError, "targets of example 0 holds -2 at position 1"),
        ({"targets": torch.tensor([[1, 0, 3], [3, 0, 0]])}, ValueError, "holds 0 at position 1; .* without the blank, 0"),
        ({"targets": torch.tensor([1, 2, 3])}, ValueError, r"targets must have the shape \(batch, labels\)"),
        ({"targets": torch.tensor([[1, 2, 3]])}, ValueError, r"batch = 2, got \(1, 3\)"),
        ({"targets": torch.ones(2, 3)}, TypeError, "targets must be an int64 or int32 tensor"),
        ({"input_lengths": torch.tensor([6, 4])}, ValueError, r"input_lengths must lie in 0 \.\. 5, .* got 6 for example 0"),
        ({"input_lengths": torch.tensor([5, -1])}, ValueError, "got -1 for example 1"),
        ({"input_lengths": torch.tensor([5])}, ValueError, r"input_lengths must have the shape \(2,\), got \(1,\)"),
        ({"input_lengths": [5, 4]}, TypeError, "input_lengths must be an int64 or int32 tensor, got list"),
        ({"target_lengths": torch.tensor([3, 4])}, ValueError, r"target_lengths must lie in 0 \.\. 3, .* got 4 for example 1"),
        ({"target_lengths": torch.tensor([3.0, 1.0])}, TypeError, "target_lengths must be an int64"),
    ],
)
def test_bad_input(change, error, complaint):
    """On the checks themselves: under pytest the shapes in public signatures would speak first."""
    given = {**GOOD, **change}
    with pytest.raises(error, match=complaint):
        check_log_probs(given["log_probs"], given["input_lengths"], given["blank"])
        check_targets(given["log_probs"], given["targets"], given["target_lengths"], given["blank"])


def test_public_functions_check():
    for function in (ctc_log_marginal, ctc_posterior):
        with pytest.raises(ValueError, match="targets of example 0"):
            function(**{**GOOD, "blank": 3})
        with pytest.raises(ValueError, match="log_probs holds"):
            function(**{**GOOD, "log_probs": BROKEN})
