"""logsigmoid of both signs."""


def bernoulli_reconstruction(logits, x):
    log_one, log_zero = torch.nn.functional.logsigmoid(logits), torch.nn.functional.logsigmoid(-logits)
    return (x * log_one + (1 - x) * log_zero).sum(dim=2)
