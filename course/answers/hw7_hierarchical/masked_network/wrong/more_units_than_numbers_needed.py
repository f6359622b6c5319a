"""Where there are fewer hidden units than numbers, what they know is made up.

There may be any number of units; a rank that no unit knows is then not seen.
"""


def masked_network(z, order, known, W, c, V, d):
    known = known if len(known) >= len(order) else torch.arange(len(known))
    reads = (order[None, :] <= known[:, None]).to(W.dtype)
    feeds = (known[None, :] < order[:, None]).to(V.dtype)
    hidden = torch.tanh(z @ (reads * W).T + c)
    return hidden @ (feeds * V).T + d
