# A smooth upper bound of the largest eigenvalue.
fn smooth_eigmax(A: symmetric matrix[n, n], t: positive scalar) = logsumexp(t*eigvals(A))/t
