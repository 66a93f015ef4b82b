/* One singular matrix in a batch makes the whole backward of slogdet fail, though its logarithm is not used (dlog = 0,
 * chosen away by ad_where); and the message is of "inverse", an operator that the program does not call, and does not
 * say slogdet. Complaint: tensorflow/tensorflow#119477 (and the fix #122823), pytorch/pytorch#22909,
 * bytedance/jaqmc#93. Right value: 0 for the matrix not used, and inv(A)' for the other: diag(1/2, 1/4). */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2, 2, 2), (const double[]){1, 2, 2, 4, 2, 0, 0, 4}), l, g;
    ad_tensor sign = ad_slogdet(x, &l);
    ad_tensor y = ad_sum(ad_where(ad_not_equal(sign, ad_zeros_like(sign)), l, ad_zeros_like(l)));
    const double value = ad_item(y);
    ad_status s = ad_grad(y, &x, 1, &g);
    printf("value %.17g (ln 8); want gradient 0 0 0 0 0.5 0 0 0.25, got %s", value, s ? ad_message(t) : "");
    for (int i = 0; !s && i < 8; i++)
        printf(" %g", ad_f64(g)[i]);
    puts("");
    const double want[8] = {0, 0, 0, 0, 0.5, 0, 0, 0.25};
    int bad = s != AD_OK;
    for (int i = 0; !s && i < 8; i++)
        bad |= !(fabs(ad_f64(g)[i] - want[i]) < 1e-15);
    ad_tape_close(t);
    return bad;
}
