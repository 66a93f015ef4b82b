/* The loop by hand: it learns, gives the same bits each time, takes no memory from the second step on, and survives
 * memory that ends anywhere. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/network.h>

#include "../support/one_tape.h"

enum { ROWS = 50, FEATURES = 784 };

/* ---- The loop of network.h --------------------------------------------------------------------------------------- */

static const nn_layer block[] = {NN_DENSE(.units = 64, .activation = AD_TANH), NN_DENSE(.units = 64)};
static const nn_layer layers[] = {
    NN_DENSE(.units = 64, .activation = AD_RELU),
    NN_DROPOUT(0.2),
    {.kind = &nn_residual, .name = "body", .options = &(const nn_residual_options){NN_LAYERS(block)}},
    NN_DENSE(.units = 10),
};

/* Ten stripes, and noise. */
static void make_batch(float batch[ROWS * FEATURES], int32_t labels[ROWS])
{
    for (int i = 0; i < ROWS; i++) {
        labels[i] = i % 10;
        for (int j = 0; j < FEATURES; j++)
            batch[i * FEATURES + j] = (j % 10 == labels[i] ? 1.0F : 0.0F) +
                                      0.5F * (float)ad_random_uniform(1, 0, (uint64_t)(i * FEATURES + j));
    }
}

START_TEST(the_loop_by_hand)
{
    static float batch[ROWS * FEATURES];
    int32_t labels[ROWS];
    make_batch(batch, labels);
    double first = 0, last = 0;

    nn_network *net = nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(layers), .input = AD_SHAPE(784)});
    for (int64_t step = 0; step < 60; step++) {
        nn_pass pass = nn_training(net, step);
        ad_tensor x = ad_input(t, AD_F32, AD_SHAPE(50, 784), batch), y = ad_input(t, AD_I32, AD_SHAPE(50), labels);
        ad_tensor loss = ad_mean(ad_softmax_cross_entropy(nn_run(net, pass, x), y));
        ad_backward(loss);
        last = ad_item(loss);
        first = step == 0 ? last : first;
        nn_step(net, pass, NULL);
        ad_reset(t);
    }
    if (ad_status_of(t))
        fprintf(stderr, "%s\n", ad_message(t));

    expect_ok(t);
    ck_assert_double_gt(first, 1.5);
    ck_assert_double_lt(last, 0.05);
    nn_network_close(net);
}
END_TEST

/* ---- Every kind in one network ----------------------------------------------------------------------------------- */

static const nn_layer inner[] = {NN_LAYER_NORM(.epsilon = 1e-3), NN_DENSE(.units = 40, .activation = AD_TANH)};
static const nn_layer every_kind[] = {
    NN_FLATTEN(),
    NN_DENSE(.units = 40, .initialiser = NN_ORTHOGONAL),
    NN_BATCH_NORM(.momentum = 0.1),
    NN_ACTIVATION(.function = NN_GELU),
    NN_REPEAT(2, inner),
    NN_DROPOUT(0.1),
    NN_RESIDUAL(inner),
    NN_DENSE(.units = 1, .without_biases = true),
};
static const nn_group slow[] = {{.pattern = "repeat/*", .rate = 0.5, .decay = 0.1}};

/* So many parameters that lists of the tape grow while they are updated. */
static const nn_layer thin[] = {NN_DENSE(.units = 2, .activation = AD_TANH)};
static const nn_layer many_parameters[] = {NN_FLATTEN(), NN_REPEAT(80, thin), NN_BATCH_NORM(.momentum = 0.1),
                                           NN_DENSE(.units = 1)};

enum { MANY = 600, STEPS = 12 };

static nn_network *open_list(ad_tape *tape, ad_type type, nn_layers list)
{
    return nn_network_open(
        tape, &(nn_network_options){
                  .layers = list, .input = AD_SHAPE(4, 5), .type = type, .seed = 3, .groups = slow, .n_groups = 1});
}

static nn_network *open_every_kind(ad_tape *tape, ad_type type)
{
    return open_list(tape, type, (nn_layers)NN_LAYERS(every_kind));
}

static const nn_optimiser_options decaying = {.rate = 0.05, .decay = 0.01};

/* Rows whose first number is what the network is to give. */
static ad_tensor loss_at(ad_tape *tape, const nn_network *net, ad_type type, int64_t step)
{
    static double numbers[MANY * 20];
    fill_with_some(numbers, COUNT(numbers), (uint64_t)step % 3);
    const ad_tensor x = ad_cast(ad_input(tape, AD_F64, AD_SHAPE(MANY, 4, 5), numbers), type);
    const ad_tensor wanted = ad_slice(ad_reshape(x, AD_SHAPE(MANY, 20)), 1, (ad_range){0, 1, 1});
    return ad_mean(ad_square(ad_sub(nn_run(net, nn_training(net, step), x), wanted)));
}

/* FNV-1a over the bytes of all that the tape keeps. */
static uint64_t train(ad_type type, int steps, double *loss)
{
    ad_tape *tape = ad_tape_open(NULL);
    nn_network *net = open_every_kind(tape, type);
    for (int64_t step = 0; step < steps; step++) {
        const ad_tensor error = loss_at(tape, net, type, step);
        ad_backward(error);
        *loss = ad_item(error);
        nn_step(net, nn_training(net, step), &decaying);
        ad_reset(tape);
    }
    expect_ok(tape);
    uint64_t hash = 1;
    for (size_t i = 0; i < ad_kept_count(tape); i++) {
        const unsigned char *bytes = ad_data(ad_kept_at(tape, i));
        for (size_t k = 0; k < ad_size_of(ad_kept_at(tape, i)) * ad_type_bytes(type); k++)
            hash = (hash ^ bytes[k]) * UINT64_C(0x100000001b3);
    }
    nn_network_close(net);
    ad_tape_close(tape);
    return hash;
}

START_TEST(the_same_bits_each_time)
{
    const ad_type type = _i ? AD_F32 : AD_F64;
    double loss, again;
    const uint64_t hash = train(type, STEPS, &loss);
    for (int threads = 1; threads <= 4; threads++) {
        ad_set_threads(threads);
        ck_assert_uint_eq(train(type, STEPS, &again), hash);
        ck_assert_double_eq(again, loss);
    }
    ad_set_threads(0);
    ck_assert_uint_ne(train(type, STEPS - 1, &again), hash);
}
END_TEST

START_TEST(every_kind_learns)
{
    double before, after;
    train(_i ? AD_F32 : AD_F64, 1, &before);
    train(_i ? AD_F32 : AD_F64, 150, &after);
    ck_assert_msg(after < before / 20, "the loss went from %g to %g", before, after);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

START_TEST(nothing_is_allocated_from_the_second_step_on)
{
    const ad_type type = _i % 2 ? AD_F32 : AD_F64;
    if (_i / 2)
        ad_watch(t, AD_ON);
    nn_network *net = open_every_kind(t, type);
    for (int64_t step = 0; step < 5; step++) {
        if (step == 1)
            counting_heal(&memory); /* counts from here */
        ad_backward(loss_at(t, net, type, step));
        ck_assert_int_eq(nn_step(net, nn_training(net, step), &decaying), AD_OK);
        ad_reset(t);
        expect_ok(t);
    }
    ck_assert_uint_eq(memory.calls, 0);
    nn_network_close(net);
}
END_TEST

/* The failure is one of memory, and says so. */
static void expect_no_memory(void)
{
    ck_assert_int_eq(ad_status_of(t), AD_NO_MEMORY);
    ck_assert_str_ne(ad_message(t), "");
}

/* Each allocation of opening is refused in turn. Then the same network opens on the same tape. */
START_TEST(opening_without_memory)
{
    size_t k = 0, failures = 0;
    for (bool is_open = false; !is_open; failures += !is_open) {
        close_tape();
        open_tape();
        counting_fail(&memory, ++k, _i ? COUNTING_FOR_GOOD : COUNTING_ONCE);
        nn_network *net = open_every_kind(t, AD_F64);
        is_open = memory.calls < k;
        counting_heal(&memory);
        if (is_open) {
            expect_ok(t);
        } else {
            expect_no_memory();
            ck_assert_uint_eq(nn_network_layer_count(net), 0);
            ad_clear_error(t);
            nn_network *again = open_every_kind(t, AD_F64);
            expect_ok(t);
            ad_backward(loss_at(t, again, AD_F64, 0));
            ck_assert_int_eq(nn_step(again, nn_training(again, 0), NULL), AD_OK);
            ad_reset(t);
            nn_network_close(again);
        }
        nn_network_close(net);
    }
    ck_assert_uint_gt(failures, 40);
}
END_TEST

/* The bytes of all that the network keeps. */
static snapshot parts_of(const nn_network *net)
{
    snapshot all = {0, NULL};
    for (size_t i = 0; i < nn_network_part_count(net); i++) {
        const ad_tensor x = nn_network_part(net, i);
        const size_t bytes = ad_size_of(x) * ad_type_bytes(ad_type_of(x));
        all.data = realloc(all.data, all.bytes + bytes);
        memcpy((char *)all.data + all.bytes, ad_look_at(x), bytes);
        all.bytes += bytes;
    }
    return all;
}

/* Each allocation of a first step is refused in turn, on a tape that is watched or not. A step that fails changes
 * nothing. Done again it gives what a step without failures gives. */
START_TEST(a_step_without_memory)
{
    size_t k = 0, failures = 0;
    snapshot wanted = {0, NULL};
    const nn_layers list = {_i / 4 ? many_parameters : every_kind, _i / 4 ? COUNT(many_parameters) : COUNT(every_kind)};
    for (bool is_done = false; !is_done; failures += !is_done) {
        close_tape();
        open_tape();
        ad_watch(t, _i / 2 % 2 ? AD_ON : AD_OFF);
        nn_network *net = open_list(t, AD_F64, list);
        expect_ok(t);
        const snapshot before = parts_of(net);
        counting_fail(&memory, ++k, _i % 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE);
        ad_backward(loss_at(t, net, AD_F64, 0));
        nn_step(net, nn_training(net, 0), &decaying);
        is_done = memory.calls < k;
        counting_heal(&memory);
        if (!is_done) {
            expect_no_memory();
            const snapshot after = parts_of(net);
            ck_assert_msg(memcmp(before.data, after.data, before.bytes) == 0, "allocation %zu: %s", k, ad_message(t));
            free(after.data);
            ad_clear_error(t);
            ad_reset(t);
            ad_backward(loss_at(t, net, AD_F64, 0));
            ck_assert_int_eq(nn_step(net, nn_training(net, 0), &decaying), AD_OK);
        }
        expect_ok(t);
        const snapshot now = parts_of(net);
        if (!wanted.data)
            wanted = now;
        else
            ck_assert(memcmp(wanted.data, now.data, now.bytes) == 0);
        if (wanted.data != now.data)
            free(now.data);
        free(before.data);
        nn_network_close(net);
    }
    free(wanted.data);
    ck_assert_uint_gt(failures, 10);
}
END_TEST

/* A run for inference on another tape, where each allocation is refused in turn. */
START_TEST(inference_without_memory)
{
    nn_network *net = open_every_kind(t, AD_F64);
    const ad_tensor here = nn_run(net, nn_inference(net), some_input(t, AD_F64, AD_SHAPE(3, 4, 5), 1));
    size_t k = 0;
    for (bool is_done = false; !is_done;) {
        counting other;
        counting_open(&other);
        ad_tape *tape = ad_tape_open(&(ad_tape_options){.allocator = &other.allocator});
        counting_fail(&other, ++k, _i ? COUNTING_FOR_GOOD : COUNTING_ONCE);
        ad_tensor there = nn_run(net, nn_inference(net), some_input(tape, AD_F64, AD_SHAPE(3, 4, 5), 1));
        is_done = other.calls < k;
        counting_heal(&other);
        if (!is_done) {
            ck_assert_int_eq(ad_clear_error(tape), AD_NO_MEMORY);
            ad_reset(tape);
            there = nn_run(net, nn_inference(net), some_input(tape, AD_F64, AD_SHAPE(3, 4, 5), 1));
        }
        expect_same_bits(there, here);
        expect_ok(t);
        ad_tape_close(tape);
        counting_check_released(&other);
    }
    ck_assert_uint_gt(k, 3);
    nn_network_close(net);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, the_loop_by_hand);
    tcase_add_loop_test(tests, the_same_bits_each_time, 0, 2);
    tcase_add_loop_test(tests, every_kind_learns, 0, 2);
    tcase_add_loop_test(tests, nothing_is_allocated_from_the_second_step_on, 0, 4);
    tcase_add_loop_test(tests, opening_without_memory, 0, 2);
    tcase_add_loop_test(tests, a_step_without_memory, 0, 8);
    tcase_add_loop_test(tests, inference_without_memory, 0, 2);
}

int main(void) { return run_on_one_tape("network_loop", add_tests); }
