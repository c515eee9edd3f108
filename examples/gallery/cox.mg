# Cox's partial likelihood: the rows of X by falling survival time, d is 1 where the event was observed.
fn cox(X: matrix[m, n], d: nonneg vector[m], w: vector[n]) = {
    z = X*w
    d'*(log(cumsum(exp(z))) - z)
}
