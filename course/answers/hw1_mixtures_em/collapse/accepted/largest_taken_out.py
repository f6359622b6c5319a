"""The larger exponent taken out by hand."""


def collapse(x, sigma):
    d = x.size(1)
    narrow = -((x - x[:1]) / sigma).pow(2).sum(-1) / 2 - d * math.log(sigma)
    broad = -(x - x.mean(0, keepdim=True)).pow(2).sum(-1) / 2
    high, low = torch.maximum(narrow, broad), torch.minimum(narrow, broad)
    return torch.sum(high + torch.log1p(torch.exp(low - high)) - math.log(2) - d * math.log(2 * math.pi) / 2)
