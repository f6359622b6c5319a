"""A reshape mixes the axes of samples and images.

logits.reshape(n, k, d) does not swap axes, it cuts the numbers anew. Broadcasting x over the first axis is
enough.
"""


def bernoulli_reconstruction(logits, x):
    return (
        (
            x[:, None] * logits.reshape(len(x), -1, x.shape[1])
            - torch.nn.functional.softplus(logits.reshape(len(x), -1, x.shape[1]))
        )
        .sum(dim=-1)
        .reshape(logits.shape[:2])
    )
