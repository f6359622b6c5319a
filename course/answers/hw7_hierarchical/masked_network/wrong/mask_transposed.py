"""The first mask has a row for each number.

It multiplies W, which has a row for each hidden unit.
"""


def masked_network(z, order, known, W, c, V, d):
    reads = (order[:, None] <= known[None, :]).to(W.dtype)
    feeds = (known[None, :] < order[:, None]).to(V.dtype)
    hidden = torch.tanh(z @ (reads * W).T + c)
    return hidden @ (feeds * V).T + d
