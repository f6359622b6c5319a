"""ln p(x) exactly, by a sum over every value of a finite z."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from lvmlib.bounds import check_log_w
from lvmlib.model import LatentVariableModel
from lvmlib.validation import check_examples


def enumeration(model: LatentVariableModel, x: Tensor, states: Tensor) -> Float[Tensor, " batch"]:
    r"""ln p(x) = ln Σ_z p(x, z), exact; it can be differentiated.

    Parameters
    ----------
    x : (batch, ...)
    states : (n_states, ...)
        Every value that z can take, once each, such as ``torch.arange(model.n_components)`` for a mixture.
        A value left out makes the result too small: what is summed is then a lower bound.

    Returns
    -------
    Tensor (batch,), nats

    Raises
    ------
    ValueError
        If ``x`` or ``states`` is empty, the model does not give ln p(x, z) as (n_states, batch), or one is NaN.
    TypeError
        If ``x`` or ``states`` is no tensor.
    """
    check_examples("x", x)
    check_examples("states", states)
    z = states[:, None].expand(len(states), len(x), *states.shape[1:])  # (n_states, batch, ...)
    log_joint = model.log_joint(x, z)
    if log_joint.shape != (len(states), len(x)):
        raise ValueError(
            f"log_joint must be (n_states, batch), {(len(states), len(x))}, got {tuple(log_joint.shape)}: "
            "states must be (n_states,) followed by the shape of one z"
        )
    check_log_w(log_joint, "log_joint")
    return torch.logsumexp(log_joint, dim=0)
