"""Scores of anomaly: the area under the ROC against scikit-learn's and against its definition; bounds in parts; bad input."""

from __future__ import annotations

import pytest
import torch

from lvmlib.amortized.anomaly import area_under_roc, bound_scores, bounds_above, difference_scores
from lvmlib.amortized.biva_architectures import bernoulli_biva
from lvmlib.bounds import iwae


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_area_under_roc_against_its_definition_and_its_peer(dtype):
    """With ties, which are frequent among 5 levels: counted in all pairs, and by scikit-learn; to the rounding of float64."""
    metrics = pytest.importorskip("sklearn.metrics")
    generator = torch.Generator().manual_seed(1)
    for n_levels in (5, 1000):
        usual = torch.randint(n_levels, (83,), generator=generator).to(dtype)
        anomalous = torch.randint(n_levels, (40,), generator=generator).to(dtype) + n_levels // 4
        pairs = (anomalous[:, None] > usual).double() + 0.5 * (anomalous[:, None] == usual).double()
        given = area_under_roc(usual, anomalous)
        assert given == pytest.approx(pairs.mean().item(), rel=1e-12)
        labels = [0] * len(usual) + [1] * len(anomalous)
        assert given == pytest.approx(metrics.roc_auc_score(labels, torch.cat([usual, anomalous]).numpy()), rel=1e-12)


def test_area_under_roc_by_its_laws():
    generator = torch.Generator().manual_seed(2)
    usual, anomalous = torch.randn(31, generator=generator), torch.randn(17, generator=generator) + 0.5
    given = area_under_roc(usual, anomalous)
    assert area_under_roc(anomalous, usual) == pytest.approx(1 - given, rel=1e-12)
    assert area_under_roc(usual.exp(), anomalous.exp()) == given  # the order alone counts
    assert area_under_roc(usual, usual.max() + 1 + anomalous.square()) == 1
    assert area_under_roc(torch.zeros(3), torch.zeros(4)) == 0.5


def made():
    model = bernoulli_biva(7, (4, 3, 2), n_hidden=6, activation="tanh", random_state=0)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    x = (torch.rand(9, 7, generator=generator) > 0.6).float()
    return model, x


def test_bounds_are_those_of_the_weights_of_each_depth():
    """Each row the bound of the same draws, to the bit; in parts, each part draws from the one generator in turn."""
    model, x = made()
    log_w = model.log_w_of_every_depth(x, 6, torch.Generator().manual_seed(4)).detach()
    for bound in (iwae, lambda log_w: log_w.mean(0)):
        given = bounds_above(model, x, 6, 4, bound=bound)
        assert torch.equal(given, torch.stack([bound(of_depth) for of_depth in log_w]))
    assert not given.requires_grad
    parts, generator = bounds_above(model, x, 6, 4, batch_size=4), torch.Generator().manual_seed(4)
    expected = torch.cat([model.log_w_of_every_depth(part, 6, generator).mean(1) for part in x.split(4)], dim=1)
    assert torch.equal(parts, expected.detach())
    assert torch.equal(difference_scores(parts), parts[:1] - parts[1:])
    assert torch.equal(bound_scores(parts), -parts)


def test_scores_are_high_for_what_a_bound_is_low_for():
    """Of four images, the last the least likely by every bound, and the third by the upper layers alone."""
    bounds = torch.tensor([[-10.0, -11.0, -10.0, -30.0], [-12.0, -13.0, -25.0, -32.0]])
    assert [bound_scores(bounds)[0].argmax(), difference_scores(bounds)[0].argmax()] == [3, 2]
    assert area_under_roc(bound_scores(bounds)[0, :2], bound_scores(bounds)[0, 3:]) == 1
    assert area_under_roc(difference_scores(bounds)[0, :2], difference_scores(bounds)[0, 2:3]) == 1


def test_bad_input_raises():
    model, x = made()
    with pytest.raises(ValueError, match="x must have .*7.*"):
        bounds_above(model, x[:, 1:], 2)
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        bounds_above(model, x, 0)
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        bounds_above(model, x, 2, batch_size=0)
    with pytest.raises(ValueError, match="NaN"):
        bounds_above(model, torch.where(x == 1, torch.nan, x), 2)
    for scores in (bound_scores, difference_scores):
        with pytest.raises(ValueError, match=r"bounds must be \(L \+ 1, batch\), .* got the shape \(100,\)"):
            scores(torch.zeros(100))
        with pytest.raises(ValueError, match=r"got the shape \(1, 7\)"):
            scores(torch.zeros(1, 7))
        with pytest.raises(ValueError, match="bounds hold 2 NaN of 14"):
            scores(torch.cat([torch.zeros(2, 6), torch.full((2, 1), torch.nan)], 1))
    with pytest.raises(ValueError, match=r"usual must have one dimension, a score an example, got the shape \(4, 50\)"):
        area_under_roc(torch.zeros(4, 50), torch.ones(4, 50))
    with pytest.raises(ValueError, match=r"anomalous must have one dimension, a score an example, got the shape \(1, 5\)"):
        area_under_roc(torch.zeros(4), torch.ones(1, 5))
    with pytest.raises(ValueError, match="usual must hold at least one score, got none"):
        area_under_roc(torch.zeros(0), torch.zeros(2))
    with pytest.raises(ValueError, match="anomalous holds 1 NaN of 2 scores"):
        area_under_roc(torch.zeros(3), torch.tensor([0.0, torch.nan]))
