"""With einsum."""


def iwae_gradient(log_w, gradients):
    return torch.einsum("kb,kbp->bp", log_w.softmax(0), gradients)
