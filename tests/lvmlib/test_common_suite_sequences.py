"""What every model of sequences promises, checked on each of them: a new model is one line in MODELS."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from alignment_corpus import corpus
from test_every_model_under_em import count_chains, measured_chains, symbol_chains

from lvmlib.exact.alignment import HMMAlignment, IBMModel1, SentencePairs
from lvmlib.exact.gaussian import COVARIANCE_TYPES
from lvmlib.exact.hidden_markov import CategoricalHMM, GaussianHMM, PoissonHMM

DEVICES = ["cpu"] + (["cuda"] if torch.cuda.is_available() else [])
DTYPES = [torch.float32, torch.float64]
Data = list[torch.Tensor] | SentencePairs


@dataclass(frozen=True)
class Case:
    """A model unfitted, made for a dtype of its parameters, and the data that it is for."""

    make: Callable[[torch.dtype], Any]
    data: Callable[[], Data]
    parameter: str

    def at(self, dtype: torch.dtype, device: str = "cpu") -> Data:
        x = self.data()
        if isinstance(x, SentencePairs):
            return x.to(device)
        return [one.to(device, dtype if one.is_floating_point() else one.dtype) for one in x]


def picked(x: Data, order: list[int]) -> Data:
    return x[order] if isinstance(x, SentencePairs) else [x[number] for number in order]


MODELS = {
    **{
        f"hmm-gaussian-{kind}": Case(
            lambda dtype, kind=kind: GaussianHMM(2, covariance_type=kind, random_state=2), measured_chains, "means_"
        )
        for kind in COVARIANCE_TYPES
    },
    "hmm-categorical": Case(lambda dtype: CategoricalHMM(2, n_symbols=4, dtype=dtype, random_state=2), symbol_chains, "emissionprob_"),
    "hmm-poisson": Case(lambda dtype: PoissonHMM(2, random_state=2), count_chains, "rates_"),
    "ibm-model-1": Case(lambda dtype: IBMModel1(dtype=dtype), corpus, "translation_"),
    "hmm-alignment": Case(lambda dtype: HMMAlignment(max_jump=3, dtype=dtype), corpus, "translation_"),
}


@pytest.fixture(params=MODELS, ids=list(MODELS))
def case(request):
    return MODELS[request.param]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("device", DEVICES)
def test_shapes_dtypes_and_device(case, dtype, device):
    x = case.at(dtype, device)
    model = case.make(dtype)
    assert model.fit(x) is model
    scores, parameter = model.score_samples(x), getattr(model, case.parameter)
    assert scores.shape == (len(x),)
    for value in (scores, parameter):
        assert value.dtype == dtype and value.device.type == device and torch.isfinite(value).all()


def test_float32_agrees_with_float64(case):
    """To the square root of float32's rounding, since EM's fixed point forgives what a step rounds."""
    double = case.make(torch.float64).fit(case.at(torch.float64))
    single = case.make(torch.float32).fit(case.at(torch.float32))
    scores = single.score_samples(case.at(torch.float32)).double()
    torch.testing.assert_close(scores, double.score_samples(case.at(torch.float64)), rtol=3e-4, atol=3e-4)


def test_independence_and_permutation_of_the_batch(case):
    x = case.at(torch.float64)
    model = case.make(torch.float64).fit(x)
    scores = model.score_samples(x)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(3)).tolist()
    torch.testing.assert_close(model.score_samples(picked(x, order)), scores[order], rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(model.score_samples(picked(x, [4])), scores[4:5], rtol=1e-11, atol=1e-11)


def test_does_not_change_its_input(case):
    x = case.at(torch.float64)
    before = copy.deepcopy(x)
    model = case.make(torch.float64).fit(x)
    model.score_samples(x), model.predict(x)
    if isinstance(x, SentencePairs):
        for name in ("source", "target", "source_lengths", "target_lengths"):
            assert torch.equal(getattr(x, name), getattr(before, name))
    else:
        assert all(torch.equal(one, other) for one, other in zip(x, before))


def test_a_fit_is_reproducible_and_its_bound_never_falls(case):
    x = case.at(torch.float64)
    first, second = (case.make(torch.float64).fit(x) for _ in range(2))
    assert torch.equal(getattr(first, case.parameter), getattr(second, case.parameter))
    assert torch.equal(first.elbo_, second.elbo_) and len(first.elbo_) == first.n_iter_ >= 2
    assert (first.elbo_.diff() > -1e-9).all()


def test_the_gradient_of_ln_p(case):
    if case.data is not measured_chains:
        pytest.skip("ln p(x) is defined on a grid of x only")
    x = case.at(torch.float64)
    model = case.make(torch.float64).fit(x)
    part = torch.cat([x[2], x[0][:6]]).requires_grad_()
    assert torch.autograd.gradcheck(lambda frames: model.log_marginal(frames, [5, 6]), part)


def test_not_fitted_yet(case):
    with pytest.raises(ValueError, match="not fitted"):
        case.make(torch.float64).score_samples(case.at(torch.float64))
