/* Copies of lists of layers: nothing of the original is read afterwards. */
#include <stdlib.h>
#include <string.h>

#include "../../nn/layers/copy.h"
#include "../support/one_layer.h"

/* A list in memory of its own, which is overwritten and freed after it was copied. */
typedef struct original {
    nn_layer layers[2], inner[1];
    nn_residual_options residual;
    nn_dense_options dense;
    nn_dropout_options dropout;
    char name[8], group[8], own[8];
} original;

static void write_original(original *o)
{
    strcpy(o->name, "block");
    strcpy(o->group, "slow");
    strcpy(o->own, "inside");
    o->dense = (nn_dense_options){.units = 3, .activation = AD_TANH};
    o->dropout = (nn_dropout_options){0.25};
    o->inner[0] = (nn_layer){.kind = &nn_dense, .name = o->own, .options = &o->dense};
    o->residual = (nn_residual_options){.layers = {o->inner, 1}};
    o->layers[0] = (nn_layer){.kind = &nn_residual, .name = o->name, .options = &o->residual, .group = o->group};
    o->layers[1] = (nn_layer){.kind = &nn_dropout, .options = &o->dropout};
}

/* Copies, and destroys the original. */
static bool copy(nn_layers *list, nn_store *store)
{
    original *o = malloc(sizeof *o);
    ck_assert_ptr_nonnull(o);
    write_original(o);
    *list = (nn_layers){o->layers, 2};
    const bool good = nn_layers_copy(list, store);
    memset(o, 0xA5, sizeof *o);
    free(o);
    return good;
}

START_TEST(copies_are_whole)
{
    ad_memory own = ad_memory_over(&memory.allocator);
    nn_store store = {.memory = &own};
    nn_layers list;
    ck_assert(copy(&list, &store));
    ck_assert_uint_eq(list.n, 2);
    ck_assert_ptr_eq(list.at[0].kind, &nn_residual);
    ck_assert_str_eq(list.at[0].name, "block");
    ck_assert_str_eq(list.at[0].group, "slow");
    const nn_residual_options *residual = list.at[0].options;
    ck_assert_uint_eq(residual->layers.n, 1);
    ck_assert_str_eq(residual->layers.at[0].name, "inside");
    ck_assert_ptr_null(residual->layers.at[0].group);
    const nn_dense_options *dense = residual->layers.at[0].options;
    ck_assert_int_eq(dense->units, 3);
    ck_assert_int_eq(dense->activation, AD_TANH);
    ck_assert(((const nn_dropout_options *)list.at[1].options)->rate == 0.25);
    ck_assert_ptr_null(list.at[1].name);
    nn_store_release(&store);
}
END_TEST

/* Whatever call of the allocator fails, the copy says so and leaks nothing. */
START_TEST(copies_without_memory)
{
    bool done = false;
    for (size_t k = 1; !done; k++) {
        ad_memory own = ad_memory_over(&memory.allocator);
        nn_store store = {.memory = &own};
        nn_layers list;
        counting_fail(&memory, k, COUNTING_ONCE);
        const bool good = copy(&list, &store);
        done = memory.calls < k;
        counting_heal(&memory);
        ck_assert_int_eq(good, done);
        nn_store_release(&store);
        ck_assert_uint_lt(k, 50);
    }
}
END_TEST

/* A list that holds itself many times over. */
static const nn_layer endless[5];
static const nn_residual_options of_endless = {.layers = NN_LAYERS(endless)};
#define ENDLESS                                                                                                        \
    {                                                                                                                  \
        .kind = &nn_residual, .options = &of_endless                                                                   \
    }
static const nn_layer endless[5] = {ENDLESS, ENDLESS, ENDLESS, ENDLESS, ENDLESS};

/* A kind whose row is wrong: its field lies outside its options. */
static ad_tensor identity(nn_layer_call *c, ad_tensor x) { return (void)c, x; }
static const nn_field far_field[] = {{"far", "away", NN_FIELD_TEXT, .offset = 4096}};
static const nn_layer_kind wrong = {
    .name = "wrong", .apply = identity, .fields = NN_FIELDS(far_field), .options_bytes = 8};
static const nn_layer_kind no_fields = {.name = "none", .apply = identity, .fields = {NULL, 2}, .options_bytes = 8};
static const nn_layer wrong_layers[] = {{.kind = &wrong, .options = &of_endless}};
static const nn_layer no_fields_layers[] = {{.kind = &no_fields, .options = &of_endless}};
static const nn_layer no_kind[] = {{.name = "nothing"}};

/* What cannot be made is copied in a moment, and refused by the network. */
START_TEST(what_is_refused_is_copied_too)
{
    static const struct {
        nn_layers list;
        const char *message;
    } refused[] = {
        {NN_LAYERS(endless), "does a list hold itself?"},
        {NN_LAYERS(wrong_layers), "the kind \"wrong\" needs for each field"},
        {NN_LAYERS(no_fields_layers), "the kind \"none\" needs options_bytes beside its fields"},
        {NN_LAYERS(no_kind), "layer 0 of its list has no kind"},
        {{NULL, 0}, "the network has no layers"},
        {{NULL, 7}, "the network has no layers"},
    };
    for (int i = 0; i < COUNT(refused); i++) {
        ad_memory own = ad_memory_over(&memory.allocator);
        nn_store store = {.memory = &own};
        nn_layers list = refused[i].list;
        counting_fail(&memory, 0, COUNTING_NEVER);
        ck_assert(nn_layers_copy(&list, &store));
        ck_assert_uint_lt(memory.calls, 30000);
        nn_network *net = nn_network_open(t, &(nn_network_options){.layers = list, .input = AD_SHAPE(3)});
        expect_error_with(t, AD_BAD_VALUE, refused[i].message);
        nn_network_close(net);
        nn_store_release(&store);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, copies_are_whole);
    tcase_add_test(tests, copies_without_memory);
    tcase_add_test(tests, what_is_refused_is_copied_too);
}

int main(void) { return run_on_one_tape("layers_copy", add_tests); }
