"""In float64 inside."""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    means = torch.einsum("lb->l", kls.double()) / kls.shape[1]
    paid = torch.maximum(means, torch.tensor(float(free_nats), dtype=torch.float64))
    return (log_likelihood.double().mean() - beta * paid.sum()).to(log_likelihood.dtype)
