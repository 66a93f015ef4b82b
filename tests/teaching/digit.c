/* The lesson on a digit: what it says of the image against a forward pass in f64 in plain C, and the gradient by pixels
 * against differences of it. */
#include "lesson_output.h"

#include "../../examples/teaching/digit.c"

enum { HIDDEN = 10 };

static ad_tape *t;
static nn_classifier *network;
static float image[PIXELS];
static recording r;

static void open_all(void)
{
    network = nn_classifier_load(LESSON_DATA "/digit.safetensors", NULL);
    ck_assert_int_eq(nn_classifier_status(network), AD_OK);
    ck_assert(read_image(LESSON_DATA "/digit.idx", image));
    t = ad_tape_open(NULL);
    r = record(t, network, image);
}

static void close_all(void)
{
    close_tape(t);
    nn_classifier_close(network);
}

/* The pixels are the bytes of the file, which begin at its 16th, over 255. */
START_TEST(the_image_is_that_of_the_file)
{
    unsigned char bytes[16 + PIXELS];
    FILE *file = fopen(LESSON_DATA "/digit.idx", "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fread(bytes, 1, sizeof bytes, file), sizeof bytes);
    fclose(file);
    for (int i = 0; i < PIXELS; i++)
        ck_assert_float_eq_tol(image[i], (float)(bytes[16 + i] / 255.0), 1e-7F);
}
END_TEST

/* The probabilities of the ten digits. */
static void forward_in_plain_c(const double *pixels, double p[DIGITS])
{
    const float *w1 = ad_f32(nn_classifier_parameter(network, 0)), *b1 = ad_f32(nn_classifier_parameter(network, 1));
    const float *w2 = ad_f32(nn_classifier_parameter(network, 2)), *b2 = ad_f32(nn_classifier_parameter(network, 3));
    double sum = 0;
    for (int k = 0; k < DIGITS; k++)
        p[k] = b2[k];
    for (int j = 0; j < HIDDEN; j++) {
        double z = b1[j];
        for (int i = 0; i < PIXELS; i++)
            z += pixels[i] * w1[i * HIDDEN + j];
        for (int k = 0; k < DIGITS && z > 0; k++)
            p[k] += z * w2[j * DIGITS + k];
    }
    for (int k = 0; k < DIGITS; k++)
        sum += p[k] = exp(p[k]);
    for (int k = 0; k < DIGITS; k++)
        p[k] /= sum;
}

static double loss_at(const double *pixels, int digit)
{
    double p[DIGITS];
    forward_in_plain_c(pixels, p);
    return -log(p[digit]);
}

static int most_probable(const float *pixels)
{
    double p[DIGITS], x[PIXELS];
    int best = 0;
    for (int i = 0; i < PIXELS; i++)
        x[i] = pixels[i];
    forward_in_plain_c(x, p);
    for (int k = 1; k < DIGITS; k++)
        best = p[k] > p[best] ? k : best;
    return best;
}

START_TEST(the_probabilities_are_those_of_a_plain_forward_pass)
{
    double p[DIGITS], x[PIXELS];
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    for (int i = 0; i < PIXELS; i++)
        x[i] = image[i];
    forward_in_plain_c(x, p);
    for (int k = 0; k < DIGITS; k++)
        ck_assert_double_eq_tol(cell_of("digit", k, "before"), p[k], 2e-6);
    ck_assert_double_eq(said("the network says"), 4);
    ck_assert_double_eq_tol(said("its probability"), p[4], 2e-6);
    ck_assert_double_eq_tol(said("loss before"), -log(p[4]), 2e-6);
}
END_TEST

/* Every pixel, by central differences; the tables have them in percent of the largest. */
START_TEST(the_gradient_by_pixels_is_that_of_differences)
{
    double x[PIXELS], slopes[PIXELS], largest = 0, sum = 0;
    const double h = 1e-5;
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    ad_backward(r.loss);
    const float *gradient = ad_f32(ad_gradient(r.pixels));
    for (int i = 0; i < PIXELS; i++)
        x[i] = image[i];
    for (int i = 0; i < PIXELS; i++) {
        x[i] = image[i] + h;
        const double above = loss_at(x, 4);
        x[i] = image[i] - h;
        slopes[i] = (above - loss_at(x, 4)) / (2 * h);
        x[i] = image[i];
        largest = fmax(largest, fabs(slopes[i]));
        if (slopes[i] > 0 ? x[i] < 1 : x[i] > 0)
            sum += fabs(slopes[i]);
        ck_assert_double_eq_tol(gradient[i], slopes[i], 1e-7);
    }
    ck_assert_double_eq_tol(said("largest gradient"), largest, 2e-6);
    ck_assert_double_eq_tol(said("sum of sizes"), sum, 2e-5);
    ck_assert_double_eq_tol(said("growth by first order"), sum * said("steps of one grey level") / 255, 2e-5);
    for (int i = 0; i < PIXELS; i++) {
        char column[10];
        snprintf(column, sizeof column, "%d", i % SIDE);
        ck_assert_double_eq_tol(cell_of("gradient", i / SIDE, column), 100 * slopes[i] / largest, 0.51);
        ck_assert_double_eq_tol(cell_of("pixels", i / SIDE, column), 100 * image[i], 0.51);
    }
}
END_TEST

/* In the frame there is no ink, and all pixels but one have a positive gradient. With a stroke there the network says
 * 9, and so it does with one at the bottom edge. */
START_TEST(a_stroke_in_the_frame_makes_it_a_9)
{
    double stroke[PIXELS], bow[PIXELS], p[DIGITS], sum = 0;
    int positive = 0, all = 0;
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    ad_backward(r.loss);
    for (int i = 0; i < PIXELS; i++) {
        const int row = i / SIDE, column = i % SIDE;
        const bool is_in = row >= cell_of("top", 0, "top") && row <= cell_of("top", 0, "bottom") &&
                           column >= cell_of("top", 0, "left") && column <= cell_of("top", 0, "right");
        ck_assert(!is_in || image[i] < 1e-6F);
        stroke[i] = is_in ? 1 : image[i];
        bow[i] = row >= 25 && row <= 26 && column >= 8 && column <= 20 ? 1 : image[i];
        sum += is_in ? ad_f32(ad_gradient(r.pixels))[i] : 0;
        positive += is_in && ad_f32(ad_gradient(r.pixels))[i] > 0;
        all += is_in;
    }
    ck_assert_int_eq(positive, all - 1);
    ck_assert_double_eq(said("pixels in the frame"), all);
    ck_assert_double_eq_tol(said("mean gradient in the frame"), sum / all, 1e-6);
    forward_in_plain_c(stroke, p);
    ck_assert_double_eq(said("with a stroke there"), 9);
    ck_assert_double_eq_tol(said("its probability then"), p[9], 2e-6);
    forward_in_plain_c(bow, p);
    ck_assert_double_gt(p[9], 0.5);
}
END_TEST

/* A step before the last the network says 4, after the last 9, and no pixel is farther from the image than the steps.
 */
START_TEST(as_many_steps_as_printed_make_it_another_digit)
{
    ck_assert_int_eq(run_lesson(1, NULL, NULL, NULL), 0);
    const int steps = (int)said("steps of one grey level");
    ck_assert_double_eq_tol(said("in percent of the grey levels"), 100.0 * steps / 255, 0.051);
    for (int k = 0; k < steps; k++) {
        ck_assert_int_eq(most_probable(ad_f32(r.pixels)), 4);
        ad_backward(r.loss);
        take_step(r);
    }
    const float *changed = ad_f32(r.pixels);
    ck_assert_int_eq(most_probable(changed), 9);
    ck_assert_double_eq(said("the network says then"), 9);
    for (int i = 0; i < PIXELS; i++) {
        ck_assert(changed[i] >= 0 && changed[i] <= 1);
        ck_assert_float_le(fabsf(changed[i] - image[i]), (float)steps / 255 + 1e-6F);
        char column[10];
        snprintf(column, sizeof column, "%d", i % SIDE);
        ck_assert_double_eq_tol(cell_of("changed", i / SIDE, column), 100 * changed[i], 0.51);
    }
    double x[PIXELS];
    for (int i = 0; i < PIXELS; i++)
        x[i] = changed[i];
    ck_assert_double_eq_tol(said("loss after"), loss_at(x, 4), 2e-5);
    ck_assert_double_gt(said("loss after") - said("loss before"), said("growth by first order"));
}
END_TEST

/* A model and an image that are missing, damaged or of another kind. */
START_TEST(files_that_do_not_fit_are_refused)
{
    const char *model = LESSON_DATA "/digit.safetensors", *digit = LESSON_DATA "/digit.idx";
    const struct {
        const char *model, *image, *message;
    } bad[] = {{"none.safetensors", digit, "none.safetensors"},
               {model, "none.idx", "none.idx"},
               {digit, digit, "digit.idx"},
               {model, model, "digit.safetensors"}};
    for (int i = 0; i < COUNT(bad); i++) {
        ck_assert_int_eq(run_lesson(2, "", bad[i].model, bad[i].image), 1);
        ck_assert_msg(strncmp(printed, "digit: ", 7) == 0 && strstr(printed, bad[i].message), "%s", printed);
    }
}
END_TEST

/* Two images; one of another size. */
START_TEST(only_one_image_of_28_x_28_is_taken)
{
    static const char headers[2][16] = {{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, SIDE, 0, 0, 0, SIDE},
                                        {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 14, 0, 0, 0, 14}};
    static const char pixels[2 * PIXELS];
    const size_t sizes[2] = {2 * PIXELS, 14 * 14};
    for (int i = 0; i < 2; i++) {
        char path[] = "/tmp/digit_XXXXXX";
        FILE *file = fdopen(mkstemp(path), "wb");
        fwrite(headers[i], 1, sizeof headers[i], file);
        fwrite(pixels, 1, sizes[i], file);
        fclose(file);
        ck_assert_int_eq(run_lesson(2, "", LESSON_DATA "/digit.safetensors", path), 1);
        ck_assert_ptr_nonnull(strstr(printed, "it is not one image of 28 x 28 bytes"));
        remove(path);
    }
}
END_TEST

/* A network without a hidden layer. */
START_TEST(another_network_is_refused)
{
    static const float rows[DIGITS][PIXELS];
    static const int32_t labels[DIGITS] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const nn_data data = {.features = rows, .rows = DIGITS, .columns = PIXELS, .labels = labels};
    char path[] = "/tmp/digit_XXXXXX";
    close(mkstemp(path));
    remove(path);
    nn_classifier *flat = nn_classifier_open(&(nn_classifier_options){.n_classes = DIGITS});
    ck_assert_int_eq(nn_classifier_fit(flat, &data, &(nn_fit_options){.steps = 1, .save = path}), AD_OK);
    nn_classifier_close(flat);
    ck_assert_int_eq(run_lesson(2, "", path, LESSON_DATA "/digit.idx"), 1);
    ck_assert_ptr_nonnull(strstr(printed, "it is not a network with 784 inputs, one hidden layer and ten classes"));
    remove(path);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_all, close_all);
    tcase_add_test(tests, the_image_is_that_of_the_file);
    tcase_add_test(tests, the_probabilities_are_those_of_a_plain_forward_pass);
    tcase_add_test(tests, the_gradient_by_pixels_is_that_of_differences);
    tcase_add_test(tests, a_stroke_in_the_frame_makes_it_a_9);
    tcase_add_test(tests, as_many_steps_as_printed_make_it_another_digit);
    tcase_add_test(tests, files_that_do_not_fit_are_refused);
    tcase_add_test(tests, another_network_is_refused);
    tcase_add_test(tests, only_one_image_of_28_x_28_is_taken);
}

#undef main
int main(void) { return run_tests("digit", add_tests); }
