/* Features of f32 are scaled with a mean that was rounded to f32: {2^24, 2^24 + 2} become 0 and 2 instead of -1 and 1.
 * As f64 the same numbers become -1 and 1. (scaling.c takes care of this for f64 and i32, "close to their mean".)
 * Complaint: scikit-learn/scikit-learn#17794, #19726 (features of a large mean and a small spread).
 * Right value: classifier.h, (x - mean) / deviation: mean 2^24 + 1, deviation 1. Seen through the logits of a logistic
 * regression with one feature: (logit - bias) / weight is the scaled feature. */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
int main(void)
{
    const float f[4] = {16777216, 16777218, 16777216, 16777218};
    const double d[4] = {16777216, 16777218, 16777216, 16777218};
    const int32_t y[4] = {0, 1, 0, 1};
    int bad = 0;
    for (int wide = 0; wide < 2; wide++) {
        nn_classifier *c =
            nn_classifier_open(&(nn_classifier_options){.n_classes = 2,
                                                        .scaling = NN_SCALE_FEATURE,
                                                        .seed = 1,
                                                        .optimiser = {.rule = &nn_gradient_descent, .rate = 1e-30}});
        nn_data data = {.features = wide ? (const void *)d : f,
                        .element = wide ? NN_F64 : NN_F32,
                        .rows = 4,
                        .columns = 1,
                        .labels = y};
        float l[8];
        nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 1});
        nn_classifier_logits(c, &data, l);
        const float w = ad_f32(nn_classifier_parameter(c, 0))[0], b = ad_f32(nn_classifier_parameter(c, 1))[0];
        printf("%s: want -1 1 got %g %g\n", wide ? "f64" : "f32", (l[0] - b) / w, (l[2] - b) / w);
        bad |= fabsf((l[0] - b) / w + 1) > 1e-5F;
        nn_classifier_close(c);
    }
    return bad;
}
