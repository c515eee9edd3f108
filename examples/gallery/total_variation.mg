# Smoothed total variation: x close to y, with few jumps.
fn total_variation(y: vector[n], x: vector[n], lam: nonneg scalar, e: positive scalar) =
    norm2(x - y)^2/2 + lam*sum(sqrt((x[1:n] - x[0:n-1]).^2 + e))
