# Principal components: what a linear map to k dimensions and back leaves of the rows of X.
fn principal_components(X: matrix[m, n], W: matrix[n, k]) = normfro(X - X*W*W')^2
