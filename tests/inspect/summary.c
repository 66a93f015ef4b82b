/* nn_print_summary: its lines, for every kind and one of a user's own, and networks that are none. */
#include <stdio.h>
#include <string.h>

#include <gradtape/network.h>

#include "../support/one_tape.h"
#include "../support/shown.h"

static ad_tensor doubled(nn_layer_call *call, ad_tensor x)
{
    (void)call;
    return ad_scale(x, 2);
}
static const nn_layer_kind twice = {.name = "twice", .apply = doubled};

static const nn_layer inner[] = {NN_DENSE(.units = 300), {.kind = &twice}};
static const nn_layer deep[] = {NN_RESIDUAL(inner), NN_LAYER_NORM(.epsilon = 1e-3)};
static const nn_layer layers[] = {
    NN_FLATTEN(),
    NN_DENSE(.units = 300, .activation = AD_RELU),
    NN_BATCH_NORM(.momentum = 0.1),
    {.kind = &nn_repeat, .name = "blocks", .options = &(const nn_repeat_options){NN_LAYERS(deep), .times = 2}},
    NN_DENSE(.units = 10, .without_biases = true),
};

static const char *summary_of(const nn_network *net, ad_status status, const char *message)
{
    const ad_shown shown = nn_print_summary(net, shown_open());
    expect_shown(shown, status, message);
    return shown_close();
}

static const char lines[] = /* the table of `layers` */
    "  layer           kind        output    parameters      bytes\n"
    "  flatten         flatten     [n, 784]           0          0\n"
    "  dense_0         dense       [n, 300]     235,500    942,000\n"
    "  batch_norm      batch_norm  [n, 300]         600      4,800\n"
    "  blocks          repeat      [n, 300]           0          0\n"
    "    0/residual    residual    [n, 300]           0          0\n"
    "      dense       dense       [n, 300]      90,300    361,200\n"
    "      twice       twice       [n, 300]           0          0\n"
    "    0/layer_norm  layer_norm  [n, 300]         600      2,400\n"
    "    1/residual    residual    [n, 300]           0          0\n"
    "      dense       dense       [n, 300]      90,300    361,200\n"
    "      twice       twice       [n, 300]           0          0\n"
    "    1/layer_norm  layer_norm  [n, 300]         600      2,400\n"
    "  dense_1         dense       [n, 10]        3,000     12,000\n"
    "  total                                    420,900  1,686,000\n"
    "  235,500 of the parameters are frozen; states have 600 numbers\n";

/* The tape may be in error, and is not changed. A name of the network makes no difference. */
START_TEST(a_line_for_each_layer)
{
    const nn_group frozen = {.pattern = "*dense_0/*", .frozen = true};
    nn_network *net = nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(layers),
                                                               .input = AD_SHAPE(28, 28),
                                                               .name = _i ? "net" : NULL,
                                                               .groups = &frozen,
                                                               .n_groups = 1});
    expect_ok(t);
    ck_assert_str_eq(summary_of(net, AD_OK, ""), lines);
    ad_fail(t, AD_STOPPED, "stop");
    ck_assert_str_eq(summary_of(net, AD_OK, ""), lines);
    expect_error(t, AD_STOPPED, "stop");
    ck_assert_uint_eq(ad_entry_count(t), 0);
    nn_network_close(net);
}
END_TEST

START_TEST(numbers_of_f64_and_small_ones)
{
    nn_network *net = nn_network_open(
        t, &(nn_network_options){.layers = {&inner[1], 1}, .input = AD_SHAPE(1, 1000000, 3), .type = AD_F64});
    ck_assert_str_eq(summary_of(net, AD_OK, ""), "  layer  kind   output              parameters  bytes\n"
                                                 "  twice  twice  [n, 1, 1000000, 3]           0      0\n"
                                                 "  total                                      0      0\n"
                                                 "  none of the parameters are frozen; states have 0 numbers\n");
    nn_network_close(net);
    net = nn_network_open(t, &(nn_network_options){.layers = {&layers[2], 1}, .input = AD_SHAPE(500), .type = AD_F64});
    ck_assert_str_eq(summary_of(net, AD_OK, ""), "  layer       kind        output    parameters   bytes\n"
                                                 "  batch_norm  batch_norm  [n, 500]       1,000  16,000\n"
                                                 "  total                                  1,000  16,000\n"
                                                 "  none of the parameters are frozen; states have 1,000 numbers\n");
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

/* Names of any length and any bytes break no line. */
START_TEST(names_break_nothing)
{
    char name[101];
    memset(name, 'a', 100);
    memcpy(name + 40, " b\n\x1b", 4);
    name[100] = '\0';
    const nn_layer odd[] = {{.kind = &nn_dense, .name = name, .options = &(nn_dense_options){.units = 3}}};
    nn_layer list[16];
    nn_residual_options around[16];
    list[0] = odd[0];
    for (int i = 1; i < 16; i++) {
        around[i].layers = (nn_layers){i == 1 ? odd : &list[i - 1], 1};
        list[i] = (nn_layer){.kind = &nn_residual, .name = "r", .options = &around[i]};
    }
    nn_network *net = nn_network_open(t, &(nn_network_options){.layers = {&list[15], 1}, .input = AD_SHAPE(3)});
    expect_ok(t);
    const char *text = summary_of(net, AD_OK, "");
    ck_assert_int_le(columns_of(text), 100);
    ck_assert_ptr_null(strchr(text, '\x1b'));
    ck_assert_ptr_nonnull(strstr(text, "\\x0a\\x1b"));
    ck_assert_int_ge(lines_in(text), 19);
    nn_network_close(net);
}
END_TEST

START_TEST(the_most_layers)
{
    const nn_layer plain[] = {{.kind = &twice}};
    const nn_layer most[] = {NN_REPEAT(9999, plain)};
    nn_network *net = nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(most), .input = AD_SHAPE(3)});
    expect_ok(t);
    ck_assert_int_eq(lines_in(summary_of(net, AD_OK, "")), 10003);
    nn_network_close(net);
}
END_TEST

/* ---- What cannot be printed -------------------------------------------------------------------------------------- */

START_TEST(networks_that_are_none)
{
    ck_assert_str_eq(summary_of(NULL, AD_BAD_HANDLE,
                                "print_summary: the network is NULL: opening it failed, or an estimator was not fitted "
                                "yet"),
                     "the network is NULL: opening it failed, or an estimator was not fitted yet\n");
    nn_network *net = nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(layers)});
    ck_assert_str_eq(summary_of(net, AD_BAD_HANDLE,
                                "print_summary: the network could not be made: the message of its tape says why"),
                     "the network could not be made: the message of its tape says why\n");
    ad_clear_error(t);
    nn_network_close(net);
}
END_TEST

START_TEST(files_that_are_none)
{
    nn_network *net = nn_network_open(t, &(nn_network_options){.layers = {&inner[1], 1}, .input = AD_SHAPE(3)});
    expect_shown(nn_print_summary(net, NULL), AD_BAD_VALUE,
                 "print_summary: the FILE is NULL: give stdout, or one that is open for writing");
    expect_shown(nn_print_summary(NULL, NULL), AD_BAD_VALUE, "print_summary: the FILE is NULL");
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        expect_shown(nn_print_summary(net, full), AD_BAD_FILE, "print_summary: the FILE cannot be written");
        expect_shown(nn_print_summary(NULL, full), AD_BAD_HANDLE, "print_summary: the network is NULL");
        fclose(full);
    }
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_line_for_each_layer, 0, 2);
    tcase_add_test(tests, numbers_of_f64_and_small_ones);
    tcase_add_test(tests, names_break_nothing);
    tcase_add_test(tests, the_most_layers);
    tcase_add_test(tests, networks_that_are_none);
    tcase_add_test(tests, files_that_are_none);
}

int main(void) { return run_on_one_tape("summary", add_tests); }
