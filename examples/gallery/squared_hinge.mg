# Support vector machine with squared hinge loss; labels are -1 and 1.
fn squared_hinge(X: matrix[m, n], y: vector[m], w: vector[n], c: positive scalar) =
    w'*w/2 + c*sum(relu(1 - y .* (X*w)).^2)
