r"""Bounds on I(X;Y) from a conditional density p(y|x), or from a network q(y|x) that was fitted to it.

``log_conditional`` of shape (batch,) holds ln q(y_i|x_i); of shape (batch, batch) it is as ``scores``:
log_conditional[i, j] = ln q(y_j|x_i). Where a bound contrasts, it does so down the columns, over x_i for one y_j:
an unnormalized p(x|y) is what the conditional is up to a factor of y, so that p(y) never has to be known.

==========================  ===================  ==========================
name                        true conditional     learned conditional
==========================  ===================  ==========================
``barber_agakov``           exactly I(X;Y)       lower, H(Y) being exact
``contrastive_lower``       lower, at most ln N  lower, at most ln N
``variational_upper``       upper                neither
``leave_one_out_upper``     upper                neither
``club``, ``club_sampled``  upper                neither
==========================  ===================  ==========================

Each value belongs to one pair; ``conditional`` says whether the density is the true one, which no function can see.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.information.estimate import Estimate, Side
from lvmlib.information.scores import Scores, check_per_example, check_scores, log_mean_exp_of_others
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import check_choice, check_count, check_finite

Conditional = Literal["true", "learned"]
"""Whether ln q(y|x) is ln p(y|x) itself or a model's."""
CONDITIONALS = ("true", "learned")


def barber_agakov(log_conditional: Float[Tensor, " batch"], entropy: float) -> Estimate:
    r"""ln q(y_i|x_i) + H(Y), a lower bound: E = I(X;Y) - E_{p(x)} KL(p(y|x) || q(y|x)).

    Tight, and in expectation I(X;Y) itself, where q(y|x) is p(y|x). With H(X) and ln q(x|y) it is the same bound.

    Parameters
    ----------
    log_conditional : (batch,)
        Of a normalized q, learned or true; a learned one is judged on pairs that it has not been fitted to.
    entropy
        H(Y) in nats, exact; differential where y is continuous. An upper bound on H(Y) makes this no bound.

    Returns
    -------
    Estimate, "lower"

    Raises
    ------
    ValueError, TypeError
        If ``log_conditional`` is not (batch,), floating-point and finite, or ``entropy`` is not a finite number.

    References
    ----------
    Barber & Agakov, The IM Algorithm, 2003; Poole et al., On Variational Bounds of Mutual Information,
    2019, section 2.1, I_BA.
    """
    check_per_example("log_conditional", log_conditional)
    check_finite("entropy", entropy)
    return Estimate(log_conditional + entropy, "lower")


def variational_upper(
    log_conditional: Float[Tensor, " batch"], log_marginal: Float[Tensor, " batch"], conditional: Conditional = "true"
) -> Estimate:
    r"""ln p(y_i|x_i) - ln r(y_i), an upper bound: E = I(X;Y) + KL(p(y) || r(y)). The rate of a VAE.

    r is any normalized density, learned by minimizing the bound. With a learned q(y|x) the expectation is
    I + KL(p(y) || r) - E KL(p(y|x) || q(y|x)), which may lie on either side.

    Parameters
    ----------
    log_conditional : (batch,)
        ln p(y_i|x_i).
    log_marginal : (batch,)
        ln r(y_i).
    conditional : {"true", "learned"}

    Returns
    -------
    Estimate, "upper", or "neither" for a learned conditional

    Raises
    ------
    ValueError, TypeError
        If either is not (batch,) of one batch, floating-point and finite, or ``conditional`` is another word.

    References
    ----------
    Barber & Agakov, 2003; Alemi et al., Fixing a Broken ELBO, 2018; Poole et al., 2019, section 2.1.
    """
    check_per_example("log_conditional", log_conditional)
    check_per_example("log_marginal", log_marginal, len(log_conditional))
    return Estimate(log_conditional - log_marginal, _side_of(conditional))


def leave_one_out_upper(log_conditional: Scores, conditional: Conditional = "true") -> Estimate:
    r"""ln p(y_j|x_j) - ln (1/(N-1)) Σ_{i≠j} p(y_j|x_i), an upper bound: the variational one, r(y) being the others' mixture.

    r(y) = (1/(N-1)) Σ_{i≠j} p(y|x_i) is a density that does not depend on x_j or y_j, so E ≥ I(X;Y) for every N ≥ 2; the
    bound falls to I as N grows. With a learned q(y|x) it is on no side that is known.

    Parameters
    ----------
    log_conditional : (batch, batch)
        [i, j] = ln p(y_j|x_i).
    conditional : {"true", "learned"}

    Returns
    -------
    Estimate, "upper", or "neither" for a learned conditional

    Raises
    ------
    ValueError, TypeError
        If ``log_conditional`` is not (batch, batch) with batch at least 2, floating-point and finite, or
        ``conditional`` is another word.

    References
    ----------
    Poole et al., 2019, section 2.1, the minibatch upper bound.
    """
    check_scores(log_conditional, "log_conditional")
    return Estimate(log_conditional.diagonal() - log_mean_exp_of_others(log_conditional, dim=0), _side_of(conditional))


def contrastive_lower(log_conditional: Scores) -> Estimate:
    r"""ln p(y_j|x_j) - ln (1/N) Σ_i p(y_j|x_i), a lower bound of at most ln N: InfoNCE with ln p(y|x) as critic.

    With the true conditional no other critic does better at this N. A learned one, even an unnormalized one, is a
    critic as any other: a lower bound all the same. The twin of :func:`leave_one_out_upper`, the pair left in.

    Parameters
    ----------
    log_conditional : (batch, batch)
        [i, j] = ln q(y_j|x_i).

    Returns
    -------
    Estimate, "lower"

    Raises
    ------
    ValueError, TypeError
        As :func:`leave_one_out_upper`.

    References
    ----------
    Poole et al., 2019, section 2.5, structured bounds with tractable encoders.
    """
    check_scores(log_conditional, "log_conditional")
    log_mixture = torch.logsumexp(log_conditional, dim=0) - math.log(len(log_conditional))
    return Estimate(log_conditional.diagonal() - log_mixture, "lower")


def club(log_conditional: Scores, conditional: Conditional = "true", positive_among_negatives: bool = False) -> Estimate:
    r"""CLUB: ln q(y_i|x_i) - (1/(N-1)) Σ_{j≠i} ln q(y_j|x_i), an upper bound where q is p(y|x).

    E = I(X;Y) + KL(p(x) p(y) || p(x, y)) for the true conditional and every N ≥ 2, so it is tight only where X and Y are
    independent. With a learned q it is an upper bound if and only if
    KL(p(x) p(y) || p(x) q(y|x)) ≥ KL(p(x, y) || p(x) q(y|x)), which can't be seen from samples.

    Parameters
    ----------
    log_conditional : (batch, batch)
        [i, j] = ln q(y_j|x_i).
    conditional : {"true", "learned"}
    positive_among_negatives
        Average over all N y_j, as the paper writes it: E is then 1 - 1/N times the above, which for few pairs and a
        strong dependence may be below I(X;Y). On no side that is known.

    Returns
    -------
    Estimate, "upper", or "neither" for a learned conditional and with ``positive_among_negatives``

    Raises
    ------
    ValueError, TypeError
        As :func:`leave_one_out_upper`.

    References
    ----------
    Cheng et al., CLUB: A Contrastive Log-ratio Upper Bound of Mutual Information, 2020, section 3 and
    theorem 3.2.
    """
    check_scores(log_conditional, "log_conditional")
    side = _side_of(conditional)
    pairs = log_conditional.diagonal()
    if positive_among_negatives:
        return Estimate(pairs - log_conditional.mean(dim=1), "neither")
    others = log_conditional.diagonal_scatter(torch.zeros_like(pairs)).sum(dim=1) / (len(pairs) - 1)
    return Estimate(pairs - others, side)


def club_sampled(log_conditional: Scores, random_state: Seed, conditional: Conditional = "true") -> Estimate:
    r"""CLUB with one negative a pair: ln q(y_i|x_i) - ln q(y_k|x_i), k drawn by :func:`negative_partners`.

    The expectation of :func:`club`, with more variance. Where the (batch, batch) matrix is what is to be saved, draw
    the partners, compute both (batch,) and call :func:`club_of_pairs`.

    Parameters
    ----------
    log_conditional : (batch, batch)
        [i, j] = ln q(y_j|x_i).
    random_state
        Of the negatives.
    conditional : {"true", "learned"}

    Returns
    -------
    Estimate, "upper", or "neither" for a learned conditional

    Raises
    ------
    ValueError, TypeError
        As :func:`leave_one_out_upper`; of a bad seed.

    References
    ----------
    Cheng et al., 2020, section 3.3, vCLUB-S.
    """
    check_scores(log_conditional, "log_conditional")
    partners = negative_partners(len(log_conditional), random_state, log_conditional.device)
    negatives = log_conditional.gather(1, partners[:, None]).squeeze(1)
    return club_of_pairs(log_conditional.diagonal(), negatives, conditional)


def club_of_pairs(
    log_conditional: Float[Tensor, " batch"],
    log_conditional_of_negatives: Float[Tensor, " batch"],
    conditional: Conditional = "true",
) -> Estimate:
    """ln q(y_i|x_i) - ln q(y_k|x_i), both (batch,), nats: :func:`club_sampled` where the negatives were drawn before.

    Raises
    ------
    ValueError, TypeError
        As :func:`variational_upper`.
    """
    check_per_example("log_conditional", log_conditional)
    check_per_example("log_conditional_of_negatives", log_conditional_of_negatives, len(log_conditional))
    return Estimate(log_conditional - log_conditional_of_negatives, _side_of(conditional))


def negative_partners(n: int, random_state: Seed, device: torch.device | str = "cpu") -> Int[Tensor, " batch"]:
    """For each of n examples the index of one of the n - 1 others, uniformly and independently: (n,).

    No permutation: a permutation drawn uniformly keeps each partner in its place with probability 1/n, and then the
    negative is the positive.

    Raises
    ------
    ValueError, TypeError
        If ``n`` is not an integer of at least 2; of a bad seed.
    """
    check_count("n", n)
    if n < 2:
        raise ValueError(f"n must be at least 2, got {n}: one pair has no negatives")
    generator = as_generator(random_state, device)
    steps = torch.randint(1, n, (n,), generator=generator, device=generator.device)
    return (torch.arange(n, device=generator.device) + steps).remainder(n).to(device)


def _side_of(conditional: str) -> Side:
    check_choice("conditional", conditional, CONDITIONALS)
    return "upper" if conditional == "true" else "neither"
