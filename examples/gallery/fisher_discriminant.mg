# Linear discriminants: the directions W in which classes differ most (B) for their spread (S).
fn fisher_discriminant(S: posdef matrix[n, n], B: posdef matrix[n, n], W: matrix[n, k]) =
    logdet(W'*S*W) - logdet(W'*B*W)
