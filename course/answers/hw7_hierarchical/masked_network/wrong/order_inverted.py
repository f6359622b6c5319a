"""The order is read as a list of places.

order[d] is the rank of the number at place d, not the place of rank d.
"""


def masked_network(z, order, known, W, c, V, d):
    order = torch.argsort(order) + 1
    reads = order[None, :] <= known[:, None]
    feeds = known[None, :] < order[:, None]
    hidden = torch.tanh(z @ (W * reads).T + c)
    return hidden @ (V * feeds).T + d
