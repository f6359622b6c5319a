"""In float64 inside."""


def masked_network(z, order, known, W, c, V, d):
    reads, feeds = (order <= known[:, None]).double(), (known < order[:, None]).double()
    hidden = torch.tanh(z.double() @ (W.double() * reads).T + c.double())
    return (hidden @ (V.double() * feeds).T + d.double()).to(z.dtype)
