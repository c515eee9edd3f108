# Factor a matrix T into U*V' with a ridge penalty.
fn factorization(T: matrix[m, n], U: matrix[m, k], V: matrix[n, k], lam: nonneg scalar) =
    normfro(T - U*V')^2 / 2 + lam/2 * (normfro(U)^2 + normfro(V)^2)
