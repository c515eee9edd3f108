# Factor analysis: loadings L and noise variances p, for the empirical covariance S.
fn factor_analysis(S: psd matrix[n, n], L: matrix[n, k], p: positive vector[n]) = {
    C = L*L' + diag(p)
    logdet(C) + tr(C \ S)
}
