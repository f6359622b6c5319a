"""The largest weight of each example taken out by hand."""


def iwae(log_w):
    top = log_w.max(dim=0, keepdim=True).values
    return (top + (log_w - top).exp().mean(dim=0, keepdim=True).log()).squeeze(0)
