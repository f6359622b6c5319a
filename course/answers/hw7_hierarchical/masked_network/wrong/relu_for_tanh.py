"""The hidden units are rectified.

The bend of this network is tanh.
"""


def masked_network(z, order, known, W, c, V, d):
    reads = (order[None, :] <= known[:, None]).to(W.dtype)
    feeds = (known[None, :] < order[:, None]).to(V.dtype)
    hidden = torch.relu(z @ (reads * W).T + c)
    return hidden @ (feeds * V).T + d
