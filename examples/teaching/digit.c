/* A digit and the gradient of its pixels: which pixels would change what the network says?
 *
 *   digit [FOLDER [MODEL IMAGE]]
 *
 * digit.safetensors is a small network, 784-10-10, that this library trained on MNIST; digit.idx is one image of
 * MNIST's test data. digit.sh makes both again, and says where they come from. */
#include "digit.h"

#ifndef LESSON_DATA /* the folder of this source */
#define LESSON_DATA "examples/teaching"
#endif

/* The gap at the top of the 4, in which a stroke would make it a 9: first and last row and column. */
enum { TOP = 6, BOTTOM = 8, LEFT = 12, RIGHT = 18 };

/* What of the recording the program reads. */
typedef struct recording {
    ad_tensor pixels, probabilities, digit, loss;
} recording;

/* A parameter of the network as an input of the tape: it stays as it is, and wants no gradient. */
static ad_tensor weights(ad_tape *t, nn_classifier *network, size_t i)
{
    ad_tensor w = nn_classifier_parameter(network, i);
    return ad_name(ad_input(t, ad_type_of(w), ad_shape_of(w), ad_data(w)), ad_name_of(w));
}

/* Records what the network says of an image, and the loss with that digit as the target. */
static recording record(ad_tape *t, nn_classifier *network, const float image[PIXELS])
{
    recording r = {.pixels = ad_name(ad_variable(t, AD_F32, AD_SHAPE(SIDE, SIDE), image), "pixels")};
    ad_tensor x = ad_reshape(r.pixels, AD_SHAPE(1, PIXELS));
    ad_tensor h = ad_linear(x, weights(t, network, 0), weights(t, network, 1), AD_RELU);
    ad_tensor z = ad_linear(ad_name(h, "h"), weights(t, network, 2), weights(t, network, 3), AD_IDENTITY);
    r.probabilities = ad_name(ad_softmax(ad_name(z, "z"), 1), "probabilities");
    r.digit = ad_name(ad_argmax_over(z, AD_AXES(1)), "digit");
    ad_tensor target = ad_name(ad_input(t, AD_I32, AD_SHAPE(1), ad_data(r.digit)), "target");
    r.loss = ad_name(ad_mean(ad_softmax_cross_entropy(z, target)), "loss");
    return r;
}

/* Adds one grey level to each pixel, or takes it, as its gradient says, so that the loss grows. */
static void take_step(recording r)
{
    const float *pixels = ad_f32(r.pixels), *gradient = ad_f32(ad_gradient(r.pixels));
    float next[PIXELS];
    for (int i = 0; i < PIXELS && pixels && gradient; i++) {
        const float sign = (float)((gradient[i] > 0) - (gradient[i] < 0));
        next[i] = fminf(fmaxf(pixels[i] + sign / GREY_LEVELS, 0), 1);
    }
    if (pixels && gradient)
        ad_assign(r.pixels, next);
    ad_replay(r.pixels.tape);
}

/* Prints the gradient in the frame, and what the network says of the image with a stroke of full ink there. */
static void print_frame(nn_classifier *network, const float image[PIXELS], const float gradient[PIXELS])
{
    float stroke[PIXELS], sum = 0;
    memcpy(stroke, image, sizeof stroke);
    for (int i = TOP; i <= BOTTOM; i++)
        for (int j = LEFT; j <= RIGHT; j++) {
            sum += gradient[i * SIDE + j];
            stroke[i * SIDE + j] = 1;
        }
    ad_tape *t = ad_tape_open(NULL);
    const recording r = record(t, network, stroke);
    if (ad_status_of(t) != AD_OK)
        close_tape(t); /* ends the program */
    const int n = (BOTTOM - TOP + 1) * (RIGHT - LEFT + 1), digit = ad_i32(r.digit)[0];
    printf("\ntop  bottom  left  right\n%3d  %6d  %4d  %5d\n\n", TOP, BOTTOM, LEFT, RIGHT);
    printf("mean gradient in the frame = %.6f\npixels in the frame = %d\n", sum / (float)n, n);
    printf("with a stroke there = %d\nits probability then = %.6f\n", digit, ad_f32(r.probabilities)[digit]);
    close_tape(t);
}

/* Adds grey levels until the network says another digit, and prints what it was and what it has become. */
static void change(recording r, const float image[PIXELS], float sum)
{
    float before[DIGITS];
    const int first = ad_i32(r.digit)[0];
    const double loss = ad_item(r.loss);
    int steps = 0;
    memcpy(before, ad_f32(r.probabilities), sizeof before);
    for (; ad_i32(r.digit)[0] == first && steps < GREY_LEVELS; steps++) {
        take_step(r);
        ad_backward(r.loss);
    }
    print_images(image, ad_f32(r.pixels));
    printf("\ndigit  before    after\n");
    for (int i = 0; i < DIGITS; i++)
        printf("%5d  %.6f  %.6f\n", i, before[i], ad_f32(r.probabilities)[i]);
    printf("\nthe network says = %d\nits probability = %.6f\n", first, before[first]);
    printf("steps of one grey level = %d\nin percent of the grey levels = %.1f\n", steps, 100.0 * steps / GREY_LEVELS);
    printf("the network says then = %d\n", ad_i32(r.digit)[0]);
    printf("sum of sizes = %.6f\ngrowth by first order = %.6f\n", sum, sum * (float)steps / GREY_LEVELS);
    printf("loss before = %.6f\nloss after = %.6f\n", loss, ad_item(r.loss));
    print_percent("changed", ad_f32(r.pixels), 1);
}

/* Shows the gradient by pixels, and what it is good for. */
static void show(recording r, nn_classifier *network, const float image[PIXELS], const char *folder)
{
    float gradient[PIXELS], largest = 0, sum = 0;
    if (ad_backward(r.loss) != AD_OK)
        return;
    write_page(r.loss.tape, folder, "digit-tape", "A digit, and the gradient of its pixels");
    memcpy(gradient, ad_f32(ad_gradient(r.pixels)), sizeof gradient);
    for (int i = 0; i < PIXELS; i++) {
        const bool can_change = gradient[i] > 0 ? image[i] < 1 : image[i] > 0;
        largest = fmaxf(largest, fabsf(gradient[i]));
        sum += can_change ? fabsf(gradient[i]) : 0;
    }
    change(r, image, sum);
    print_frame(network, image, gradient);
    printf("largest gradient = %.6f\n", largest);
    print_percent("pixels", image, 1);
    print_percent("gradient", gradient, largest);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    const char *model = argc > 3 ? argv[2] : LESSON_DATA "/digit.safetensors";
    const char *path = argc > 3 ? argv[3] : LESSON_DATA "/digit.idx";
    float image[PIXELS];
    nn_classifier *network = nn_classifier_load(model, NULL);
    if (nn_classifier_status(network))
        fprintf(stderr, "digit: %s\n", nn_classifier_message(network));
    const bool is_good = !nn_classifier_status(network) && is_for_digits(network, model) && read_image(path, image);
    if (is_good) {
        ad_tape *t = ad_tape_open(NULL);
        ad_watch(t, AD_ON);
        const recording r = record(t, network, image);
        if (ad_status_of(t) == AD_OK)
            show(r, network, image, folder);
        close_tape(t);
    }
    nn_classifier_close(network);
    return !is_good;
}
