"""Only the sample with the largest weight pulls.

The others pull, too, with their share.
"""


def iwae_gradient(log_w, gradients):
    best = log_w.argmax(dim=0)
    return gradients[best, torch.arange(log_w.shape[1])]
