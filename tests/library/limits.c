/* What the parts of an operator, its gradient rule, kernel and shape rule, must not do: each is an error that says so,
 * and the tape goes on. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/one_tape.h"
#include "../support/operators_of_tests.h"

static ad_position taken;

static void copy(ad_call *c) { memcpy(c->y[0]->data, c->x[0]->data, ad_elements(c->x[0]) * sizeof(double)); }
static void pass(ad_pullback *p) { ad_give(p, 0, ad_dy(p)); }
static void forgets(ad_pullback *p)
{
    const ad_tensor y = ad_y(p);
    ad_give(p, 0, ad_scale(ad_exp(y), 0));
    taken = ad_position_now(y.tape);
}
static void forgets_in_error(ad_pullback *p)
{
    const ad_tensor y = ad_y(p);
    taken = ad_position_now(y.tape);
    ad_fail(y.tape, AD_BAD_VALUE, "the rule's own");
}
static void sweeps(ad_pullback *p)
{
    const ad_tensor y = ad_y(p);
    const ad_position position = ad_position_now(y.tape);
    ad_backward(ad_sum(ad_exp(y)));
    ad_return_to(y.tape, position, NULL, 0);
}
static void goes_through_itself(ad_pullback *p)
{
    const ad_tensor y = ad_y(p), x = ad_x(p, 0);
    const ad_position position = ad_position_now(y.tape);
    ad_tensor dx;
    ad_grad(ad_sum(ad_exp(y)), &x, 1, &dx);
    ad_return_to(y.tape, position, &dx, 1);
    ad_give(p, 0, dx);
}
static void resets(ad_pullback *p)
{
    const ad_tensor y = ad_y(p);
    ad_position_now(y.tape);
    ad_reset(y.tape);
}
static void replays(ad_pullback *p)
{
    const ad_tensor y = ad_y(p);
    const ad_position position = ad_position_now(y.tape);
    ad_replay(y.tape);
    ad_return_to(y.tape, position, NULL, 0);
}

static const struct {
    void (*vjp)(ad_pullback *p);
    ad_status status;
    const char *message;
} rules[] = {
    {forgets, AD_BAD_STATE, "op: its rule took a position (ad_position_now) and did not return to it (ad_return_to)"},
    {forgets_in_error, AD_BAD_VALUE, "the rule's own"},
    {sweeps, AD_BAD_STATE, "backward: a rule or a kernel must not call it, not at a position either: take ad_grad"},
    {goes_through_itself, AD_BAD_STATE, "op: its rule differentiates through itself: detach what it reads (ad_detach)"},
    {resets, AD_BAD_STATE, "reset: a rule or a kernel must not call it, not at a position either: take ad_return_to"},
    {replays, AD_BAD_STATE, "replay: a rule or a kernel must not call it, not at a position either: record again"},
};

START_TEST(rules_that_misuse_positions)
{
    const ad_operator op = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = copy, .vjp = rules[_i].vjp};
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"), h = ad_exp(w), y = ad_sum(ad_apply1(&op, h));
    const size_t before = ad_entry_count(t);
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(ad_backward(y), rules[_i].status);
        expect_error(t, rules[_i].status, rules[_i].message);
        ck_assert_uint_eq(ad_entry_count(t), before);
        ck_assert(!ad_has_gradient(w));
    }
    ck_assert_int_eq(ad_backward(ad_sum(h)), AD_OK);
    ck_assert_double_eq(number_at(ad_gradient(w), 1), exp(number_at(w, 1)));
    ad_reset(t);
    ck_assert_int_eq(ad_backward(ad_sum(ad_exp(w))), AD_OK);
}
END_TEST

/* What kernels must not do, while their call is recorded and while it is run again: the leaf is older than the kernel.
 */
static ad_tensor leaf, older_tensor;
static ad_position older, last;

static void k_resets(ad_call *c) { ad_reset(c->tape); }
static void k_sweeps(ad_call *c)
{
    (void)c;
    ad_backward(leaf);
}
static void k_replays(ad_call *c) { ad_replay(c->tape); }
static void k_returns(ad_call *c) { ad_return_to(c->tape, older, NULL, 0); }
static void k_begins(ad_call *c) { ad_segment_begin(c->tape); }
static void k_ends(ad_call *c) { ad_segment_end(c->tape, NULL, 0); }
static void k_assigns(ad_call *c) { ad_assign(leaf, c->x[0]->data); }
static void k_feeds(ad_call *c) { ad_feed(leaf, AD_SHAPE(2), c->x[0]->data); }
static void k_fills(ad_call *c) { ad_fill(ad_kept_at(c->tape, 0), 1); }
static void k_takes_a_position_and_resets(ad_call *c)
{
    const ad_position position = ad_position_now(c->tape);
    ad_reset(c->tape);
    ad_return_to(c->tape, position, NULL, 0);
}
static void k_takes_a_position_and_sweeps(ad_call *c)
{
    const ad_position position = ad_position_now(c->tape);
    ad_backward(ad_sum(ad_variable(c->tape, AD_F64, AD_SHAPE(2), NULL)));
    ad_return_to(c->tape, position, NULL, 0);
}

static const struct {
    void (*run)(ad_call *c);
    const char *message;
} kernels[] = {
    {k_resets, "reset: a rule or a kernel must not call it, not at a position either: take ad_return_to"},
    {k_sweeps, "backward: a rule or a kernel must not call it, not at a position either: take ad_grad"},
    {k_replays, "replay: a rule or a kernel must not call it, not at a position either: record again"},
    {k_returns, "return_to: the position was taken outside the rule or the kernel that runs: take one inside"},
    {k_begins, "segment_begin: a rule or a kernel must not call it, not at a position either: take a position instead "
               "(ad_position_now)"},
    {k_ends, "segment_end: a rule or a kernel must not call it, not at a position either: take a position instead "
             "(ad_position_now)"},
    {k_assigns, "assign: a rule or a kernel may change only a leaf that it made after a position (ad_position_now)"},
    {k_fills, "fill: a rule or a kernel may change only a leaf that it made after a position (ad_position_now)"},
    {k_feeds, "feed: a rule or a kernel must not call it, not at a position either: record again"},
    {k_takes_a_position_and_resets,
     "reset: a rule or a kernel must not call it, not at a position either: take ad_return_to"},
    {k_takes_a_position_and_sweeps,
     "backward: a rule or a kernel must not call it, not at a position either: take ad_grad"},
};

static void (*misuse)(ad_call *c);

static void copy_and_misuse(ad_call *c)
{
    copy(c);
    if (misuse)
        misuse(c);
}

START_TEST(kernels_that_do_what_they_must_not)
{
    const ad_operator op = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = copy_and_misuse, .vjp = pass};
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w");
    for (int replayed = 0; replayed < 2; replayed++) {
        misuse = NULL;
        ad_reset(t);
        older = ad_position_now(t);
        leaf = some_input(t, AD_F64, AD_SHAPE(3), 2);
        const ad_tensor h = ad_mul(leaf, w), y = replayed ? ad_apply1(&op, h) : h;
        misuse = kernels[_i].run;
        const size_t before = ad_entry_count(t);
        if (replayed)
            ad_replay(t);
        else
            ck_assert(ad_is_inert(ad_apply1(&op, h)));
        expect_error(t, AD_BAD_STATE, kernels[_i].message);
        ck_assert_uint_eq(ad_entry_count(t), before);
        misuse = NULL;
        ck_assert_int_eq(ad_replay(t), AD_OK);
        ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
        ck_assert_double_eq(number_at(ad_gradient(w), 1), number_at(leaf, 1));
    }
}
END_TEST

/* What a kernel records without a position, or carries out of one, goes when it ends; a name of an older tensor stays.
 */
static void k_leaves_much(ad_call *c)
{
    copy(c);
    const ad_position position = ad_position_now(c->tape);
    ad_tensor y = ad_exp(ad_input(c->tape, AD_F64, *c->x[0]->shape, c->x[0]->data));
    ad_return_to(c->tape, position, &y, 1);
    ad_exp(ad_broadcast_to(ad_sum(y), AD_SHAPE(20)));
    ad_name(leaf, "named by a kernel");
    if (ad_data(y))
        memcpy(c->y[0]->data, ad_data(y), ad_elements(c->x[0]) * sizeof(double));
}

START_TEST(a_kernel_leaves_nothing)
{
    const ad_operator op = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = k_leaves_much, .vjp = pass};
    leaf = some_input(t, AD_F64, AD_SHAPE(3), 2);
    const ad_tensor y = ad_apply1(&op, leaf), z = ad_neg(y);
    for (int round = 0; round < 3; round++) {
        ck_assert_uint_eq(ad_entry_count(t), 3);
        ck_assert_double_eq(number_at(z, 2), -exp(number_at(leaf, 2)));
        ck_assert_str_eq(ad_name_of(leaf), "named by a kernel");
        ck_assert_int_eq(ad_replay(t), AD_OK);
    }
}
END_TEST

/* A rule, too, may change only what it made, and may return only to positions that it took. */
static void r_returns(ad_pullback *p) { ad_return_to(ad_y(p).tape, older, NULL, 0); }
static void r_assigns(ad_pullback *p)
{
    (void)p;
    ad_assign(leaf, (const double[]){1, 2, 3});
}
static void r_returns_to_the_last(ad_pullback *p) { ad_return_to(ad_y(p).tape, last, NULL, 0); }
static void r_assigns_without_a_position(ad_pullback *p)
{
    const double zeros[3] = {0}, ones[3] = {1, 1, 1};
    const ad_tensor a = ad_input(ad_y(p).tape, AD_F64, AD_SHAPE(3), zeros);
    ad_exp(a);
    ad_assign(a, ones);
    ad_give(p, 0, ad_mul(ad_dy(p), a));
}
static void r_gives_at_a_position(ad_pullback *p)
{
    const ad_position position = ad_position_now(ad_y(p).tape);
    ad_give(p, 0, ad_dy(p));
    ad_return_to(ad_y(p).tape, position, NULL, 0);
}
static void r_begins(ad_pullback *p) { ad_segment_begin(ad_y(p).tape); }

static const struct {
    void (*vjp)(ad_pullback *p);
    const char *message;
} limits[] = {
    {r_returns, "return_to: the position was taken outside the rule or the kernel that runs: take one inside"},
    {r_assigns, "assign: a rule or a kernel may change only a leaf that it made after a position (ad_position_now)"},
    {r_begins, "segment_begin: a gradient rule must not call it"},
    {r_returns_to_the_last,
     "return_to: the position was taken outside the rule or the kernel that runs: take one inside"},
    {r_gives_at_a_position,
     "op: its rule gives a part at a position: return first (ad_return_to), and let the part survive"},
    {r_assigns_without_a_position,
     "assign: a rule or a kernel may change only a leaf that it made after a position (ad_position_now)"},
};

START_TEST(rules_have_limits)
{
    const ad_operator op = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = copy, .vjp = limits[_i].vjp};
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w");
    older = ad_position_now(t);
    leaf = some_input(t, AD_F64, AD_SHAPE(3), 2);
    const ad_tensor y = ad_sum(ad_apply1(&op, ad_mul(leaf, w)));
    ad_tensor dw;
    last = ad_position_now(t); /* where the recording ends */
    for (int way = 0; way < 3; way++) {
        if (way == 2)
            ad_grad(y, &w, 1, &dw);
        else
            ad_backward_with(y, &(ad_backward_options){.differentiable = way});
        expect_error(t, AD_BAD_STATE, limits[_i].message);
    }
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(leaf, w))), AD_OK);
}
END_TEST

/* A position that a rule took cannot be used outside. */
static void r_leaves_its_position(ad_pullback *p)
{
    const ad_tensor y = ad_y(p);
    last = ad_position_now(y.tape);
    ad_return_to(y.tape, last, NULL, 0);
    ad_give(p, 0, ad_dy(p));
}

START_TEST(a_rules_position_is_none_outside)
{
    const ad_operator op = {
        .name = "op", .arity = 1, .shape = ad_same_shape, .run = copy, .vjp = r_leaves_its_position};
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"), y = ad_sum(ad_apply1(&op, w));
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ck_assert_int_eq(ad_return_to(t, last, NULL, 0), AD_BAD_STATE);
    ad_clear_error(t);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ck_assert_int_eq(ad_reset(t), AD_OK);
}
END_TEST

/* Nor another rule's, of the same sweep, or another kernel's. */
static int turn;

static void leaves_or_takes_up(ad_tape *tape)
{
    if (turn++ == 0)
        last = ad_position_now(tape);
    ad_return_to(tape, last, NULL, 0);
}
static void r_leaves_or_takes_up(ad_pullback *p)
{
    leaves_or_takes_up(ad_y(p).tape);
    ad_give(p, 0, ad_dy(p));
}
static void k_leaves_or_takes_up(ad_call *c)
{
    copy(c);
    leaves_or_takes_up(c->tape);
}

START_TEST(a_position_of_another_rule_or_kernel)
{
    const ad_operator rule = {
        .name = "op", .arity = 1, .shape = ad_same_shape, .run = copy, .vjp = r_leaves_or_takes_up};
    const ad_operator kernel = {
        .name = "op", .arity = 1, .shape = ad_same_shape, .run = k_leaves_or_takes_up, .vjp = pass};
    static const char message[] =
        "return_to: the position is used up: the tape was reset, or returned to it or to an outer one";
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"), y = ad_apply1(&rule, ad_apply1(&rule, w));
    for (int round = 0; round < 2; round++) {
        turn = round; /* first another rule's of the same sweep, then one of an earlier sweep */
        ck_assert_int_eq(ad_backward(ad_sum(y)), AD_BAD_STATE);
        expect_error(t, AD_BAD_STATE, message);
    }
    turn = 0;
    ck_assert(ad_is_inert(ad_apply1(&kernel, ad_apply1(&kernel, w))));
    expect_error(t, AD_BAD_STATE, message);
    ck_assert_int_eq(ad_backward(ad_sum(ad_exp(w))), AD_OK);
}
END_TEST

/* A shape rule says what the results are, and nothing else. */
static void s_one(ad_call *c) { ad_result(c, 0, AD_F64, c->x[0]->shape); }
static void s_records_before(ad_call *c)
{
    ad_exp(leaf);
    ad_same_shape(c);
}
static void s_records_between(ad_call *c)
{
    s_one(c);
    ad_exp(leaf);
    ad_result(c, 1, AD_F64, c->x[0]->shape);
}
static void s_records_after(ad_call *c)
{
    ad_same_shape(c);
    ad_input(c->tape, AD_F64, AD_SHAPE(3), NULL);
}
static void s_goes_back(ad_call *c)
{
    const ad_position position = ad_position_now(c->tape);
    ad_same_shape(c);
    ad_return_to(c->tape, position, NULL, 0);
    ad_exp(leaf);
    ad_exp(leaf);
}
static void s_returns(ad_call *c)
{
    ad_same_shape(c);
    ad_return_to(c->tape, older, NULL, 0);
}
static void s_resets(ad_call *c)
{
    ad_same_shape(c);
    ad_reset(c->tape);
}
static void s_replays(ad_call *c)
{
    ad_same_shape(c);
    ad_replay(c->tape);
}
static void s_sweeps(ad_call *c)
{
    ad_same_shape(c);
    ad_backward(ad_sum(leaf));
}
static void s_begins(ad_call *c)
{
    ad_same_shape(c);
    ad_segment_begin(c->tape);
}
static void s_assigns(ad_call *c)
{
    ad_same_shape(c);
    ad_assign(leaf, (const double[]){1, 2, 3});
}

static void two_copies(ad_call *c)
{
    copy(c);
    memcpy(c->y[1]->data, c->x[0]->data, ad_elements(c->x[0]) * sizeof(double));
}
static void pass_both(ad_pullback *p)
{
    ad_give(p, 0, ad_dy(p));
    ad_give(p, 0, ad_dy_at(p, 1));
}

static const struct {
    void (*shape)(ad_call *c);
    const char *message;
} shapes[] = {
    {s_records_before, "op: its shape rule records or returns to a position: leave that to its kernel (run)"},
    {s_records_between, "op: its shape rule records or returns to a position: leave that to its kernel (run)"},
    {s_records_after, "op: its shape rule records or returns to a position: leave that to its kernel (run)"},
    {s_goes_back, "op: its shape rule records or returns to a position: leave that to its kernel (run)"},
    {s_returns, "return_to: the position was taken outside the rule or the kernel that runs: take one inside"},
    {s_resets, "reset: a rule or a kernel must not call it, not at a position either: take ad_return_to"},
    {s_replays, "replay: a rule or a kernel must not call it, not at a position either: record again"},
    {s_sweeps, "backward: a rule or a kernel must not call it, not at a position either: take ad_grad"},
    {s_begins, "segment_begin: a rule or a kernel must not call it, not at a position either: take a position instead "
               "(ad_position_now)"},
    {s_assigns, "assign: a rule or a kernel may change only a leaf that it made after a position (ad_position_now)"},
};

/* What a refused shape rule recorded is gone, and its handles are stale for good. */
static ad_tensor recorded_by_shape_rule;
static void s_keeps_what_it_recorded(ad_call *c)
{
    recorded_by_shape_rule = ad_input(c->tape, AD_F64, AD_SCALAR, NULL);
    ad_same_shape(c);
}

START_TEST(handles_of_a_refused_call_stay_stale)
{
    const ad_operator op = {.name = "op", .arity = 1, .shape = s_keeps_what_it_recorded, .run = copy, .vjp = pass};
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(3), (const double[]){0.5, 1, 2});
    ck_assert(ad_is_inert(ad_apply1(&op, x)));
    ad_clear_error(t);
    ad_tanh(x); /* in the place of what the shape rule recorded */
    ck_assert_ptr_null(ad_data(recorded_by_shape_rule));
    expect_error_with(t, AD_BAD_HANDLE, "is stale");
}
END_TEST

START_TEST(shape_rules_only_say)
{
    const ad_operator op = {
        .name = "op", .arity = 1, .n_results = 2, .shape = shapes[_i].shape, .run = two_copies, .vjp = pass_both};
    ad_tensor both[2];
    older = ad_position_now(t);
    leaf = ad_variable(t, AD_F64, AD_SHAPE(3), (const double[]){0.5, 1, 2});
    const size_t before = ad_entry_count(t);
    ad_apply(t, &op, &leaf, 1, NULL, both);
    ck_assert(ad_is_inert(both[0]) && ad_is_inert(both[1]));
    expect_error(t, AD_BAD_STATE, shapes[_i].message);
    ck_assert_uint_eq(ad_entry_count(t), before);
    ck_assert_int_eq(ad_backward(ad_sum(ad_exp(leaf))), AD_OK);
    ck_assert_double_eq(number_at(ad_gradient(leaf), 1), exp(number_at(leaf, 1)));
}
END_TEST

/* What a kernel in a rule leaves goes when it ends, and the rule's own temporaries stay. */
static void k_leaves_an_input(ad_call *c)
{
    copy(c);
    ad_square(ad_input(c->tape, AD_F64, *c->x[0]->shape, c->x[0]->data));
}
static const ad_operator leaves = {
    .name = "leaves", .arity = 1, .shape = ad_same_shape, .run = k_leaves_an_input, .vjp = pass};

static void r_uses_leaves(ad_pullback *p)
{
    const ad_tensor once = ad_apply1(&leaves, ad_dy(p)), thrice = ad_scale(ad_dy(p), 3);
    ad_give(p, 0, ad_sub(thrice, once));
}

START_TEST(a_kernel_in_a_rule_leaves_nothing)
{
    const ad_operator op = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = copy, .vjp = r_uses_leaves};
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){2, 3});
    const ad_tensor y = ad_sum(ad_square(ad_apply1(&op, ad_square(x))));
    const size_t before = ad_entry_count(t);
    for (int round = 0; round < 2; round++) {
        ck_assert_int_eq(ad_backward(y), AD_OK);
        expect_values(ad_gradient(x), (const double[]){64, 216}, 0); /* 2 * 4 x^3 */
        ck_assert_uint_eq(ad_entry_count(t), before);
    }
}
END_TEST

static void r_goes_back_twice(ad_pullback *p)
{
    const ad_tensor dy = ad_dy(p), twice = ad_scale(dy, 2);
    const ad_position position = ad_position_now(dy.tape);
    ad_return_to(dy.tape, position, NULL, 0);
    ad_return_to(dy.tape, position, NULL, 0);
    ad_give(p, 0, twice);
}

START_TEST(a_rules_position_is_used_once)
{
    const ad_operator op = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = copy, .vjp = r_goes_back_twice};
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"), y = ad_apply1(&op, w), z = ad_sum(y);
    for (int way = 0; way < 2; way++) {
        if (way)
            ad_local_gradient(y, 0);
        else
            ad_backward(z);
        expect_error(t, AD_BAD_STATE,
                     "return_to: the position is used up: the tape was reset, or returned to it or to an outer one");
    }
    ck_assert_int_eq(ad_backward(ad_sum(ad_exp(w))), AD_OK);
    ck_assert_double_eq(number_at(ad_gradient(w), 1), exp(number_at(w, 1)));
}
END_TEST

/* A name that a call gives an older tensor stays, also if the call then fails. */
static void k_names_and_fails(ad_call *c)
{
    copy(c);
    ad_name(older_tensor, "a name from a kernel");
    ad_call_fail(c, AD_BAD_VALUE, "no");
}
static void r_names_and_fails(ad_pullback *p)
{
    ad_name(older_tensor, "a name from a rule");
    ad_fail(ad_y(p).tape, AD_BAD_VALUE, "op: no");
}

START_TEST(names_outlive_calls_that_fail)
{
    const ad_operator op = {.name = "op",
                            .arity = 1,
                            .shape = ad_same_shape,
                            .run = _i ? copy : k_names_and_fails,
                            .vjp = r_names_and_fails};
    const double junk[100] = {0};
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(3), 1);
    ad_tensor dx;
    older_tensor = ad_square(x);
    const ad_tensor y = ad_apply1(&op, older_tensor);
    if (_i)
        ad_grad(ad_sum(y), &x, 1, &dx);
    expect_error(t, AD_BAD_VALUE, "op: no");
    for (int i = 0; i < 50; i++)
        ad_input(t, AD_F64, AD_SHAPE(100), junk);
    ck_assert_str_eq(ad_name_of(older_tensor), _i ? "a name from a rule" : "a name from a kernel");
}
END_TEST

/* A leaf of one's own may change, in a rule and in a kernel. */
static void k_assigns_its_own(ad_call *c)
{
    const ad_position position = ad_position_now(c->tape);
    const ad_tensor x = ad_input(c->tape, AD_F64, *c->x[0]->shape, NULL);
    ad_assign(x, c->x[0]->data);
    if (ad_data(x))
        memcpy(c->y[0]->data, ad_data(x), ad_elements(c->x[0]) * sizeof(double));
    ad_return_to(c->tape, position, NULL, 0);
}

START_TEST(a_kernel_changes_its_own_leaf)
{
    const ad_operator op = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = k_assigns_its_own, .vjp = pass};
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"), y = ad_apply1(&op, w);
    expect_ok(t);
    ck_assert_double_eq(number_at(y, 2), number_at(w, 2));
}
END_TEST

/* Whether it is the kernel or the shape rule that takes a position in a rule, and does not return. */
static const char *forgetful = "";

static void forgets_in_kernel(ad_call *c)
{
    copy(c);
    if (!strcmp(forgetful, "kernel"))
        ad_position_now(c->tape);
}
static void forgets_in_shape_rule(ad_call *c)
{
    ad_same_shape(c);
    if (!strcmp(forgetful, "shape rule"))
        ad_position_now(c->tape);
}

static const ad_operator absent = {
    .name = "absent", .arity = 1, .shape = forgets_in_shape_rule, .run = forgets_in_kernel, .vjp = pass};

static void uses_absent(ad_pullback *p) { ad_give(p, 0, ad_apply1(&absent, ad_dy(p))); }

START_TEST(a_part_that_forgets_in_a_rule)
{
    static const char *const parts[] = {"kernel", "shape rule"};
    const ad_operator op = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = copy, .vjp = uses_absent};
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w");
    char message[100];
    forgetful = parts[_i];
    ck_assert_int_eq(ad_backward(ad_sum(ad_apply1(&op, w))), AD_BAD_STATE);
    snprintf(message, sizeof message,
             "absent: its %s took a position (ad_position_now) and did not return to it (ad_return_to)", parts[_i]);
    expect_error(t, AD_BAD_STATE, message);
    ck_assert_int_eq(ad_backward(ad_sum(ad_exp(w))), AD_OK);
    ck_assert_double_eq(number_at(ad_gradient(w), 1), exp(number_at(w, 1)));
}
END_TEST

/* The same while the tape records: nothing is recorded, and the positions from before can still be returned to. */
START_TEST(a_part_that_forgets_while_it_is_recorded)
{
    static const char *const parts[] = {"kernel", "shape rule"};
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w");
    const ad_position outer = ad_position_now(t);
    const ad_tensor h = ad_exp(w);
    char message[100];
    snprintf(message, sizeof message,
             "absent: its %s took a position (ad_position_now) and did not return to it (ad_return_to)", parts[_i]);
    for (int round = 0; round < 3; round++) {
        const size_t before = ad_entry_count(t);
        forgetful = parts[_i];
        expect_inert(ad_apply1(&absent, h), AD_BAD_STATE, message);
        ck_assert_uint_eq(ad_entry_count(t), before);
        forgetful = "";
        ck_assert_int_eq(ad_backward(ad_sum(ad_apply1(&absent, h))), AD_OK);
        ck_assert_double_eq(number_at(ad_gradient(w), 1), exp(number_at(w, 1)));
    }
    ck_assert_int_eq(ad_return_to(t, outer, NULL, 0), AD_OK);
    ck_assert_uint_eq(ad_entry_count(t), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("limits");
    TCase *tests = tcase_create("limits");
    tcase_add_checked_fixture(tests, open_tape, close_tape);
    tcase_add_loop_test(tests, rules_that_misuse_positions, 0, COUNT(rules));
    tcase_add_loop_test(tests, kernels_that_do_what_they_must_not, 0, COUNT(kernels));
    tcase_add_test(tests, a_kernel_leaves_nothing);
    tcase_add_loop_test(tests, rules_have_limits, 0, COUNT(limits));
    tcase_add_test(tests, a_rules_position_is_none_outside);
    tcase_add_test(tests, a_position_of_another_rule_or_kernel);
    tcase_add_test(tests, handles_of_a_refused_call_stay_stale);
    tcase_add_loop_test(tests, shape_rules_only_say, 0, COUNT(shapes));
    tcase_add_test(tests, a_kernel_in_a_rule_leaves_nothing);
    tcase_add_test(tests, a_rules_position_is_used_once);
    tcase_add_loop_test(tests, names_outlive_calls_that_fail, 0, 2);
    tcase_add_test(tests, a_kernel_changes_its_own_leaf);
    tcase_add_loop_test(tests, a_part_that_forgets_in_a_rule, 0, 2);
    tcase_add_loop_test(tests, a_part_that_forgets_while_it_is_recorded, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
