"""ln p(x) by importance sampling, q(z|x) or the prior as the proposal, in memory that does not grow with the samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.bounds import check_log_w
from lvmlib.likelihood.running_weights import RunningWeights
from lvmlib.model import Distribution, Joint, LatentVariableModel
from lvmlib.progress_bar import tqdm
from lvmlib.randomness import Seed, as_generator, drawing_from
from lvmlib.validation import check_count, check_examples

CACHE_BYTES = 2**22
"""Of logits, or other parameters of p(x|z), evaluated together by a core: some 1,000 rows of 784 keep matrix products busy,
the third-level cache holds them, and a Bernoulli's log-likelihood goes over them in parts that the second-level cache holds."""
ACCELERATOR_BYTES = 2**28
"""The same on a GPU."""
DRAWN_AT_ONCE, DRAWN_AT_ONCE_BY_ACCELERATOR = 2**10, 2**16


@dataclass(frozen=True)
class ImportanceEstimate:
    """Of each example: ln p(x) estimated, and what tells whether the estimate can be relied on."""

    log_marginal: Float[Tensor, " batch"]
    """ln (1/K) Σ_k w_k, nats: the K-sample bound. Its expectation is below ln p(x), by about standard_error² / 2."""
    standard_error: Float[Tensor, " batch"]
    """Of log_marginal by the delta method, nats; inf for K = 1."""
    effective_sample_size: Float[Tensor, " batch"]
    """(Σ_k w_k)² / Σ_k w_k², between 1 and K."""
    pareto_k: Float[Tensor, " batch"]
    """Shape of the weights' tail: above 0.7, neither estimate nor standard error can be relied on; inf for K < 25."""
    elbo: Float[Tensor, " batch"]
    """(1/K) Σ_k ln w_k, nats, of the same samples."""
    n_samples: int
    """K."""


def importance_sampling(
    model: Joint,
    x: Tensor,
    n_samples: int,
    random_state: Seed,
    *,
    posterior: Callable[[Tensor], Distribution] | None = None,
    rows_at_once: int | None = None,
    progress: bool = False,
) -> ImportanceEstimate:
    r"""ln p(x) = ln E_q[p(x, z) / q(z|x)] from K samples of q(z|x).

    Samples are drawn in blocks whose size depends on K alone: some 1,000 samples of one example, or
    all K of several. A block is evaluated in pieces whose logits stay in the processor's cache, and
    then goes into running sums (:class:`RunningWeights`). So what is drawn does not depend on
    ``rows_at_once``, and the memory not on K. No gradients are recorded.

    Parameters
    ----------
    x : (batch, ...)
    n_samples
        K.
    posterior
        Called with some of the examples, returns q(z|x) of them; ``model.posterior`` where not given.
    rows_at_once
        Pairs of an example and a sample evaluated together; where not given, as many as fit the cache.
    progress
        Whether to show a bar.

    Returns
    -------
    ImportanceEstimate

    Raises
    ------
    ValueError
        If ``x`` is empty or holds what the model's ``check_data`` refuses, ``n_samples`` or ``rows_at_once`` is below 1, or a
        weight is NaN.
    TypeError
        If ``x`` is no tensor, or not of the model's dtype, a count no integer, or there is no posterior.

    References
    ----------
    Burda, Grosse & Salakhutdinov, Importance Weighted Autoencoders, 2016, section 5, evaluates with K = 5,000.
    """
    posterior = getattr(model, "posterior", None) if posterior is None else posterior
    if not callable(posterior):
        raise TypeError(f"posterior must be callable, got {posterior!r}; {type(model).__name__} has none of its own to take")
    if isinstance(x, Tensor) and hasattr(model, "check_data"):  # once: p(x|z) itself doesn't look at what it is given
        x = model.check_data(x)

    own = posterior == getattr(model, "posterior", None)
    log_w_at = getattr(model, "log_w_at", None) if own else None  # a hierarchy computes p and q in one pass over its layers

    def propose(examples: Tensor) -> tuple[Callable[[int], Any], Callable[[Any], Tensor]]:
        q = posterior(examples)
        if log_w_at is not None:
            return lambda n: q.sample(torch.Size([n])), lambda z: log_w_at(examples, q, z)
        if hasattr(q, "rsample_and_log_prob"):  # a flow: both in one pass
            return (
                lambda n: q.rsample_and_log_prob(torch.Size([n])),
                lambda drawn: model.log_joint(examples, drawn[0]) - drawn[1],
            )
        return lambda n: q.sample(torch.Size([n])), lambda z: model.log_joint(examples, z) - q.log_prob(z)

    return _estimate(propose, x, n_samples, random_state, rows_at_once, progress)


def naive_monte_carlo(
    model: LatentVariableModel,
    x: Tensor,
    n_samples: int,
    random_state: Seed,
    *,
    rows_at_once: int | None = None,
    progress: bool = False,
) -> ImportanceEstimate:
    r"""ln p(x) = ln E_p(z)[p(x|z)] from K samples of the prior: importance sampling with q(z|x) = p(z), w = p(x|z).

    Each example has samples of its own. Where x says much about z nearly all weights are nearly zero: see
    the effective sample size. Parameters, result and errors are those of :func:`importance_sampling`.
    """
    prior = model.prior()

    def propose(examples: Tensor) -> tuple[Callable[[int], Any], Callable[[Any], Tensor]]:
        shape = [len(examples)]
        return lambda n: prior.sample(torch.Size([n, *shape])), lambda z: model.log_joint(examples, z) - prior.log_prob(z)

    return _estimate(propose, x, n_samples, random_state, rows_at_once, progress)


@torch.no_grad()
def _estimate(
    propose: Callable[[Tensor], tuple[Callable[[int], Any], Callable[[Any], Tensor]]],
    x: Tensor,
    n_samples: int,
    random_state: Seed,
    rows_at_once: int | None,
    progress: bool,
) -> ImportanceEstimate:
    """``propose``, called with examples, returns a function that draws n samples for each, and one that gives their ln w."""
    check_examples("x", x)
    check_count("n_samples", n_samples)
    on_cpu = x.device.type == "cpu"
    if rows_at_once is None:
        n_bytes = CACHE_BYTES * torch.get_num_threads() if on_cpu else ACCELERATOR_BYTES
        rows_at_once = max(1, n_bytes // (x[0].numel() * x.element_size()))
    check_count("rows_at_once", rows_at_once)
    generator = as_generator(random_state, x.device)
    drawn_at_once = DRAWN_AT_ONCE if on_cpu else DRAWN_AT_ONCE_BY_ACCELERATOR
    blocks = x.split(max(1, drawn_at_once // n_samples))

    results = []
    with tqdm(total=len(x), desc="ln p(x)", unit="example", disable=not progress) as bar:
        for examples in blocks:
            draw, log_weight = propose(examples)
            n_together = max(1, rows_at_once // len(examples))
            running = RunningWeights(n_samples)
            for start in range(0, n_samples, drawn_at_once):
                n_drawn = min(drawn_at_once, n_samples - start)
                with drawing_from(generator):
                    z = draw(n_drawn)
                log_w = torch.cat([log_weight(piece) for piece in _pieces(z, n_drawn, n_together)])
                check_log_w(log_w)
                running.update(log_w)
            trust = running.standard_error(), running.effective_sample_size(), running.pareto_k()
            results.append((running.log_mean(), *trust, running.mean_log()))
            bar.update(len(examples))
    return ImportanceEstimate(*map(torch.cat, zip(*results)), n_samples=n_samples)


def _pieces(z: Any, n_samples: int, n_together: int) -> list[Any]:
    """z, a tensor or a tuple of layers, in as few pieces of nearly equal length as have at most n_together samples."""
    n_pieces = -(-n_samples // n_together)
    if isinstance(z, tuple):
        return list(zip(*(layer.tensor_split(n_pieces) for layer in z)))
    return list(z.tensor_split(n_pieces))
