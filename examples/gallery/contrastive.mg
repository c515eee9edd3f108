# The contrastive loss: each row of A is to be closer to its own row of B than to all others.
fn contrastive(A: matrix[m, n], B: matrix[m, n], t: positive scalar) = {
    Z = A*B'/t
    (sum(logsumexp(Z, 2)) - tr(Z))/m
}
