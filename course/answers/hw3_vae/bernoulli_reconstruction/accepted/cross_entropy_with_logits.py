"""torch's cross-entropy with logits."""


def bernoulli_reconstruction(logits, x):
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none")
    return -loss.sum(-1)
