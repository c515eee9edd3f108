# Sparse inverse covariance: S is the empirical covariance, P the precision matrix.
fn graphical_lasso(S: symmetric matrix[n, n], P: posdef matrix[n, n], lam: nonneg scalar) =
    tr(S*P) - logdet(P) + lam * sum(abs(P))
