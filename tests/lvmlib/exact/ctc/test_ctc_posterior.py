"""p(z|x, y) of CTC, its best path and its draws, against the list of all paths."""

import math

import pytest
import torch
from ctc_paths import Case, collapsed, log_sum

from lvmlib.em import EMPosterior
from lvmlib.exact.ctc import best_alignment, ctc_log_marginal, ctc_posterior


def weighed(case, n):
    """Each path of example n that collapses to its target, with its p(z|y)."""
    paths = case.paths(n)
    total = log_sum(w for _, w in paths)
    return [(path, math.exp(weight - total), weight) for path, weight in paths]


def positions_of(path, blank):
    """Position of each frame among blank, y_1, blank, ..., found by walking along the path."""
    at, positions, before = 0, [], None
    for c in path:
        if c == blank:
            at += at % 2
        elif c != before:
            at += 1 if at % 2 == 0 else 2
        positions.append(at)
        before = c
    return positions


class TestExact:
    @pytest.mark.parametrize("blank", [0, 3])
    def test_positions_and_classes(self, blank):
        case = Case(blank)
        posterior = ctc_posterior(*case.arguments)
        positions, classes = torch.zeros(6, 7, 11, dtype=torch.float64), torch.zeros(6, 7, 4, dtype=torch.float64)
        for n in range(7):
            for path, probability, _ in weighed(case, n):
                for t, (c, at) in enumerate(zip(path, positions_of(path, blank))):
                    classes[t, n, c] += probability
                    positions[t, n, at] += probability
        torch.testing.assert_close(posterior.positions, positions, rtol=0, atol=1e-13)
        torch.testing.assert_close(posterior.classes, classes, rtol=0, atol=1e-13)

    def test_elbo_is_expected_log_joint_plus_entropy(self):
        """E_q[ln p(z, y)] + H(q) = ln p(y), each of the three found by listing the paths."""
        case = Case(blank=2)
        posterior = ctc_posterior(*case.arguments)
        for n in range(7):
            q = weighed(case, n)
            expected = math.fsum(probability * weight for _, probability, weight in q)
            entropy = -math.fsum(probability * math.log(probability) for _, probability, _ in q)
            assert posterior.expected_log_joint()[n].item() == pytest.approx(expected, abs=1e-12)
            assert posterior.entropy()[n].item() == pytest.approx(entropy, abs=1e-12)
            assert posterior.elbo()[n].item() == pytest.approx(expected + entropy, abs=1e-12)
        assert posterior.entropy()[0] > 1 and posterior.entropy()[4].abs() < 1e-12  # b b in three frames: one path
        torch.testing.assert_close(posterior.elbo(), ctc_log_marginal(*case.arguments), rtol=1e-14, atol=0)

    def test_another_q_has_a_lower_elbo(self):
        """q(z) = p'(z|y) of other frames p': E_q[ln p(z, y)] + H(q) is below ln p(y) by KL(q || p(z|y))."""
        case, other = Case(blank=2), Case(blank=2)
        other.log_probs = (0.6 * case.logits + 0.3).log_softmax(dim=2)
        q = ctc_posterior(other.log_probs, *case.arguments[1:])
        bound = (q.classes * case.log_probs).sum(dim=(0, 2)) + q.entropy()
        gap = ctc_log_marginal(*case.arguments) - bound
        for n in range(7):
            p = {path: probability for path, probability, _ in weighed(case, n)}
            kl = math.fsum(w * math.log(w / p[path]) for path, w, _ in weighed(other, n))
            assert gap[n].item() == pytest.approx(kl, abs=1e-12)
        assert (gap[[0, 1, 2, 5]] > 1e-3).all()

    def test_fisher_s_identity(self):
        """With q held fixed, the gradient of the ELBO is that of ln p(y): an M-step's first step goes where it should."""
        case = Case(blank=1)
        logits = case.logits.requires_grad_()
        log_probs = logits.log_softmax(dim=2)
        q = ctc_posterior(log_probs, *case.arguments[1:])
        assert not q.classes.requires_grad
        (of_elbo,) = torch.autograd.grad((q.classes * log_probs).sum(), logits, retain_graph=True)
        (of_marginal,) = torch.autograd.grad(ctc_log_marginal(log_probs, *case.arguments[1:]).sum(), logits)
        torch.testing.assert_close(of_elbo, of_marginal, rtol=0, atol=1e-13)

    def test_infeasible(self):
        case = Case(blank=0)
        case.input_lengths[0] = 3  # a a b needs four
        for posterior in (ctc_posterior(*case.arguments[:2], case.input_lengths, *case.arguments[3:]),):
            for q in (posterior, posterior.point_mass(), posterior.draw(torch.Generator().manual_seed(1))):
                assert q.elbo()[0] == -math.inf and torch.isfinite(q.elbo()[1:]).all()
                assert (q.positions[:, 0] == 0).all() and (q.classes[:, 0] == 0).all() and q.entropy()[0] == 0
                assert not torch.isnan(q.positions).any()

    def test_no_frames(self):
        none = torch.zeros(2, dtype=torch.int64)
        posterior = ctc_posterior(torch.empty(0, 2, 3), torch.tensor([[1], [2]]), none, torch.tensor([0, 1]))
        assert posterior.positions.shape == (0, 2, 3) and posterior.classes.shape == (0, 2, 3)
        assert posterior.elbo().tolist() == posterior.point_mass().elbo().tolist() == [0, -math.inf]

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_shapes_and_dtype(self, dtype):
        posterior = ctc_posterior(*Case(blank=0, dtype=dtype).arguments)
        assert isinstance(posterior, EMPosterior)
        for value, shape in [(posterior.positions, (6, 7, 11)), (posterior.classes, (6, 7, 4)), (posterior.elbo(), (7,))]:
            assert value.shape == shape and value.dtype == dtype
        assert posterior.entropy().dtype == posterior.draw(torch.Generator()).elbo().dtype == dtype


class TestBestPath:
    @pytest.mark.parametrize("blank", [0, 2])
    def test_alignment(self, blank):
        case = Case(blank)
        alignment = best_alignment(*case.arguments)
        point = ctc_posterior(*case.arguments).point_mass()
        assert alignment.spans.shape == (7, 5, 2)
        for n in range(7):
            path, log_joint = max(case.paths(n), key=lambda pair: pair[1])
            length = len(path)
            assert alignment.path[:length, n].tolist() == list(path) and (alignment.path[length:, n] == -1).all()
            assert alignment.log_joint[n].item() == pytest.approx(log_joint, abs=1e-13)
            assert point.elbo()[n].item() == pytest.approx(log_joint, abs=1e-13) and point.entropy()[n] == 0
            assert point.classes[:length, n].argmax(dim=1).tolist() == list(path)
            places = positions_of(path, blank)
            assert point.positions[:length, n].argmax(dim=1).tolist() == places
            for label in range(len(case.rows[n])):
                frames = [t for t, at in enumerate(places) if at == 2 * label + 1]
                assert alignment.spans[n, label].tolist() == [frames[0], frames[-1] + 1]
            assert (alignment.spans[n, len(case.rows[n]) :] == -1).all()
        assert ((point.classes == 0) | (point.classes == 1)).all()

    def test_infeasible(self):
        case = Case(blank=0)
        case.input_lengths[1] = 3  # c b a c needs four
        alignment = best_alignment(*case.arguments[:2], case.input_lengths, *case.arguments[3:])
        assert alignment.log_joint[1] == -math.inf
        assert (alignment.path[:, 1] == -1).all() and (alignment.spans[1] == -1).all()
        assert torch.isfinite(alignment.log_joint[[0, *range(2, 7)]]).all() and (alignment.spans[0, :3] >= 0).all()

    def test_long(self):
        """In 800 frames that name their class, the path is that class by class."""
        generator = torch.Generator().manual_seed(12)
        labels = torch.randint(1, 6, (40,), generator=generator)
        path = torch.zeros(800, dtype=torch.int64)
        for u, label in enumerate(labels):
            path[20 * u + 3 : 20 * u + 11 + u % 5] = label
        logits = 12.0 * torch.nn.functional.one_hot(path, 6) + torch.randn(800, 6, generator=generator)
        alignment = best_alignment(
            logits.log_softmax(dim=1)[:, None], labels[None], torch.tensor([800]), torch.tensor([40])
        )
        assert torch.equal(alignment.path[:, 0], path)
        assert alignment.spans[0, 7].tolist() == [143, 153]


class TestDraws:
    def test_are_paths_of_the_target(self):
        case = Case(blank=3)
        draw = ctc_posterior(*case.arguments).draw(torch.Generator().manual_seed(5))
        for n, length in enumerate(case.input_lengths.tolist()):
            path = draw.classes[:length, n].argmax(dim=1).tolist()
            assert list(collapsed(path, 3)) == case.rows[n]
            weight = math.fsum(case.log_probs[t, n, c].item() for t, c in enumerate(path))
            assert draw.elbo()[n].item() == pytest.approx(weight, abs=1e-12)

    def test_follow_the_posterior(self):
        """20,000 draws of one example: each path's frequency within 5 standard errors; 28 paths, 1 in 20,000 to fail."""
        case = Case(blank=0)
        n_draws = 20_000
        log_probs = case.log_probs[:, :1].expand(-1, n_draws, -1)
        arguments = [a[:1].expand(n_draws, *a.shape[1:]) for a in case.arguments[1:4]]
        draw = ctc_posterior(log_probs, *arguments, 0).draw(torch.Generator().manual_seed(17))
        drawn, counts = draw.classes.argmax(dim=2).T.unique(dim=0, return_counts=True)
        found = {tuple(path): count / n_draws for path, count in zip(drawn.tolist(), counts.tolist())}
        expected = weighed(case, 0)
        assert len(expected) == 28 and found.keys() <= {path for path, _, _ in expected}
        for path, probability, _ in expected:
            # one more draw, for paths that are expected less than once
            assert abs(found.get(path, 0) - probability) < 5 * math.sqrt(probability * (1 - probability) / n_draws) + 1 / n_draws

    def test_a_seed_reproduces(self):
        posterior = ctc_posterior(*Case(blank=1).arguments)
        first, second, other = (posterior.draw(torch.Generator().manual_seed(s)).positions for s in (3, 3, 4))
        assert torch.equal(first, second) and not torch.equal(first, other)
