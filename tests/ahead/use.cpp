// Minimizes the ridge objective by gradient descent, from two threads at once.
#include <cmath>
#include <cstdio>
#include <thread>
#include <vector>

#include "ridge.h"

static std::vector<double> minimized(const std::vector<double> &X, const std::vector<double> &y, std::size_t n)
{
    std::vector<double> w(n), gradient(n);
    const auto m = static_cast<std::int64_t>(y.size());
    const auto k = static_cast<std::int64_t>(n);
    for (int step = 0; step < 20000; step++) {
        double value = 0;
        if (ridge_value_and_grad(m, k, X.data(), y.data(), w.data(), 0.5, &value, gradient.data(), nullptr) != 0)
            return {};
        for (std::size_t j = 0; j < n; j++)
            w[j] -= 1e-3 * gradient[j];
    }
    return w;
}

int main()
{
    const std::vector<double> X = {1, 2, 3, 4, 5, 6, 7, 9}, y = {1, 2, 0, 1};
    if (!ridge_library_fits())
        return 1;
    std::vector<double> first, second;
    std::thread other([&] { second = minimized(X, y, 2); });
    first = minimized(X, y, 2);
    other.join();
    if (first != second)
        return 2;
    std::printf("%.12f %.12f\n", first.at(0), first.at(1));
    return 0;
}
