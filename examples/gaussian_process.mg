# Negative log likelihood of a Gaussian process with kernel s*K and noise t, up to a constant.
fn gaussian_process(K: psd matrix[n, n], y: vector[n], s: positive scalar, t: positive scalar) = {
    S = s*K + t*I
    0.5 * y'*(S \ y) + 0.5 * logdet(S)
}
