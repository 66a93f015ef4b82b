/* Memory and time of one step, forward and backward, of a net of 1,000 layers h = tanh(h W), without segments and with
 * segments of 10, 32 and 100 layers. Values grow with the layers; with segments of k layers those of 1000 / k outputs
 * and of k layers are there at a time, so that k = 32, about the root of 1000, takes the least, for one more forward
 * pass. Weights and their gradients are there in any case, and are not counted. The tape takes memory in blocks of up
 * to 16 MB, so that its figure is rounded up to such; beside it stands what the values alone need. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gradtape/gradtape.h>

#include "arguments.h"
#include "blas_kernels.h"
#include "timing.h"

enum { LAYERS = 1000, WIDTH = 32, BATCH = 2048, STEPS = 3 };

static const int lengths[] = {0, 10, 32, 100};
enum { WAYS = sizeof lengths / sizeof lengths[0] };

typedef struct result {
    double seconds, megabytes;
    float sum; /* of a gradient: the same for all ways */
} result;

static void make_weights(ad_tape *t, ad_tensor w[LAYERS])
{
    const double range[] = {-sqrt(3.0 / WIDTH), sqrt(3.0 / WIDTH)};
    for (int i = 0; i < LAYERS; i++) {
        w[i] = ad_param(t, AD_F32, AD_SHAPE(WIDTH, WIDTH), NULL, NULL);
        ad_fill_uniform(w[i], range, 1, (uint64_t)i);
    }
}

/* One step; its length in seconds. */
static double step(ad_tape *t, const ad_tensor w[LAYERS], const float *input, int length)
{
    const double start = seconds_now();
    ad_tensor h = ad_input(t, AD_F32, AD_SHAPE(BATCH, WIDTH), input);
    for (int i = 0; i < LAYERS; i++) {
        if (length && i % length == 0)
            ad_segment_begin(t);
        h = ad_tanh(ad_matmul(h, w[i]));
        if (length && (i % length == length - 1 || i == LAYERS - 1))
            ad_segment_end(t, &h, 1);
    }
    ad_backward(ad_mean(ad_square(h)));
    return seconds_now() - start;
}

static void end_if_failed(const ad_tape *t)
{
    if (ad_status_of(t) == AD_OK)
        return;
    fprintf(stderr, "segments: %s\n", ad_message(t));
    exit(1);
}

static result measure(const float *input, int length)
{
    static ad_tensor w[LAYERS];
    double seconds[STEPS];
    ad_tape *t = ad_tape_open(NULL);
    make_weights(t, w);
    for (int i = 0; i < STEPS; i++) {
        ad_reset(t);
        seconds[i] = step(t, w, input, length);
    }
    end_if_failed(t);
    const double weights = 2.0 * LAYERS * WIDTH * WIDTH * sizeof(float);
    const result r = {timing_of(seconds, STEPS).min, ((double)ad_usage_of(t).peak_bytes - weights) / 1e6,
                      ad_f32(ad_gradient(w[0]))[0]};
    ad_tape_close(t);
    return r;
}

/* What must be there at a time: an output a segment, and two tensors a layer of one segment. */
static double needed(int length)
{
    const double tensors = length ? (double)LAYERS / length + 2.0 * length : 2.0 * LAYERS;
    return tensors * BATCH * WIDTH * sizeof(float) / 1e6;
}

int main(int argc, char *argv[])
{
    take_no_arguments(argc, argv, "Time and memory of a net of 1,000 layers with and without segments.");
    static float input[BATCH * WIDTH];
    result r[WAYS];
    for (int i = 0; i < BATCH * WIDTH; i++)
        input[i] = (float)(2 * ad_random_uniform(2, 0, (uint64_t)i) - 1);
    ad_set_threads(1);
    print_blas_kernels();
    printf("%-24s %12s %8s %10s %12s %8s\n", "1,000 layers", "values, MB", "of all", "needed", "step, ms", "times");
    for (int k = 0; k < WAYS; k++) {
        char name[40] = "without segments";
        r[k] = measure(input, lengths[k]);
        if (lengths[k])
            snprintf(name, sizeof name, "segments of %d layers", lengths[k]);
        printf("%-24s %12.1f %8.3f %10.1f %12.1f %8.2f%s\n", name, r[k].megabytes, r[k].megabytes / r[0].megabytes,
               needed(lengths[k]), 1e3 * r[k].seconds, r[k].seconds / r[0].seconds,
               r[k].sum == r[0].sum ? "" : "  OTHER GRADIENTS");
    }
    printf("{\"bench\":\"segments\",\"mb_none\":%.1f,\"mb_10\":%.1f,\"mb_32\":%.1f,\"mb_100\":%.1f,\"ms_none\":%.1f,"
           "\"memory_share_32\":%.3f,\"time_ratio_10\":%.2f,\"time_ratio_32\":%.2f,\"time_ratio_100\":%.2f}\n",
           r[0].megabytes, r[1].megabytes, r[2].megabytes, r[3].megabytes, 1e3 * r[0].seconds,
           r[2].megabytes / r[0].megabytes, r[1].seconds / r[0].seconds, r[2].seconds / r[0].seconds,
           r[3].seconds / r[0].seconds);
    return 0;
}
