# An autoencoder with one hidden layer: the rows of X are observations.
fn autoencoder(X: matrix[m, n], A: matrix[n, h], B: matrix[h, n]) = normfro(sigmoid(X*A)*B - X)^2/m
