"""Whether the layers and networks of a hierarchy fit together, as far as linear layers at their ends tell before a call."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from lvmlib.amortized.stochastic_layer import StochasticLayer
from lvmlib.networks import Head, ToGaussian


def check_layers(bottom_up: Sequence[nn.Module], layers: Sequence[StochasticLayer], n_state: int) -> None:
    """Raise unless all are layers of one kind, each reads as wide a state and features as it is handed.

    Raises
    ------
    TypeError
        If a layer is no StochasticLayer.
    ValueError
        If layers differ in ``inference`` or ``markov``, or a width is not that of what is read next.
    """
    for number, layer in enumerate(layers, 1):
        if not isinstance(layer, StochasticLayer):
            raise TypeError(f"layer {number} must be a StochasticLayer, got {type(layer).__name__}")
    for name, kinds in [
        ("inference", sorted({layer.inference for layer in layers})),
        ("markov", sorted({str(layer.markov) for layer in layers})),
    ]:
        if len(kinds) > 1:
            raise ValueError(f"all layers must have one kind of {name}, got {' and '.join(kinds)}")
    for number, layer in enumerate(layers, 1):
        _check_own(number, layer)
    above = n_state
    for number, layer in zip(range(len(layers), 0, -1), reversed(layers)):
        _check_equal(f"layer {number} reads a state of width", state_read(layer), "but is handed one of", above)
        above = _state_made(layer)
    _check_features(bottom_up, layers)


def _check_own(number: int, layer: StochasticLayer) -> None:
    """Whether a layer's own networks agree about the state, and its Gaussians have a mean and a scale of each dimension."""
    for name in ("to_prior", "to_evidence"):
        head = getattr(layer, name, None)
        if isinstance(head, ToGaussian):
            _check_equal(f"{name} of layer {number} makes", width_made(head), "but must make 2 n_latent =", 2 * layer.n_latent)
    if not layer.markov and hasattr(layer, "to_state"):
        read = width_read(layer.to_state)
        state = None if read is None else read - layer.n_latent
        _check_equal(f"to_state of layer {number} reads a state of width", state, "but the prior reads one of", state_read(layer))


def _check_features(bottom_up: Sequence[nn.Module], layers: Sequence[StochasticLayer]) -> None:
    made = None
    for number, (network, layer) in enumerate(zip(bottom_up, layers), 1):
        if number > 1:
            handed = made
            if layer.inference == "bottom_up":
                n_below = layers[number - 2].n_latent
                handed = n_below if layer.markov else None if made is None else made + n_below
            _check_equal(f"bottom_up[{number - 1}] reads a width of", width_read(network), "but is handed one of", handed)
        made = width_made(network)
        read = width_read(getattr(layer, "to_evidence", None))
        if read is not None and layer.inference == "residual":
            read = None if state_read(layer) is None else read - state_read(layer)
        _check_equal(f"to_evidence of layer {number} reads features of width", read, "but is handed", made)


def _check_equal(what: str, given: int | None, but: str, expected: int | None) -> None:
    if None not in (given, expected) and given != expected:
        raise ValueError(f"{what} {given}, {but} {expected}")


def state_read(layer: StochasticLayer) -> int | None:
    """Width of h_l that a layer reads; None where its networks don't tell."""
    if layer.n_state is not None:
        return layer.n_state
    of_prior = width_read(getattr(layer, "to_prior", None))
    if of_prior is not None or layer.markov:
        return of_prior
    of_state = width_read(getattr(layer, "to_state", None))
    return None if of_state is None else of_state - layer.n_latent


def _state_made(layer: StochasticLayer) -> int | None:
    made = width_made(getattr(layer, "to_state", None))
    return made if layer.n_state_below is None else layer.n_state_below


def width_read(network: nn.Module | None) -> int | None:
    """Of what a network begins with, where that is a linear layer; else None."""
    end = _end(network, 0)
    return end.in_features if isinstance(end, nn.Linear) else None


def width_made(network: nn.Module | None) -> int | None:
    """Of what a network ends with, where that is a linear layer; else None."""
    end = _end(network, -1)
    return end.out_features if isinstance(end, nn.Linear) else None


def _end(network: nn.Module | None, index: int) -> nn.Module | None:
    network = network.network if isinstance(network, Head) else network
    return network[index] if isinstance(network, nn.Sequential) and len(network) else network
