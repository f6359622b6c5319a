"""A while loop, the bound of the iteration before in a variable."""


def em(x, parameters, e_step, elbo, m_step, n_iterations=100, tolerance=1e-6):
    history, previous = [], -math.inf
    while len(history) < n_iterations:
        q = e_step(x, *parameters)
        current = elbo(x, q, *parameters).mean().item()
        parameters = tuple(m_step(x, q))
        history.append(current)
        if current - previous <= tolerance:
            break
        previous = current
    return parameters, history
