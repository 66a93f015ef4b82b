/* The view Neurons as text: which layers it finds, and the numbers of its drawing. tests/inspect/neurons.mjs opens it
 * in a browser. */
#include <math.h>

#include <gradtape/show.h>

#include "../support/one_folder.h"
#include "../support/sample_tapes.h"

static char *view; /* the section, ended with 0; "" where the page has none */

static void write_view(void)
{
    const ad_shown shown = ad_write_html(t, path_of("page.html"), NULL);
    ck_assert_msg(shown.status == AD_OK, "%s", shown.message);
    char *page = read_from_folder("page.html"), *from = strstr(page, "<section class=\"view\" id=\"v-neurons\""), *to;
    free(view);
    view = calloc(1, from ? strlen(from) + 1 : 1);
    ck_assert_ptr_nonnull(view);
    if (from) {
        to = strstr(from, "</section>");
        ck_assert_ptr_nonnull(to);
        memcpy(view, from, (size_t)(to - from));
    }
    free(page);
}

static int count(const char *text)
{
    int n = 0;
    for (const char *at = strstr(view, text); at; at = strstr(at + 1, text))
        n++;
    return n;
}

#define EXPECT_COUNT(text, n) ck_assert_msg(count(text) == (n), "%s: %d times, not %d", text, count(text), n)

/* Each number of this kind of element `index` (-1: the only one) of the tensor is x, to so many ulp of 1. There are
 * `times` of it. */
static void expect_number(const char *what, const char *id, int index, double x, int times)
{
    char text[60], has[60];
    int n = 0;
    snprintf(text, sizeof text, " data-what=\"%s\" data-of=", what);
    snprintf(has, sizeof has, index < 0 ? " data-id=\"%s\" data-exact" : " data-id=\"%s\" data-index=\"%d\" ", id,
             index);
    for (const char *at = strstr(view, text); at; at = strstr(at + 1, text)) {
        const char *end = strchr(at, '>'), *of = strstr(at, has), *exact = strstr(at, " data-exact=\"");
        ck_assert(end && exact && exact < end);
        if (!of || of > end)
            continue;
        ck_assert_double_eq_tol(strtod(exact + 13, NULL), x, 1e-14 * fmax(1, fabs(x)));
        n++;
    }
    ck_assert_msg(n == times, "%s of %s [%d]: %d times, not %d", what, id, index, n, times);
}

/* What a tensor that was recorded is called: "#3". */
static const char *id_of(ad_tensor x)
{
    static char text[24];
    snprintf(text, sizeof text, "#%zu", ad_number_of(x) + 1);
    return text;
}

static ad_tensor vector(ad_shape shape, const double *values, const char *name)
{
    return ad_param(t, AD_F64, shape, values, name);
}

/* A layer of single operators: [rows,2] by [2,2]. */
static const double two_by_two[] = {1, -2, 0.5, 3}, two[] = {0.25, -0.25};

static ad_tensor product(ad_tensor x) { return ad_matmul(x, vector(AD_SHAPE(2, 2), two_by_two, "w")); }

static ad_tensor input(int rows)
{
    double x[1024];
    for (int i = 0; i < 2 * rows; i++)
        x[i] = i % 7 - 3;
    return ad_name(ad_input(t, AD_F64, AD_SHAPE(rows, 2), x), "x");
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* By hand: z = (0.5 * 0.4 - 0.3 + 0.3, -0.5 * 0.6 - 0.8 - 0.2), h = tanh z, o = 0.7 h0 - 0.5 h1 + 0.2, L = (o - 1)^2 */
START_TEST(a_network_by_hand)
{
    const double z[] = {0.2, -1.3}, h[] = {tanh(0.2), tanh(-1.3)};
    const double o = 0.7 * h[0] - 0.5 * h[1] + 0.2, d_o = 2 * (o - 1), dh[] = {0.7 * d_o, -0.5 * d_o};
    const double x[] = {0.5, -1};
    record_sample(t, "network");
    write_view();
    for (int i = 0; i < 2; i++) {
        expect_number("value", "#1", i, x[i], 1);
        expect_number("weighted-sum", "#3", i, z[i], 1);
        expect_number("value", "#3", i, h[i], 1);
        expect_number("gradient", "#3", i, dh[i], 1);
        for (int j = 0; j < 2; j++) {
            const double dz = dh[j] * (1 - h[j] * h[j]);
            expect_number("gradient", "k0", 2 * i + j, x[i] * dz, 1);
            expect_number("gradient", "k1", j, dz, 1);
        }
        expect_number("gradient", "k2", i, h[i] * d_o, 1);
    }
    expect_number("value", "k0", 1, -0.6, 1);
    expect_number("value", "#5", -1, o, 2); /* its sum is its output */
    expect_number("gradient", "#5", -1, d_o, 1);
    expect_number("gradient", "k3", -1, d_o, 1);
    EXPECT_COUNT("<path class=\"ed", 6 + 3);
    EXPECT_COUNT("<g class=\"unit", 5 + 2);
    EXPECT_COUNT("<g class=\"unit bias\"", 2);
    EXPECT_COUNT("data-what=\"weighted-sum\"", 2);
    EXPECT_COUNT("<g class=\"taker\"", 0);
    EXPECT_COUNT("id=\"n-row\"", 0);
}
END_TEST

/* In tenths of a unit of the drawing, a curve is 54 wide, from -4 to 4, and 19 high: logistic goes from about 0 to 1.
 */
START_TEST(the_point_lies_on_the_curve)
{
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(1, 1), &(double){2});
    const ad_tensor w = vector(AD_SHAPE(1, 1), &(double){1}, "w"), b = vector(AD_SHAPE(1), &(double){-1}, "b");
    ad_linear(x, w, b, AD_LOGISTIC);
    write_view();
    const double top = 1 / (1 + exp(-4)), y = 1 / (1 + exp(-1));
    const char *at = strstr(view, "<circle class=\"pt\"");
    ck_assert_ptr_nonnull(at);
    ck_assert_double_eq_tol(strtod(strstr(at, "cx=\"") + 4, NULL), 27.0 / 4, 0.051);
    ck_assert_double_eq_tol(strtod(strstr(at, "cy=\"") + 4, NULL), 9.5 - 19 * y / top, 0.051);
    at = strstr(view, "class=\"curve\" d=\"M");
    ck_assert_ptr_nonnull(at);
    ck_assert_double_eq_tol(strtod(at + 18, NULL), -27, 0.051);
}
END_TEST

/* That of a layer without an activation is a line from corner to corner, whatever the layer is made of. */
START_TEST(identity_is_a_straight_line)
{
    if (_i == 0)
        ad_add(product(input(1)), vector(AD_SHAPE(2), two, "b"));
    else
        ad_linear(input(1), vector(AD_SHAPE(2, 2), two_by_two, "w"), vector(AD_SHAPE(2), two, "b"), AD_IDENTITY);
    write_view();
    EXPECT_COUNT("class=\"curve\" d=\"M-27.0 9.5L", 1);
    EXPECT_COUNT("L0.0 0.0L", 1);
    EXPECT_COUNT("L27.0 -9.5\"", 1);
}
END_TEST

/* The text after `from`, up to `to`. */
static const char *between(const char *from, const char *to)
{
    static char text[60];
    const char *at = strstr(view, from), *end = at ? strstr(at + strlen(from), to) : NULL;
    ck_assert_msg(end, "no %s", from);
    snprintf(text, sizeof text, "%.*s", (int)(end - at - (ptrdiff_t)strlen(from)), at + strlen(from));
    return text;
}

/* The line from place i of the inputs to unit j ends at the dot of its row, which has the name of place i and the
 * weight [i, j]; the rows of a unit stand one below the other, in the middle of the height of the unit. */
START_TEST(each_line_ends_at_its_row)
{
    static const char *const names[] = {"x[0]", "x[1]", "bias"}, *const places[] = {"0", "1", "b"};
    record_sample(t, "network");
    write_view();
    for (int j = 0; j < 2; j++) {
        int y[3], x = 0, unit_y;
        char text[90];
        for (int i = 0; i < 3; i++) {
            snprintf(text, sizeof text, "<g class=\"lab %s\" data-c=\"0\" data-i=\"%s\" data-j=\"%d\">",
                     (i != 1) == (j == 0) ? "neg" : "pos", places[i], j);
            const char *row = strstr(view, text);
            ck_assert_msg(row, "no %s", text);
            ck_assert_int_eq(sscanf(strstr(row, " cx="), " cx=\"%d\" cy=\"%d\"", &x, &y[i]), 2);
            snprintf(text, sizeof text, "\">%s</text>", names[i]);
            const char *name = strstr(row, text), *end = strstr(row, "</g>");
            ck_assert_msg(name && name < end, "the row %d, %d is not that of %s", i, j, names[i]);
            ck_assert_int_eq(atoi(strstr(row, "data-index=\"") + 12), i < 2 ? 2 * i + j : j);
            snprintf(text, sizeof text, " %d %d\"/>\n", x, y[i]);
            const char *line = strstr(view, text);
            ck_assert_msg(line, "no line ends at %s", text);
            snprintf(text, sizeof text, "data-i=\"%s\" data-j=\"%d\"", places[i], j);
            while (*line != '<')
                line--;
            ck_assert_msg(strstr(line, text) == strstr(line, "data-i"), "the line of another place ends at %d, %d", i,
                          j);
        }
        ck_assert(y[0] + 15 <= y[1] && y[1] + 15 <= y[2]);
        snprintf(text, sizeof text, "data-c=\"1\" data-i=\"%d\" tabindex=\"0\" role=\"button\" transform=\"translate(",
                 j);
        ck_assert_int_eq(sscanf(between(text, ")"), "%d %d", &x, &unit_y), 2);
        ck_assert_int_eq(y[1], unit_y);
    }
}
END_TEST

/* From one to four units a side, with biases and without: the rows of one unit end before those of the next begin. */
START_TEST(rows_of_units_are_apart)
{
    const int n = _i / 2 + 1;
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(1, n), NULL), w = ad_param(t, AD_F64, AD_SHAPE(n, n), NULL, "w");
    if (_i % 2)
        ad_linear(x, w, ad_param(t, AD_F64, AD_SHAPE(n), NULL, "b"), AD_TANH);
    else
        ad_tanh(ad_matmul(x, w));
    write_view();
    EXPECT_COUNT("<g class=\"lab", n * (n + _i % 2));
    int previous = 0;
    for (int j = 0; j < n; j++) {
        char text[60];
        int top = 0, bottom = 0;
        for (int i = 0; i < n + _i % 2; i++) {
            if (i < n)
                snprintf(text, sizeof text, "data-i=\"%d\" data-j=\"%d\"><circle", i, j);
            else
                snprintf(text, sizeof text, "data-i=\"b\" data-j=\"%d\"><circle", j);
            const char *row = strstr(view, text);
            ck_assert_msg(row, "no %s", text);
            bottom = atoi(strstr(row, "cy=\"") + 4);
            top = i == 0 ? bottom : top;
        }
        ck_assert_int_ge(top - previous, 24);
        previous = bottom;
    }
}
END_TEST

/* The curve of a step has a wall at 0, and is level beside it. */
START_TEST(a_step_jumps)
{
    ad_step(product(input(1)));
    write_view();
    ck_assert_msg(strstr(view, "L0.0 9.5L0.0 -9.5L"), "the curve has no wall");
}
END_TEST

/* A z of 20 has its place on the curve, which goes to 32. */
START_TEST(a_curve_has_room_for_all_sums)
{
    ad_linear(ad_input(t, AD_F64, AD_SHAPE(2, 1), (double[]){1, -20}), vector(AD_SHAPE(1, 1), &(double){1}, "w"),
              vector(AD_SHAPE(1), &(double){0}, "b"), AD_TANH);
    write_view();
    EXPECT_COUNT("\"range\":[32,", 1);
}
END_TEST

START_TEST(sums_of_the_tape)
{
    const ad_tensor z = ad_add(product(input(1)), vector(AD_SHAPE(2), two, "b"));
    ad_watch(t, AD_ON);
    ad_backward(ad_sum(ad_relu(z)));
    write_view();
    /* (-3, -2) by the weights, and the biases */
    expect_number("value", "#3", 0, -3 - 1 + 0.25, 1);
    expect_number("value", "#3", 1, 6 - 6 - 0.25, 1);
    expect_number("value", "#4", 0, 0, 1);
    EXPECT_COUNT("data-what=\"weighted-sum\"", 0);
    EXPECT_COUNT(" bias\"", 1);
    EXPECT_COUNT(", ReLU</text>", 1);
}
END_TEST

static ad_tensor logits(void)
{
    return ad_linear(input(2), vector(AD_SHAPE(2, 2), two_by_two, "w"), vector(AD_SHAPE(2), two, "b"), AD_IDENTITY);
}

START_TEST(softmax_is_one_bar)
{
    const int32_t labels[] = {1, 0};
    const double z0 = -3 - 1 + 0.25, z1 = 6 - 6 - 0.25;
    const ad_tensor z = logits();
    ad_mean(ad_softmax_cross_entropy(z, ad_input(t, AD_I32, AD_SHAPE(2), labels)));
    write_view();
    expect_number("share", id_of(z), 0, 1 / (1 + exp(z1 - z0)), 1);
    expect_number("share", id_of(z), 1, 1 / (1 + exp(z0 - z1)), 1);
    EXPECT_COUNT("<g class=\"taker\"", 1);
    EXPECT_COUNT("<option>", 2);
    const ad_tensor p = ad_softmax(logits(), 1);
    write_view();
    EXPECT_COUNT("data-what=\"share\"", 0);
    expect_number("value", id_of(p), 0, 1 / (1 + exp(z1 - z0)), 1);
    ad_softmax(logits(), 0);
    write_view();
    EXPECT_COUNT("<g class=\"taker\"", 0); /* over the rows, not over the units */
}
END_TEST

/* The loss takes z, and so does a logistic beside it: the drawing goes to z, and the logistic stands behind it. By hand
 * of one unit: z = 2 * 3 - 5 = 1, y = 1 / (1 + e^-1), dL/dz = y - 1. */
START_TEST(a_loss_that_takes_logits)
{
    const double y = 1 / (1 + exp(-1)), one = 1, three = 3, w = 2, b = -5;
    ad_watch(t, AD_ON);
    const ad_tensor h =
        ad_name(ad_linear(ad_input(t, AD_F64, AD_SHAPE(1, 1), &three), vector(AD_SHAPE(1, 1), &one, "u"),
                          vector(AD_SHAPE(1), &(double){0}, "c"), AD_RELU),
                "h");
    const ad_tensor z =
        ad_name(ad_linear(h, vector(AD_SHAPE(1, 1), &w, "w"), vector(AD_SHAPE(1), &b, "b"), AD_IDENTITY), "z");
    ad_tensor beside = {0};
    if (_i == 1)
        beside = ad_name(ad_logistic(z), "beside");
    const ad_tensor loss = ad_logistic_cross_entropy(z, ad_input(t, AD_F64, AD_SHAPE(1, 1), &one));
    if (_i == 2)
        ad_logistic(z);
    ad_backward(ad_mean(loss));
    expect_ok(t);
    write_view();
    EXPECT_COUNT(">Output layer<", 1);
    EXPECT_COUNT(">z, identity<", 1);
    EXPECT_COUNT(">Logistic<", 1);
    EXPECT_COUNT(">beside<", _i == 1);
    EXPECT_COUNT("<g class=\"taker\"", 1);
    expect_number("gradient", id_of(z), -1, y - 1, 1);
    if (_i == 1)
        expect_number("value", id_of(beside), -1, y, 1);
    else
        expect_number("share", id_of(z), -1, y, 1);
}
END_TEST

/* One box behind each unit: a logistic is of each. */
START_TEST(logistic_of_each_unit)
{
    const ad_tensor z = logits();
    ad_logistic_cross_entropy(z, ad_input(t, AD_F64, AD_SHAPE(2, 2), NULL));
    write_view();
    EXPECT_COUNT("<g class=\"taker\"", 2);
    expect_number("share", id_of(z), 1, 1 / (1 + exp(0.25)), 1);
}
END_TEST

/* A loss that takes y, not z, keeps the activation. */
START_TEST(a_loss_that_takes_the_output)
{
    ad_watch(t, AD_ON);
    const ad_tensor y = ad_name(ad_logistic(ad_add(product(input(1)), vector(AD_SHAPE(2), two, "b"))), "y");
    ad_backward(ad_sum(ad_square(y)));
    write_view();
    EXPECT_COUNT(">y, logistic<", 1);
    EXPECT_COUNT("<g class=\"taker\"", 0);
}
END_TEST

/* By hand: z = 3 * 0.5 - 1 = 0.5, and the derivative of tanh there is 1 - tanh(0.5)^2, whatever the tape keeps. */
START_TEST(slopes_of_layers_that_compute_at_once)
{
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(1, 1), &(double){3});
    ad_linear(x, vector(AD_SHAPE(1, 1), &(double){0.5}, "w"), vector(AD_SHAPE(1), &(double){-1}, "b"), AD_TANH);
    write_view();
    ck_assert_double_eq_tol(strtod(between("\"slopes\":[", "]"), NULL), 1 - tanh(0.5) * tanh(0.5), 1e-15);
    ad_reset(t);
    ad_tanh(product(input(1)));
    write_view();
    EXPECT_COUNT("\"slopes\"", 0); /* z has a gradient of its own */
}
END_TEST

START_TEST(numbers_that_a_page_has_not)
{
    ad_tanh(product(input(129)));
    write_view();
    EXPECT_COUNT(" has 258 elements.", 2);
    EXPECT_COUNT("data-what=\"value\" data-of=\"w\"", 4);
    EXPECT_COUNT("data-what=\"value\"", 4);
    EXPECT_COUNT(">\xe2\x80\xa6</text>", 2 + 2 + 2);
}
END_TEST

START_TEST(what_was_not_computed_is_no_number)
{
    ad_tanh(product(input(1)));
    write_view();
    EXPECT_COUNT("data-what=\"gradient\"", 0);
    ck_assert_int_gt(count(">\xc2\xb7</t"), 4);
}
END_TEST

/* Digits of f32 are those of f32. */
START_TEST(single_precision)
{
    const ad_tensor w = ad_param(t, AD_F32, AD_SHAPE(1, 1), &(float){0.1f}, "w");
    ad_linear(ad_input(t, AD_F32, AD_SHAPE(1, 1), &(float){1}), w, ad_param(t, AD_F32, AD_SHAPE(1), &(float){0}, "b"),
              AD_TANH);
    write_view();
    EXPECT_COUNT("data-what=\"weighted-sum\" data-of=\"#2\" data-id=\"#2\" data-exact=\"0.100000001\"", 1);
}
END_TEST

/* z was computed from the weights before a step, which the drawing has after it. */
START_TEST(sums_are_those_of_the_forward_pass)
{
    ad_watch(t, AD_ON);
    const ad_tensor w = vector(AD_SHAPE(1, 1), &(double){2}, "w"), b = vector(AD_SHAPE(1), &(double){0}, "b");
    ad_backward(ad_sum(ad_linear(ad_input(t, AD_F64, AD_SHAPE(1, 1), &(double){3}), w, b, AD_RELU)));
    ad_descend(w, 0.5);
    expect_ok(t);
    write_view();
    expect_number("weighted-sum", "#2", -1, 6, 1);
    expect_number("value", "k0", -1, 0.5, 1);
}
END_TEST

/* ---- Layers ------------------------------------------------------------------------------------------------------ */

START_TEST(tapes_without_a_network)
{
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(2, 17), NULL);
    write_view();
    ck_assert_str_eq(view, "");
    ad_tanh(ad_matmul(x, ad_param(t, AD_F64, AD_SHAPE(17, 2), NULL, "w")));
    ad_linear(input(1), ad_param(t, AD_F64, AD_SHAPE(2, 17), NULL, "w"), ad_param(t, AD_F64, AD_SHAPE(17), NULL, "b"),
              AD_RELU);
    ad_matmul(input(2), input(2)); /* by what is no leaf's weight alone */
    ad_tanh(ad_matmul(input(2), ad_exp(ad_input(t, AD_F64, AD_SHAPE(2, 2), NULL)))); /* by what was computed */
    ad_linear(ad_input(t, AD_F64, AD_SHAPE(0, 2), NULL), vector(AD_SHAPE(2, 2), two_by_two, "w"),
              vector(AD_SHAPE(2), two, "b"), AD_RELU); /* no rows */
    expect_ok(t);
    write_view();
    ck_assert_str_eq(view, "");
}
END_TEST

START_TEST(sixteen_units_a_side)
{
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(2, 16), NULL);
    ad_linear(x, ad_param(t, AD_F64, AD_SHAPE(16, 16), NULL, "w"), ad_param(t, AD_F64, AD_SHAPE(16), NULL, "b"),
              AD_ELU);
    write_view();
    EXPECT_COUNT("<path class=\"ed", 17 * 16);
    EXPECT_COUNT("<g class=\"unit", 33);
    EXPECT_COUNT("<g class=\"lab", 0);
    EXPECT_COUNT(" full\"", 17); /* of the first unit */
}
END_TEST

/* A product alone is a layer where it is fed by one; the last layer without a bias has no bias neuron. */
START_TEST(layers_that_feed_one_another)
{
    const ad_tensor h = ad_tanh(ad_add(product(input(1)), vector(AD_SHAPE(2), two, "b")));
    ad_matmul(h, vector(AD_SHAPE(2, 1), two, "v"));
    write_view();
    EXPECT_COUNT("<g class=\"unit", 5 + 1);
    EXPECT_COUNT(">Input layer<", 1);
    EXPECT_COUNT(">Hidden layer<", 1);
    EXPECT_COUNT(">Output layer<", 1);
}
END_TEST

/* What is added to z must be a bias; an activation of what was used before is none of the layer. */
START_TEST(where_a_layer_ends)
{
    const ad_tensor m = product(input(1)), h = ad_tanh(m);
    ad_relu(h);
    ad_add(h, vector(AD_SHAPE(2), two, "c"));
    write_view();
    EXPECT_COUNT(", tanh</text>", 1);
    EXPECT_COUNT("<g class=\"unit", 4);
    ad_reset(t);
    ad_tanh(ad_add(product(input(2)), ad_exp(vector(AD_SHAPE(2), two, "c"))));
    write_view();
    ck_assert_str_eq(view, "");
    ad_add(product(input(1)), vector(AD_SHAPE(2, 1), two, "a column"));
    write_view();
    ck_assert_str_eq(view, "");
}
END_TEST

/* The one that the loss came from, else the last. */
START_TEST(several_networks)
{
    ad_watch(t, AD_ON);
    const ad_tensor first = ad_name(ad_tanh(product(input(1))), "first");
    ad_name(ad_relu(product(input(1))), "second");
    write_view();
    EXPECT_COUNT(">second, ReLU<", 1);
    ad_backward(ad_sum(first));
    write_view();
    EXPECT_COUNT(">first, tanh<", 1);
    EXPECT_COUNT(">second, ReLU<", 0);
}
END_TEST

/* 25-3-2 from a picture: the first layer has too many inputs, so that its units are where the drawing begins. */
START_TEST(inputs_that_are_too_many)
{
    const ad_tensor x = ad_reshape(ad_input(t, AD_F64, AD_SHAPE(5, 5), NULL), AD_SHAPE(1, 25));
    const ad_tensor h = ad_name(ad_tanh(ad_matmul(x, ad_param(t, AD_F64, AD_SHAPE(25, 2), NULL, "v"))), "h");
    ad_tanh(product(h));
    write_view();
    EXPECT_COUNT(">25 inputs are too many to draw: the drawing begins at h.<", 1);
    EXPECT_COUNT(">h</text>", 1);
    EXPECT_COUNT(">(from 25 inputs)</text>", 1);
    EXPECT_COUNT(" not drawn", 0);
    EXPECT_COUNT(">Input", 0);
    EXPECT_COUNT("<g class=\"unit", 4);
}
END_TEST

/* A reshape that keeps the units of a row goes on; one that mixes them ends the network. */
START_TEST(reshapes_between_layers)
{
    const ad_tensor h = ad_name(ad_tanh(product(input(2))), "h");
    const ad_tensor again = ad_name(ad_reshape(ad_reshape(h, AD_SHAPE(2, 1, 2)), AD_SHAPE(2, 2)), "again");
    ad_tanh(product(again));
    write_view();
    EXPECT_COUNT("<g class=\"unit", 6);
    EXPECT_COUNT(">again, tanh<", 1);
    ad_reset(t);
    ad_tanh(ad_matmul(ad_reshape(ad_tanh(product(input(2))), AD_SHAPE(1, 4)),
                      ad_param(t, AD_F64, AD_SHAPE(4, 1), NULL, "w")));
    write_view();
    EXPECT_COUNT("<g class=\"unit", 5);
    EXPECT_COUNT(">Hidden layer<", 0);
}
END_TEST

START_TEST(of_many_layers_the_last)
{
    ad_tensor h = input(1);
    for (int i = 0; i < 20; i++)
        h = ad_tanh(product(h));
    write_view();
    EXPECT_COUNT("8 layers before these are not drawn.", 1);
    EXPECT_COUNT("<g class=\"unit", 26);
    EXPECT_COUNT(">Inputs<", 1);
    EXPECT_COUNT(">Hidden layer 9<", 1);
    EXPECT_COUNT(">Hidden layer 19<", 1);
    EXPECT_COUNT(">Output layer<", 1);
}
END_TEST

/* ---- The tape is left as it was ---------------------------------------------------------------------------------- */

START_TEST(nothing_is_recorded)
{
    record_sample(t, "network");
    const size_t entries = ad_entry_count(t), taken = ad_usage_of(t).bytes;
    write_view();
    ck_assert_uint_eq(ad_entry_count(t), entries);
    ck_assert_uint_eq(ad_usage_of(t).bytes, taken);
    expect_ok(t);
}
END_TEST

START_TEST(a_tape_in_error)
{
    ad_tanh(product(input(1)));
    ad_fail(t, AD_STOPPED, "stop");
    write_view();
    EXPECT_COUNT("<g class=\"unit", 4);
    ck_assert_int_eq(ad_clear_error(t), AD_STOPPED);
}
END_TEST

START_TEST(names_that_hold_anything)
{
    ad_name(ad_tanh(product(ad_name(input(1), "</section><script>"))), "<img src=x onerror=\"\">");
    write_view();
    ck_assert_int_gt(count("&#60;img src=x"), 3);
    EXPECT_COUNT("<img", 0);
    EXPECT_COUNT("<script", 1); /* its data */
}
END_TEST

/* A value that a segment dropped */
START_TEST(a_dropped_value)
{
    ad_segment_begin(t);
    ad_tensor y = ad_square(ad_tanh(product(input(1))));
    ad_segment_end(t, &y, 1);
    write_view();
    EXPECT_COUNT("<g class=\"unit", 4);
    EXPECT_COUNT("visibility=\"hidden\"", 2);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_network_by_hand);
    tcase_add_test(tests, the_point_lies_on_the_curve);
    tcase_add_loop_test(tests, identity_is_a_straight_line, 0, 2);
    tcase_add_test(tests, each_line_ends_at_its_row);
    tcase_add_loop_test(tests, rows_of_units_are_apart, 0, 8);
    tcase_add_test(tests, a_step_jumps);
    tcase_add_test(tests, a_curve_has_room_for_all_sums);
    tcase_add_test(tests, sums_of_the_tape);
    tcase_add_test(tests, softmax_is_one_bar);
    tcase_add_loop_test(tests, a_loss_that_takes_logits, 0, 3);
    tcase_add_test(tests, logistic_of_each_unit);
    tcase_add_test(tests, a_loss_that_takes_the_output);
    tcase_add_test(tests, slopes_of_layers_that_compute_at_once);
    tcase_add_test(tests, numbers_that_a_page_has_not);
    tcase_add_test(tests, what_was_not_computed_is_no_number);
    tcase_add_test(tests, single_precision);
    tcase_add_test(tests, sums_are_those_of_the_forward_pass);
    tcase_add_test(tests, tapes_without_a_network);
    tcase_add_test(tests, sixteen_units_a_side);
    tcase_add_test(tests, layers_that_feed_one_another);
    tcase_add_test(tests, where_a_layer_ends);
    tcase_add_test(tests, several_networks);
    tcase_add_test(tests, inputs_that_are_too_many);
    tcase_add_test(tests, reshapes_between_layers);
    tcase_add_test(tests, of_many_layers_the_last);
    tcase_add_test(tests, nothing_is_recorded);
    tcase_add_test(tests, a_tape_in_error);
    tcase_add_test(tests, names_that_hold_anything);
    tcase_add_test(tests, a_dropped_value);
}

int main(void) { return run_in_one_folder("neurons", add_tests); }
