"""By hand in float64, columns first."""


def e_step(x, weights, means, covariances):
    log_joint = torch.stack(
        [
            torch.distributions.MultivariateNormal(means[z].double(), covariances[z].double()).log_prob(x.double())
            for z in range(len(means))
        ]
    )
    log_joint += weights.double().log().unsqueeze(1)
    log_joint -= log_joint.max(dim=0).values
    joint = log_joint.exp()
    return (joint / joint.sum(dim=0)).T.to(x.dtype)
