/* A network as a list of layers, trained by hand on points of three noisy rings, which no line can part. */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>

enum { TRAIN = 600, TEST = 300, ALL = TRAIN + TEST, RINGS = 3, BATCH = 60, STEPS = 500 };

/* Point i lies on the ring i % RINGS, of radius 1, 2 or 3; noise moves it by at most 0.4 inwards or outwards. */
static void make_points(float x[ALL][2], int32_t ring[ALL])
{
    for (int i = 0; i < ALL; i++) {
        const double angle = 2 * acos(-1.0) * ad_random_uniform(7, 0, (uint64_t)i);
        const double radius = 1 + i % RINGS + 0.8 * (ad_random_uniform(7, 1, (uint64_t)i) - 0.5);
        ring[i] = i % RINGS;
        x[i][0] = (float)(radius * cos(angle));
        x[i][1] = (float)(radius * sin(angle));
    }
}

static const nn_layer body[] = {NN_DENSE(.units = 32, .activation = AD_TANH), NN_DENSE(.units = 32)};
static const nn_layer layers[] = {NN_DENSE(.units = 32, .activation = AD_RELU),
                                  NN_BATCH_NORM(),
                                  NN_RESIDUAL(body),
                                  NN_DENSE(.units = RINGS)};

int main(void)
{
    static float X[ALL][2];
    static int32_t ring[ALL];
    make_points(X, ring);

    ad_tape *t = ad_tape_open(NULL);
    nn_network *net = nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(layers), .input = AD_SHAPE(2)});
    nn_print_summary(net, stdout);
    for (int step = 0; step < STEPS; step++) {
        const nn_pass pass = nn_training(net, step);
        const int first = step * BATCH % TRAIN;
        ad_tensor x = ad_input(t, AD_F32, AD_SHAPE(BATCH, 2), X[first]);
        ad_tensor y = ad_input(t, AD_I32, AD_SHAPE(BATCH), &ring[first]);
        ad_tensor loss = ad_mean(ad_softmax_cross_entropy(nn_run(net, pass, x), y));
        if (step % 100 == 0)
            printf("step %3d  loss %.4f\n", step, ad_item(loss));
        ad_backward(loss);
        nn_step(net, pass, NULL);
        ad_reset(t);
    }
    ad_tensor x = ad_input(t, AD_F32, AD_SHAPE(TEST, 2), X[TRAIN]);
    const int32_t *said = ad_i32(ad_argmax_over(nn_run(net, nn_inference(net), x), AD_AXES(1)));
    int right = 0;
    for (int i = 0; i < TEST && said; i++)
        right += said[i] == ring[TRAIN + i];
    printf("%d of %d other points on the right ring\n", right, TEST);
    const ad_status status = ad_status_of(t);
    if (status)
        fprintf(stderr, "%s\n", ad_message(t)); /* the one check */
    nn_network_close(net);
    ad_tape_close(t);
    return status != AD_OK;
}
