"""The argument is changed in place.

Methods that end in an underscore write into what the caller passed.
"""


def bernoulli_reconstruction(logits, x):
    with torch.no_grad():
        x.mul_(2).sub_(1)
    return torch.nn.functional.logsigmoid(x * logits).sum(dim=-1)
