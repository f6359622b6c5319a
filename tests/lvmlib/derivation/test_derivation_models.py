"""Random finite models: proper distributions, unequal sizes, the edge cases, and the premises of EM."""

import pytest
import torch

from lvmlib.derivation import KL, E, FiniteModel, log, new, p_xz, p_z_given_x, q_z, random_models
from lvmlib.derivation.models import PREMISES, SIZES, n_round

ROUNDING = 1e-12  # sums of at most 15 float64 numbers below one


@pytest.mark.parametrize("premises", [(), ("E-step",), ("M-step",), PREMISES])
def test_tables_are_proper_distributions(premises):
    batches = random_models(300, seed=1, premises=premises)
    assert [(batch.n_x, batch.n_z) for batch in batches] == list(SIZES)
    assert all(n_x != n_z for n_x, n_z in SIZES)
    assert sum(len(batch.p_xz) for batch in batches) == 300
    for batch in batches:
        for is_new in (False, True):
            tables = {name: batch.table(name, is_new) for name in ("p_xz", "p_x", "p_z", "p_z_given_x", "p_x_given_z")}
            assert all((table > 0).all() and table.dtype == torch.float64 for table in tables.values())
            one = torch.ones(len(batch.p_xz), dtype=torch.float64)
            assert torch.allclose(tables["p_xz"].sum((1, 2)), one, rtol=0, atol=ROUNDING)
            assert torch.allclose(tables["p_x"].sum((1, 2)), one, rtol=0, atol=ROUNDING)
            assert torch.allclose(tables["p_z"].sum((1, 2)), one, rtol=0, atol=ROUNDING)
            assert torch.allclose(tables["p_z_given_x"].sum(2), one[:, None].expand(-1, batch.n_x), rtol=0, atol=ROUNDING)
            assert torch.allclose(tables["p_x_given_z"].sum(1), one[:, None].expand(-1, batch.n_z), rtol=0, atol=ROUNDING)
            assert torch.allclose(tables["p_x_given_z"] * tables["p_z"], tables["p_xz"], rtol=1e-12, atol=0)
        assert (batch.q_z > 0).all()
        assert torch.allclose(batch.q_z.sum(2), torch.ones(1, dtype=torch.float64), rtol=0, atol=ROUNDING)


def test_the_edge_cases_are_there():
    for batch in random_models(300, seed=2):
        apart = (batch.q_z - batch.table("p_z_given_x")).abs().amax((1, 2))
        assert (apart < 1e-12).sum() >= 3, "q equal to the posterior"
        assert (batch.q_z.amax(2) > 0.999).all(1).sum() >= 3, "q nearly deterministic at every x"
        assert (apart > 0.1).sum() >= 20, "q of its own"
        twenties = batch.p_xz[: n_round(len(batch.p_xz))] * 20
        assert torch.allclose(twenties, twenties.round(), rtol=0, atol=1e-9)
        assert not torch.allclose(batch.new_p_xz, batch.p_xz, atol=1e-2)


def test_premises_hold_where_they_are_said_to():
    for batch in random_models(300, seed=3, premises=PREMISES):
        assert torch.allclose(KL(q_z, p_z_given_x).evaluate(batch), torch.zeros(1, dtype=torch.float64), atol=1e-12)
        gain = E(q_z, log(new(p_xz)) - log(p_xz)).evaluate(batch)
        assert batch.observed.any(1).all(), "each model has an x that was observed"
        assert (gain[batch.observed] >= 0).all() and (gain[~batch.observed] < 0).all()
        assert (gain[batch.observed] > 0.01).any() and (gain[batch.observed] < 1.0).any(), "small steps and large ones"
        new_posterior = batch.table("p_z_given_x", is_new=True)
        moved = (new_posterior - batch.q_z).abs().amax(2)[batch.observed]
        assert (moved > 0.05).float().mean() > 0.2, "the new posterior is another one"
    for batch in random_models(60, seed=3):
        assert batch.observed.all()


def test_a_seed_reproduces():
    first, again, other = random_models(60, seed=4), random_models(60, seed=4), random_models(60, seed=5)
    assert all(torch.equal(a.p_xz, b.p_xz) and torch.equal(a.q_z, b.q_z) for a, b in zip(first, again))
    assert not any(torch.equal(a.p_xz, b.p_xz) for a, b in zip(first, other))


def test_with_q():
    batch = random_models(60, seed=6)[1]
    assert torch.equal(batch.with_q("p_z_given_x").q_z, batch.table("p_z_given_x"))
    assert torch.allclose(batch.with_q("p_z").q_z[:, 0], batch.table("p_z")[:, 0])
    assert torch.equal(batch.with_q("p_z", is_new=True).q_z[:, 1], batch.table("p_z", is_new=True)[:, 0])


GOOD = torch.tensor([[0.1, 0.2, 0.3], [0.1, 0.1, 0.2]], dtype=torch.float64)
Q = torch.tensor([[0.5, 0.2, 0.3], [0.1, 0.1, 0.8]], dtype=torch.float64)


@pytest.mark.parametrize(("tables", "error", "words"), [
    ((GOOD.float(), Q), TypeError, "p_xz must be a float64 tensor, got torch.float32"),
    ((GOOD, Q[:, :2]), ValueError, "q_z must have the shape"),
    ((GOOD[0], Q[0]), ValueError, r"p_xz must have the shape \(..., n_x, n_z\)"),
    ((GOOD * 2, Q), ValueError, "p_xz must sum to one over x and z"),
    ((GOOD, Q * 0.9), ValueError, "q_z must sum to one over z"),
    ((GOOD, Q - Q.min()), ValueError, "q_z must be strictly positive"),
    ((GOOD * torch.nan, Q), ValueError, "p_xz must be strictly positive"),
    ((GOOD, Q, GOOD * 2), ValueError, "new_p_xz must sum to one"),
])
def test_bad_tables_are_refused(tables, error, words):
    assert FiniteModel(GOOD, Q).new_p_xz is GOOD
    with pytest.raises(error, match=words):
        FiniteModel(*tables)


def test_a_model_of_ones_own_evaluates():
    value = log(p_xz / q_z).evaluate(FiniteModel(GOOD, Q))
    assert torch.allclose(value, torch.log(GOOD / Q), rtol=1e-14, atol=0)


def test_bad_requests_are_refused():
    with pytest.raises(ValueError, match="n_models must be an integer from 4"):
        random_models(3)
    with pytest.raises(ValueError, match="premises must be out of"):
        random_models(60, premises=("M step",))
