"""Loops over rows and components, with torch.distributions for the marginals."""


def impute_missing(x, weights, means, covariances):
    completed = x.clone()
    responsibilities = torch.zeros(len(x), len(weights), dtype=x.dtype)
    for i in range(len(x)):
        o = [j for j in range(x.shape[1]) if not math.isnan(x[i, j])]
        m = [j for j in range(x.shape[1]) if math.isnan(x[i, j])]
        terms, expectations = [], []
        for z in range(len(weights)):
            term, expectation = weights[z].log(), means[z, m]
            if o:
                oo = covariances[z][o][:, o]
                term = term + torch.distributions.MultivariateNormal(means[z, o], oo).log_prob(x[i, o])
                expectation = expectation + covariances[z][m][:, o] @ torch.linalg.inv(oo) @ (x[i, o] - means[z, o])
            terms.append(term)
            expectations.append(expectation)
        responsibilities[i] = torch.softmax(torch.stack(terms), dim=0)
        completed[i, m] = sum(r * expectation for r, expectation in zip(responsibilities[i], expectations))
    return completed, responsibilities
