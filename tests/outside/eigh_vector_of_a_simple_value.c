/* The gradient through the eigenvector of a simple eigenvalue is refused if two other eigenvalues are equal, though it
 * exists and needs no gap between those two. The message advises "vectors of distinct values", which is what was taken.
 * Complaint: pytorch/pytorch#76531, #47599; HIPS/autograd#527; jax-ml/jax#669 as cited by sethaxen/CAGPJax#6.
 * Right value: first-order perturbation, by hand: for the unit vector q of value 5 of A = I + 4 q q',
 * dq = (5 - A)^+ dA q and (5 - A)^+ = (I - q q') / 4; for y = q_0 the gradient is sym(((I - q q') e_0 / 4) q').
 * With q = (1,1,1)/sqrt 3: 0.096225 0.024056 0.024056 / 0.024056 -0.048113 -0.048113 / 0.024056 -0.048113 -0.048113. */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
int main(void)
{
    double a[9];
    for (int i = 0; i < 9; i++)
        a[i] = (i % 4 == 0) + 4.0 / 3;
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor A = ad_variable(t, AD_F64, AD_SHAPE(3, 3), a), v, g;
    ad_eigh(A, &v);
    ad_tensor y =
        ad_sum(ad_slice(ad_slice(v, 1, (ad_range){.start = 2, .stop = 3}), 0, (ad_range){.start = 0, .stop = 1}));
    ad_status s = ad_grad(y, &A, 1, &g);
    printf("want 0.096225, got %s\n", s ? ad_message(t) : "a gradient");
    for (int i = 0; !s && i < 9; i++)
        printf(" %.6f", ad_f64(g)[i]);
    int bad = s || fabs(ad_f64(g)[0] - 0.0962250448649376) > 1e-12;
    ad_tape_close(t);
    return bad;
}
