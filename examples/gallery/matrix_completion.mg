# Matrix completion: M is 1 where the entry of T is known.
fn matrix_completion(T: matrix[m, n], M: nonneg matrix[m, n], U: matrix[m, k], V: matrix[n, k], lam: nonneg scalar) =
    sum(M .* (T - U*V').^2)/2 + lam/2*(normfro(U)^2 + normfro(V)^2)
