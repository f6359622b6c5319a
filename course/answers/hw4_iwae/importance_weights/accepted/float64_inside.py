"""In float64 inside, with einsum."""


def importance_weights(log_w):
    weights = log_w.double().softmax(dim=0)
    return weights.to(log_w.dtype), (1 / torch.einsum("kb,kb->b", weights, weights)).to(log_w.dtype)
