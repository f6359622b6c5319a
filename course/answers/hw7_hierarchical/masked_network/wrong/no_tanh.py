"""The hidden layer is not bent.

tanh of the sum.
"""


def masked_network(z, order, known, W, c, V, d):
    reads = order[None, :] <= known[:, None]
    feeds = known[None, :] < order[:, None]
    hidden = z @ (W * reads).T + c
    return hidden @ (V * feeds).T + d
