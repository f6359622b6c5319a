"""ln p(y) under frames that are independent given the input: the sum over all paths that collapse to y."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.exact.ctc.arguments import check_log_probs, check_targets
from lvmlib.exact.ctc.lattice import build_lattice
from lvmlib.exact.ctc.recursion import forward, forward_backward, state_posterior


def ctc_log_marginal(
    log_probs: Float[Tensor, "frames batch classes"],
    targets: Int[Tensor, "batch labels"],
    input_lengths: Int[Tensor, " batch"],
    target_lengths: Int[Tensor, " batch"],
    blank: int = 0,
) -> Float[Tensor, " batch"]:
    r"""ln p(y|x) = ln Σ_{z: collapse(z) = y} Π_t p_t(z_t), exact, (batch,), nats.

    z is a class for each frame, the blank among them, and y = collapse(z): z is the latent
    variable and ``log_probs`` its prior given the input. Computed by the forward recursion
    in log space, O(frames × labels).

    Its gradient is the posterior: ∂ ln p(y|x) / ∂ ln p_t(c) = p(z_t = c | x, y), so that with
    respect to logits u, ln p_t = log_softmax(u_t), it is p(z_t = c | x, y) - p_t(c). (The
    gradient that ``torch.nn.functional.ctc_loss`` gives for ``log_probs`` is already the
    latter, with the other sign.) It can be taken once: a second derivative raises a
    RuntimeError.

    Parameters
    ----------
    log_probs
        ln p_t(c|x), float32 or float64. Nothing is normalized: other weights of paths give
        ln of the sum of weights. Frames beyond an example's length may hold anything.
    targets
        y, int64 or int32; beyond an example's length they may hold anything.
    input_lengths, target_lengths
        Frames and labels of each example; both may be 0.
    blank
        The class of the blank.

    Returns
    -------
    Tensor (batch,)
        In the dtype of ``log_probs``. -inf, with gradient 0, where no path collapses to y:
        it has more labels, with the blanks between equal ones, than frames.

    Raises
    ------
    TypeError, ValueError
        As :func:`~lvmlib.exact.ctc.arguments.check_log_probs` and
        :func:`~lvmlib.exact.ctc.arguments.check_targets` say.

    References
    ----------
    Graves, Fernández, Gomez & Schmidhuber, Connectionist temporal classification, 2006,
    equations (3) and (6) to (8), and (14) for the posterior.
    """
    check_log_probs(log_probs, input_lengths, blank)
    check_targets(log_probs, targets, target_lengths, blank)
    if torch.is_grad_enabled() and log_probs.requires_grad:
        return _LogMarginal.apply(log_probs, targets, input_lengths, target_lengths, blank)
    lattice = build_lattice(log_probs.detach(), targets, input_lengths, target_lengths, blank)
    return forward(lattice, keep=False).of_end(lattice).to(log_probs.dtype)


class _LogMarginal(torch.autograd.Function):
    """ln p(y), with the posterior of each frame for its gradient."""

    @staticmethod
    def forward(ctx, log_probs, targets, input_lengths, target_lengths, blank):
        lattice = build_lattice(log_probs, targets, input_lengths, target_lengths, blank)
        before, after = forward_backward(lattice)
        ctx.save_for_backward(log_probs, lattice.by_class(state_posterior(lattice, before, after)))
        return before.of_end(lattice).to(log_probs.dtype)

    @staticmethod
    def backward(ctx, gradient):
        return _Gradient.apply(gradient, *ctx.saved_tensors), None, None, None, None


class _Gradient(torch.autograd.Function):
    """The gradient with what comes from above it; it depends on ``log_probs``, but how is not computed."""

    @staticmethod
    def forward(ctx, gradient, log_probs, posterior):
        # An infeasible example has a posterior of 0, and a gradient of 0 whatever comes from above it.
        return torch.where(posterior > 0, posterior * gradient[:, None], 0.0)

    @staticmethod
    def backward(ctx, *gradients):
        raise RuntimeError("ctc_log_marginal can be differentiated once: its second derivative is not implemented")
