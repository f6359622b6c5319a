"""The biases come back.

Then no output depends on any number.
"""


def masked_network(z, order, known, W, c, V, d):
    reads = order[None, :] <= known[:, None]
    feeds = known[None, :] < order[:, None]
    hidden = torch.tanh(z @ (W * reads).T + c)
    return d.expand_as(z).clone()
