"""The free nats, and what is above them."""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    return log_likelihood.mean() - beta * (free_nats + torch.relu(kls.mean(1) - free_nats)).sum()
