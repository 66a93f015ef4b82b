/* Kinds of layers against numbers of PyTorch in f64: values, gradients, Hessian-vector products, running values. */
#include <stdio.h>
#include <stdlib.h>

#include "../support/json_reader.h"
#include "../support/one_layer.h"

enum { MOST = 512, LEAVES = 8 };

static const nn_layer body[] = {NN_DENSE(.units = 5, .activation = AD_TANH), NN_DENSE(.units = 3)};
static const nn_layer once[] = {NN_DENSE(.units = 3, .activation = AD_SOFTPLUS)};

/* The layers of the cases, by their names in golden/layers.json. */
static const struct {
    const char *name;
    nn_layer layer;
    int64_t step;
} layers[] = {
    {"dense_identity", NN_DENSE(.units = 3), 0},
    {"dense_relu", NN_DENSE(.units = 3, .activation = AD_RELU), 0},
    {"dense_tanh", NN_DENSE(.units = 3, .activation = AD_TANH), 0},
    {"dense_logistic", NN_DENSE(.units = 3, .activation = AD_LOGISTIC), 0},
    {"dense_softplus", NN_DENSE(.units = 3, .activation = AD_SOFTPLUS), 0},
    {"dense_elu", NN_DENSE(.units = 3, .activation = AD_ELU), 0},
    {"dense_without_biases", NN_DENSE(.units = 3, .activation = AD_TANH, .without_biases = true), 0},
    {"dense_cube", NN_DENSE(.units = 2, .activation = AD_TANH), 0},
    {"activation_identity", NN_ACTIVATION(.function = NN_IDENTITY), 0},
    {"activation_relu", NN_ACTIVATION(.function = NN_RELU), 0},
    {"activation_tanh", NN_ACTIVATION(.function = NN_TANH), 0},
    {"activation_logistic", NN_ACTIVATION(.function = NN_LOGISTIC), 0},
    {"activation_softplus", NN_ACTIVATION(.function = NN_SOFTPLUS), 0},
    {"activation_elu", NN_ACTIVATION(.function = NN_ELU), 0},
    {"activation_leaky_relu", NN_ACTIVATION(.function = NN_LEAKY_RELU), 0},
    {"activation_selu", NN_ACTIVATION(.function = NN_SELU), 0},
    {"activation_gelu", NN_ACTIVATION(.function = NN_GELU), 0},
    {"activation_silu", NN_ACTIVATION(.function = NN_SILU), 0},
    {"activation_log_logistic", NN_ACTIVATION(.function = NN_LOG_LOGISTIC), 0},
    {"activation_hardtanh", NN_ACTIVATION(.function = NN_HARDTANH), 0},
    {"activation_steep", NN_ACTIVATION(.function = NN_LEAKY_RELU, .slope = -0.75), 0},
    {"layer_norm", NN_LAYER_NORM(.epsilon = 0), 0},
    {"layer_norm_cube", NN_LAYER_NORM(.epsilon = 0.25), 0},
    {"batch_norm_rows_training", NN_BATCH_NORM(.epsilon = 0), 0},
    {"batch_norm_rows_inference", NN_BATCH_NORM(.epsilon = 0), 0},
    {"batch_norm_lines_training", NN_BATCH_NORM(.epsilon = 0.01, .momentum = 0.3), 0},
    {"batch_norm_lines_inference", NN_BATCH_NORM(.epsilon = 0.01, .momentum = 0.3), 0},
    {"batch_norm_images_training", NN_BATCH_NORM(.momentum = 1), 0},
    {"batch_norm_images_inference", NN_BATCH_NORM(.momentum = 1), 0},
    {"dropout_step_0", NN_DROPOUT(0.3), 0},
    {"dropout_step_41", NN_DROPOUT(0.3), 41},
    {"dropout_inference", NN_DROPOUT(0.3), 0},
    {"residual", NN_RESIDUAL(body), 0},
    {"repeat", NN_REPEAT(2, once), 0},
    {"flatten", NN_FLATTEN(), 0},
};

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static json *file;
static const json *golden;

static const json *case_called(const char *name)
{
    char path[1024];
    const char *folder = getenv("GRADTAPE_GOLDEN_DIR");
    snprintf(path, sizeof path, "%s/layers.json", folder ? folder : "tests/golden");
    file = json_read_file(path);
    const json *found = json_find(json_in(file, "cases"), "name", name);
    ck_assert_msg(found, "there is no case %s", name);
    return found;
}

static const double *reals(const json *list, size_t n)
{
    static double rooms[4][MOST];
    static int next;
    double *room = rooms[next++ % 4];
    ck_assert_uint_eq((size_t)list->n, n);
    ck_assert_uint_le(n, MOST);
    size_t i = 0;
    for (const json *x = list->first; x; x = x->next)
        room[i++] = json_number(x);
    return room;
}

/* The numbers of the case under one or two keys, which must be as many as x has elements. */
static const double *numbers_of(const char *key, const char *of, ad_tensor x)
{
    const json *list = json_in(golden, key);
    return reals(of ? json_in(list, of) : list, ad_size_of(x));
}

static ad_shape shape_of_case(void)
{
    const json *list = json_in(golden, "shape");
    ad_shape shape = {.rank = list->n};
    int i = 0;
    for (const json *x = list->first; x; x = x->next)
        shape.dims[i++] = (int64_t)json_number(x);
    return shape;
}

/* ---- One case ---------------------------------------------------------------------------------------------------- */

/* x and the parameters, which are differentiated by. */
typedef struct leaves {
    ad_tensor at[LEAVES];
    const char *name[LEAVES];
    int n;
} leaves;

static leaves leaves_of(const nn_network *net, ad_tensor x)
{
    leaves all = {.at = {x}, .name = {"x"}, .n = 1};
    for (size_t i = 0; i < nn_network_part_count(net); i++)
        if (nn_network_role(net, i) != NN_STATE) {
            ck_assert_int_lt(all.n, LEAVES);
            all.at[all.n] = nn_network_part(net, i);
            all.name[all.n++] = ad_name_of(nn_network_part(net, i));
        }
    return all;
}

/* The golden file has numbers for every part, and for no other. */
static void assign_parts(const nn_network *net)
{
    const json *parts = json_in(golden, "parts");
    for (size_t i = 0; i < nn_network_part_count(net); i++) {
        const ad_tensor part = nn_network_part(net, i);
        if (nn_network_role(net, i) != NN_STATE || json_has(parts, ad_name_of(part)))
            ad_assign(part, numbers_of("parts", ad_name_of(part), part));
    }
    for (const json *part = parts->first; part; part = part->next)
        part_called(net, part->key);
    expect_ok(t);
}

/* The batches before x move the running values; those after each are the golden ones. */
static void train_on_batches(const nn_network *net, ad_shape shape)
{
    const json *batches = json_in(golden, "batches"), *running = json_in(golden, "running");
    const ad_tensor mean = part_called(net, "batch_norm/running_mean"),
                    variance = part_called(net, "batch_norm/running_variance");
    for (int i = 0; i < batches->n; i++) {
        nn_run(net, nn_training(net, i), ad_input(t, AD_F64, shape, reals(json_at(batches, i), elements_of(shape))));
        ad_commit(t);
        expect_values(mean, reals(json_in(json_at(running, i), "mean"), ad_size_of(mean)), 1e-14);
        expect_values(variance, reals(json_in(json_at(running, i), "variance"), ad_size_of(mean)), 1e-14);
    }
}

static void check_derivatives(const leaves *all, ad_tensor L)
{
    ad_tensor d[LEAVES], h[LEAVES], u[LEAVES];
    for (int i = 0; i < all->n; i++)
        u[i] = ad_input(t, AD_F64, ad_shape_of(all->at[i]), numbers_of("u", all->name[i], all->at[i]));
    ad_grad(L, all->at, all->n, d);
    ad_hvp(L, all->at, u, all->n, h);
    for (int i = 0; i < all->n; i++) {
        expect_values(d[i], numbers_of("d", all->name[i], d[i]), 1e-13);
        expect_values(h[i], numbers_of("h", all->name[i], h[i]), 1e-12);
    }
    ck_assert_int_eq(json_in(golden, "d")->n, all->n);
}

START_TEST(the_numbers_are_those_of_pytorch)
{
    golden = case_called(layers[_i].name);
    const ad_shape shape = shape_of_case();
    ad_shape input = {.rank = shape.rank - 1};
    for (int i = 0; i < input.rank; i++)
        input.dims[i] = shape.dims[i + 1];
    nn_network *net = open_layer(layers[_i].layer, input, AD_F64);
    assign_parts(net);
    if (json_has(golden, "batches"))
        train_on_batches(net, shape);
    const ad_tensor x = ad_variable(t, AD_F64, shape, reals(json_in(golden, "x"), elements_of(shape)));
    const nn_pass pass = json_in(golden, "trains")->is_true ? nn_training(net, layers[_i].step) : nn_inference(net);
    const ad_tensor y = nn_run(net, pass, x);
    expect_values(y, numbers_of("y", NULL, y), 1e-14);
    const ad_tensor v = ad_input(t, AD_F64, ad_shape_of(y), numbers_of("v", NULL, y));
    const leaves all = leaves_of(net, x);
    check_derivatives(&all, ad_sum(ad_mul(v, ad_add(y, ad_scale(ad_square(y), 0.5)))));
    nn_network_close(net);
    json_free(file);
}
END_TEST

START_TEST(every_case_has_a_layer)
{
    case_called(layers[0].name);
    int n = 0;
    for (const json *c = json_in(file, "cases")->first; c; c = c->next, n++) {
        int i = 0;
        while (i < COUNT(layers) && strcmp(layers[i].name, json_text(json_in(c, "name"))) != 0)
            i++;
        ck_assert_msg(i < COUNT(layers), "the case %s has no layer", json_text(json_in(c, "name")));
    }
    ck_assert_int_eq(n, COUNT(layers));
    json_free(file);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, the_numbers_are_those_of_pytorch, 0, COUNT(layers));
    tcase_add_test(tests, every_case_has_a_layer);
}

int main(void) { return run_on_one_tape("golden_layers", add_tests); }
