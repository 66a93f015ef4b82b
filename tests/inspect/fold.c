/* Folds and drawings. */
#include "../../inspect/fold.h"

#include <string.h>

#include "../support/one_tape.h"
#include "../support/sample_tapes.h"

static ad_folds folds;

static void find(void) { ck_assert(ad_find_folds(&folds, t)); }

static bool is_named(const ad_fold *fold, const char *name)
{
    return fold->length == strlen(name) && memcmp(fold->name, name, fold->length) == 0;
}

static void expect_fold(int i, const char *name, int outer, size_t first, size_t n, int times)
{
    ck_assert_int_lt(i, (int)folds.n);
    const ad_fold *fold = &folds.list[i];
    ck_assert_msg(is_named(fold, name), "fold %d is %.*s", i, (int)fold->length, fold->name);
    ck_assert_int_eq(fold->outer, outer);
    ck_assert_uint_eq(fold->first, first);
    ck_assert_uint_eq(fold->n, n);
    ck_assert_int_eq(fold->times, times);
}

static ad_tensor param(const char *name, int64_t size) { return some_param(t, AD_F64, AD_SHAPE(size, size), 1, name); }

/* A scope of two entries. */
static ad_tensor scope(const char *name, ad_tensor x, ad_tensor w)
{
    ad_scope_begin(t, name);
    const ad_tensor y = ad_tanh(ad_matmul(x, w));
    ad_scope_end(t);
    return y;
}

START_TEST(scopes_are_folds)
{
    const ad_tensor w = param("w", 2), v = param("v", 2), unused = param("unused", 2);
    ad_scope_begin(t, "outer");
    ad_tensor y = scope("inner", w, v);
    y = ad_neg(y);
    ad_scope_begin(t, "empty");
    ad_scope_end(t);
    ad_scope_end(t);
    ad_add(y, w);
    find();
    ck_assert_uint_eq(folds.n, 2);
    expect_fold(0, "outer", -1, 0, 3, 1);
    expect_fold(1, "inner", 0, 0, 2, 1);
    /* w is used outside all, v inside the inner one only. */
    const int32_t inner[] = {AD_NO_FOLD, 1, AD_UNUSED, 1, 1, 0, AD_NO_FOLD};
    for (size_t i = 0; i < 7; i++)
        ck_assert_int_eq(folds.inner[i], inner[i]);
    ck_assert_uint_eq(ad_node_of(&folds, unused), 2);
    ck_assert_uint_eq(ad_node_of(&folds, y), 5);
    ad_free_folds(&folds);
}
END_TEST

START_TEST(prefixes_are_folds_where_there_are_no_scopes)
{
    ad_tensor y = ad_linear(some_input(t, AD_F64, AD_SHAPE(3, 2), 1), param("net/a/w", 2),
                            some_param(t, AD_F64, AD_SHAPE(2), 1, "net/a/b"), AD_RELU);
    y = ad_tanh(y);
    y = ad_matmul(y, param("net/b/w", 2));
    y = ad_add(y, ad_neg(y)); /* two operands, no parameter: in no fold */
    y = ad_matmul(y, param("plain", 2));
    y = ad_add(ad_add(y, param("net/c", 1)), param("net/d", 1));
    find();
    ck_assert_uint_eq(folds.n, 3);
    expect_fold(0, "net/a", -1, 1, 3, 1); /* linear, its by-product, tanh */
    expect_fold(1, "net/b", -1, 4, 2, 1);
    expect_fold(2, "net", -1, 8, 2, 1);
    ad_free_folds(&folds);
}
END_TEST

START_TEST(equal_scopes_beside_each_other_are_a_run)
{
    ad_tensor y = some_input(t, AD_F64, AD_SHAPE(2, 2), 1);
    char name[20];
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "layer%d", i);
        y = scope(name, y, param(name, 2));
    }
    y = ad_neg(y);
    for (int i = 5; i < 7; i++)
        y = scope("pair", y, param("p", 2));
    find();
    ck_assert_uint_eq(folds.n, 8);
    expect_fold(0, "layer0", -1, 1, 10, 5);
    ck_assert(folds.list[0].last_length == 6 && memcmp(folds.list[0].last, "layer4", 6) == 0);
    for (int i = 1; i < 6; i++)
        ck_assert_int_eq(folds.list[i].outer, 0);
    expect_fold(6, "pair", -1, 12, 2, 1);
    expect_fold(7, "pair", -1, 14, 2, 1);
    ad_free_folds(&folds);
}
END_TEST

/* Other shapes, operators, operands, or something between them: no run. */
START_TEST(other_scopes_are_no_run)
{
    ad_tensor y = some_input(t, AD_F64, AD_SHAPE(2, 2), 1);
    y = scope("a", y, param("a", 2));
    y = scope("b", y, some_param(t, AD_F64, AD_SHAPE(2, 3), 1, "b"));
    y = scope("c", y, some_param(t, AD_F64, AD_SHAPE(3, 2), 1, "c"));
    ad_scope_begin(t, "d");
    y = ad_neg(ad_matmul(y, param("d", 2)));
    ad_scope_end(t);
    y = scope("e", y, param("e", 2));
    y = scope("f", ad_neg(y), param("f", 2));
    y = scope("g", ad_neg(y), param("g", 2));
    find();
    ck_assert_uint_eq(folds.n, 7);
    for (size_t i = 0; i < folds.n; i++)
        ck_assert_int_eq(folds.list[i].times, 1);
    ad_free_folds(&folds);
}
END_TEST

START_TEST(deep_scopes_are_cut)
{
    enum { DEPTH = 20000 };
    const ad_tensor x = PARAM(1, "x");
    for (int i = 0; i < DEPTH; i++)
        ad_scope_begin(t, "s");
    ad_neg(x);
    for (int i = 0; i < DEPTH - 1; i++)
        ad_scope_end(t);
    ad_neg(x); /* the outermost is open */
    find();
    ck_assert_uint_eq(folds.n, 64);
    ck_assert_int_eq(folds.inner[1], 63);
    ck_assert_int_eq(folds.inner[2], 0);
    ad_free_folds(&folds);
}
END_TEST

/* ---- Drawings ---------------------------------------------------------------------------------------------------- */

static ad_drawing drawing;

static void draw(int fold, bool open_all, size_t chosen)
{
    ck_assert(ad_draw(&drawing, &folds, fold, open_all, chosen));
    for (size_t i = 0; i < drawing.n_links; i++) {
        ck_assert_int_lt(drawing.links[i].from, (int)drawing.n);
        ck_assert_int_lt(drawing.links[i].to, (int)drawing.n);
        ck_assert(!drawing.boxes[drawing.links[i].to].is_leaf);
    }
}

static void done(void)
{
    ad_free_drawing(&drawing);
    ad_free_folds(&folds);
}

static int box_named(const char *name)
{
    for (size_t b = 0; b < drawing.n; b++)
        if (drawing.boxes[b].fold < 0 && strcmp(ad_name_of(ad_node_tensor(&folds, drawing.boxes[b].node)), name) == 0)
            return (int)b;
    return -1;
}

START_TEST(a_small_tape_is_drawn_whole)
{
    record_sample(t, "formula");
    find();
    draw(-1, false, 0);
    ck_assert_uint_eq(drawing.n, 7);
    ck_assert_uint_eq(drawing.n_links, 8);
    ck_assert_uint_eq(drawing.left_out, 0);
    int places[2] = {0}, n = 0;
    for (size_t i = 0; i < drawing.n_links; i++)
        if (drawing.links[i].from == box_named("x") && drawing.links[i].to == box_named("s"))
            places[n++] = drawing.links[i].place;
    ck_assert(n == 2 && places[0] == 0 && places[1] == 1);
    done();
}
END_TEST

/* By-products are not drawn, unused parameters are, unused states are not. */
START_TEST(what_is_drawn)
{
    ad_state(t, AD_F64, AD_SCALAR, NULL, "state");
    record_sample(t, "zeros");
    record_sample(t, "results");
    find();
    draw(-1, false, 0);
    ck_assert_int_ge(box_named("b"), 0);
    ck_assert_int_lt(box_named("state"), 0);
    for (size_t b = 0; b < drawing.n; b++)
        ck_assert(!ad_is_byproduct(ad_node_tensor(&folds, drawing.boxes[b].node)));
    done();
}
END_TEST

static void record_layers(int n)
{
    ad_tensor y = ad_name(some_input(t, AD_F64, AD_SHAPE(2, 2), 1), "x");
    for (int i = 0; i < n; i++)
        y = scope("layer", y, param("w", 2));
    ad_name(ad_sum(y), "L");
}

START_TEST(scopes_are_folded_until_few_boxes_are_left)
{
    record_layers(10);
    find();
    draw(-1, false, 0);
    ck_assert_uint_eq(drawing.n, 32); /* few enough */
    done();
    record_layers(30);
    find();
    draw(-1, false, 0);
    ck_assert_uint_le(drawing.n, AD_BOXES_WANTED);
    done();
}
END_TEST

START_TEST(a_run_is_one_box_with_an_inside)
{
    record_layers(40);
    find();
    draw(-1, false, 0);
    ck_assert_uint_eq(drawing.n, 3);
    ck_assert_uint_eq(drawing.n_links, 2);
    ck_assert_int_eq(drawing.boxes[1].fold, 0);
    ck_assert_int_eq(folds.list[0].times, 40);
    ad_free_drawing(&drawing);
    draw(0, false, 0);
    ck_assert_uint_eq(drawing.n, 42); /* its scopes, what they begin with, and what consumes their result */
    ck_assert(drawing.boxes[box_named("x")].is_outside && drawing.boxes[box_named("L")].is_outside);
    ad_free_drawing(&drawing);
    draw(1, false, 0);
    ck_assert_uint_eq(drawing.n, 5); /* x, w, matmul, tanh, the matmul of the next */
    ad_free_drawing(&drawing);
    draw(-1, true, 0);
    ck_assert_uint_eq(drawing.n, 122);
    done();
}
END_TEST

START_TEST(of_too_many_boxes_the_near_ones_are_drawn)
{
    const ad_tensor last = record_chain(t, 5000), middle = ad_recorded_at(t, 2500);
    find();
    draw(-1, false, ad_node_of(&folds, last));
    ck_assert_uint_le(drawing.n, 2 * AD_NEAR + 2);
    ck_assert_uint_eq(drawing.left_out + drawing.n, folds.kept + folds.recorded);
    ck_assert_int_ge(ad_box_of(&drawing, &folds, ad_node_of(&folds, last)), 0);
    ck_assert_int_lt(ad_box_of(&drawing, &folds, ad_node_of(&folds, middle)), 0);
    ad_free_drawing(&drawing);
    draw(-1, true, ad_node_of(&folds, middle));
    ck_assert_int_ge(ad_box_of(&drawing, &folds, ad_node_of(&folds, middle)), 0);
    done();
}
END_TEST

START_TEST(an_empty_tape_has_no_boxes)
{
    find();
    draw(-1, false, SIZE_MAX);
    ck_assert_uint_eq(drawing.n + drawing.n_links + folds.n, 0);
    done();
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, scopes_are_folds);
    tcase_add_test(tests, prefixes_are_folds_where_there_are_no_scopes);
    tcase_add_test(tests, equal_scopes_beside_each_other_are_a_run);
    tcase_add_test(tests, other_scopes_are_no_run);
    tcase_add_test(tests, deep_scopes_are_cut);
    tcase_add_test(tests, a_small_tape_is_drawn_whole);
    tcase_add_test(tests, what_is_drawn);
    tcase_add_test(tests, scopes_are_folded_until_few_boxes_are_left);
    tcase_add_test(tests, a_run_is_one_box_with_an_inside);
    tcase_add_test(tests, of_too_many_boxes_the_near_ones_are_drawn);
    tcase_add_test(tests, an_empty_tape_has_no_boxes);
}

int main(void) { return run_on_one_tape("fold", add_tests); }
