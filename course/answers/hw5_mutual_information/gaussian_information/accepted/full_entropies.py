"""Three full entropies, constants and all."""


def gaussian_information(covariance, n_x):
    def entropy(part):
        return 0.5 * len(part) * math.log(2 * math.pi * math.e) + 0.5 * torch.linalg.slogdet(part).logabsdet

    return entropy(covariance[:n_x, :n_x]) + entropy(covariance[n_x:, n_x:]) - entropy(covariance)
