"""By recursion."""


def ancestral_sample(model, noise, fixed):
    def upwards_from(l):
        if l == len(noise):
            return (noise[l - 1] if fixed[l - 1] is None else fixed[l - 1],)
        above = upwards_from(l + 1)
        mean, log_scale = conditional(model, l, above[0])
        own = mean + noise[l - 1] * log_scale.exp() if fixed[l - 1] is None else fixed[l - 1]
        return (own, *above)

    return upwards_from(1)
