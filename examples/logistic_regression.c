/* Logistic regression from operators alone: two clouds of points, one weight for each coordinate, one bias. */
#include <math.h>
#include <stdio.h>

#include <gradtape/gradtape.h>

enum { N = 200, D = 2, STEPS = 200 };

/* A number from the normal distribution: Box and Muller's way. */
static double normal(uint64_t index)
{
    const double u = 1 - ad_random_uniform(7, 0, index), v = ad_random_uniform(7, 1, index);
    return sqrt(-2 * log(u)) * cos(2 * acos(-1.0) * v);
}

/* Row i belongs to class i % 2; class 0 lies around (-1, -1), class 1 around (1, 1). */
static void make_points(float x[N][D], float y[N])
{
    for (int i = 0; i < N; i++) {
        y[i] = (float)(i % 2);
        for (int j = 0; j < D; j++)
            x[i][j] = (float)(normal((uint64_t)(i * D + j)) + 2 * y[i] - 1);
    }
}

int main(void)
{
    static float X[N][D], Y[N];
    make_points(X, Y);

    ad_tape *t = ad_tape_open(NULL);
    ad_tensor w = ad_param(t, AD_F32, AD_SHAPE(D, 1), NULL, "w"), b = ad_param(t, AD_F32, AD_SHAPE(1), NULL, "b");
    double loss = 0;
    for (int step = 0; step < STEPS; step++) {
        ad_tensor x = ad_input(t, AD_F32, AD_SHAPE(N, D), X), y = ad_input(t, AD_F32, AD_SHAPE(N, 1), Y);
        ad_tensor z = ad_add(ad_matmul(x, w), b);
        ad_tensor mean = ad_mean(ad_logistic_cross_entropy(z, y));
        loss = ad_item(mean);
        ad_backward(mean);
        ad_descend(w, 0.5);
        ad_descend(b, 0.5);
        ad_reset(t);
        if (step % 50 == 0)
            printf("step %3d  loss %.4f\n", step, loss);
    }

    int right = 0;
    const float *weight = ad_f32(w), *bias = ad_f32(b);
    for (int i = 0; i < N && weight && bias; i++)
        right += (X[i][0] * weight[0] + X[i][1] * weight[1] + bias[0] > 0) == (Y[i] > 0);
    printf("step %3d  loss %.4f\n%d of %d points on the right side\n", STEPS, loss, right, N);

    const int failed = ad_status_of(t) != AD_OK;
    if (failed)
        fprintf(stderr, "%s\n", ad_message(t)); /* the one check */
    ad_tape_close(t);
    return failed;
}
