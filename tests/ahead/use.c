/* Uses three libraries: values, gradients, workspaces, and every status. */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mixed.h"
#include "gaussian_process.h"
#include "ridge.h"

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("line %d: not true: %s\n", __LINE__, #condition);                                                   \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static const double X[6] = {1, 2, 3, 4, 5, 6}, y[3] = {1, 0, -1}, w[2] = {0.5, -0.25};

static void ridge_works(void)
{
    double value = 0, gradient[2] = {0, 0}, expected = 0, slope[2] = {2 * 0.1 * w[0], 2 * 0.1 * w[1]};
    for (int i = 0; i < 3; i++) {
        double r = X[2 * i] * w[0] + X[2 * i + 1] * w[1] - y[i];
        expected += r * r;
        slope[0] += 2 * r * X[2 * i];
        slope[1] += 2 * r * X[2 * i + 1];
    }
    expected += 0.1 * (w[0] * w[0] + w[1] * w[1]);
    EXPECT(ridge_library_fits());
    EXPECT(ridge_value_and_grad(3, 2, X, y, w, 0.1, &value, gradient, NULL) == 0);
    EXPECT(fabs(value - expected) < 1e-12);
    EXPECT(fabs(gradient[0] - slope[0]) < 1e-12 && fabs(gradient[1] - slope[1]) < 1e-12);

    int64_t bytes = ridge_value_and_grad_workspace(3, 2);
    void *workspace = malloc((size_t)bytes);
    double again = 0;
    EXPECT(bytes >= 64 && workspace != NULL);
    EXPECT(ridge_value_and_grad(3, 2, X, y, w, 0.1, &again, gradient, workspace) == 0 && again == value);
    free(workspace);

    EXPECT(ridge_library_cpu(0) > 0);
    EXPECT(ridge_library_cpu(2) == 2 && ridge_library_cpu(0) == 2);
    EXPECT(ridge(3, 2, X, y, w, 0.1, &again, NULL) == 0 && fabs(again - expected) < 1e-12);
    EXPECT(ridge_library_cpu(7) == RIDGE_CPU && ridge_library_cpu(0) == 2);
}

static void statuses(void)
{
    double value = 0, out[2];
    EXPECT(ridge(-1, 2, X, y, w, 0.1, &value, NULL) == RIDGE_SIZES);
    EXPECT(ridge_workspace(-1, 2) == RIDGE_SIZES);
    EXPECT(ridge(3, 2, NULL, y, w, 0.1, &value, NULL) == RIDGE_NULL);
    EXPECT(ridge(3, 2, X, y, w, 0.1, NULL, NULL) == RIDGE_NULL);
    EXPECT(ridge(0, 2, NULL, NULL, w, 1.0, &value, NULL) == 0 && value == w[0] * w[0] + w[1] * w[1]);
    int status = ridge(3, 2, X, y, w, -1.0, &value, NULL);
    EXPECT(status > 0 && strstr(ridge_library_message(status), "lam is not positive") != NULL);
    EXPECT(strcmp(ridge_library_message(0), "success") == 0 && strlen(ridge_library_message(99)) > 0);
    EXPECT(mixed_pick(2, w, 1, &value, NULL) == 0 && value == 0.0625);
    EXPECT(mixed_pick(2, w, 2, &value, NULL) > 0);
    EXPECT(mixed_shifted(1, w, y, &value, NULL) == 0 && value == -0.25);
    EXPECT(mixed_composed(2, 3, X, X, &value, NULL) == 0 && value == 86);
    EXPECT(mixed_two(3, 2, X, y, out, &value, NULL) == 0 && value == 21 && out[0] == -4 && out[1] == -4);
}

static void *blas;
static const char *prefix;

static void (*routine(const char *name))(void)
{
    char text[64];
    void (*found)(void) = NULL;
    snprintf(text, sizeof text, "%s%s_", prefix, name);
    void *symbol = dlsym(blas, text);
    memcpy(&found, &symbol, sizeof found);
    return found;
}

static void factorizations(const char *path)
{
    double K[9] = {4, 1, 0, 1, 3, 1, 0, 1, 2}, value = 0, gradient = 0;
    EXPECT(gaussian_process_value_and_grad(3, K, y, 1.0, 0.5, &value, &gradient, NULL) == GAUSSIAN_PROCESS_ROUTINE);
    EXPECT(gaussian_process_library_set_routine("dnothing", NULL) == GAUSSIAN_PROCESS_ROUTINE);
    blas = dlopen(path, RTLD_NOW);
    EXPECT(blas != NULL);
    int count = 0;
    for (const char *name; (name = gaussian_process_library_routine(count)) != NULL; count++)
        EXPECT(gaussian_process_library_set_routine(name, routine(name)) == 0);
    EXPECT(count > 0);
    EXPECT(gaussian_process_value_and_grad(3, K, y, 1.0, 0.5, &value, &gradient, NULL) == 0);
    printf("%.17g %.17g\n", value, gradient);

    enum { N = 100 };
    double *A = calloc(N * N, sizeof *A), *b = calloc(N, sizeof *b);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++)
            A[i * N + j] = 1.0 / (1 + abs(i - j)) + (i == j ? 2 : 0);
        b[i] = i % 7;
    }
    EXPECT(gaussian_process_value_and_grad(N, A, b, 1.0, 0.5, &value, &gradient, NULL) == 0);
    printf("%.17g %.17g\n", value, gradient);
    A[0] = -100;
    int status = gaussian_process_value_and_grad(N, A, b, 1.0, 0.5, &value, &gradient, NULL);
    EXPECT(status > 0 && strstr(gaussian_process_library_message(status), "not positive definite") != NULL);
    free(A);
    free(b);
}

int main(int count, char **arguments)
{
    ridge_works();
    statuses();
    if (count == 3) {
        prefix = arguments[2];
        factorizations(arguments[1]);
    }
    return 0;
}
