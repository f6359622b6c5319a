"""A squared error is taken.

That is the Gaussian reconstruction, without its constants.
"""


def bernoulli_reconstruction(logits, x):
    return -0.5 * (x - torch.sigmoid(logits)).square().sum(dim=-1)
