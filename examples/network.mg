# A network with one hidden layer and squared loss: the rows of X are observations.
fn network(X: matrix[m, n], Y: matrix[m, k], A: matrix[n, h], b: vector[h], B: matrix[h, k]) = {
    H = tanh(X*A + ones(m)*b')
    normfro(H*B - Y)^2 / (2*m)
}
