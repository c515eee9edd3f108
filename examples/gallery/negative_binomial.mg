# Negative binomial regression with log link and dispersion a: the negative log likelihood.
fn negative_binomial(X: matrix[m, n], y: nonneg vector[m], w: vector[n], a: positive scalar) = {
    z = X*w
    sum((y + a) .* softplus(z - log(a)) - y .* (z - log(a)) - lgamma(y + a) + lgamma(y + 1)) + m*lgamma(a)
}
