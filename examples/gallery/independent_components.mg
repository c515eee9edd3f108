# Independent component analysis: W is to make the columns of X*W' independent.
fn independent_components(X: matrix[m, n], W: matrix[n, n]) = {
    Z = X*W'
    sum(Z + 2*softplus(-Z))/m - logabsdet(W)
}
