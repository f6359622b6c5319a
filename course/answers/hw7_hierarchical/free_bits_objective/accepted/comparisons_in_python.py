"""A comparison for each layer, in Python."""


def free_bits_objective(log_likelihood, kls, beta, free_nats):
    paid = 0
    for row in kls:
        mean = row.mean()
        paid = paid + (mean if mean > free_nats else free_nats)
    return log_likelihood.mean() - beta * paid
