# Negative log likelihood of m observations (the rows of X), up to a constant.
fn multivariate_normal(X: matrix[m, n], mu: vector[n], S: posdef matrix[n, n]) = {
    R = X - ones(m)*mu'
    0.5 * tr(R*(S \ R')) + m/2 * logdet(S)
}
