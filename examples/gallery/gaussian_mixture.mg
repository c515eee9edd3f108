# A mixture of k round Gaussians of equal weight: the rows of C are their means, t is their variance.
fn gaussian_mixture(X: matrix[m, n], C: matrix[k, n], t: positive scalar) = {
    D = sum(X.^2, 2) + sum(C.^2, 2)' - 2*X*C'
    m*n/2*log(t) - sum(logsumexp(-D/(2*t), 2))
}
