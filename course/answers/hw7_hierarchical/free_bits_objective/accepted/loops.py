"""A loop over layers."""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    total = log_likelihood.sum() / len(log_likelihood)
    for row in kls:
        mean = row.sum() / len(row)
        if mean > free_nats:
            total = total - beta * mean
        else:
            total = total - beta * free_nats
    return total
