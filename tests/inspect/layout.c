/* The places of boxes, links and labels. */
#include "../../inspect/layout.h"

#include <stdlib.h>
#include <string.h>

#include "../support/one_tape.h"
#include "../support/sample_tapes.h"

static ad_folds folds;
static ad_drawing drawing;

static void lay_out(bool open_all)
{
    ck_assert(ad_find_folds(&folds, t));
    ck_assert(ad_draw(&drawing, &folds, -1, open_all, folds.kept + folds.recorded - 1));
    ck_assert(ad_lay_out(&drawing));
}

static void done(void)
{
    ad_free_drawing(&drawing);
    ad_free_folds(&folds);
}

static bool lie_apart(const ad_box *a, const ad_box *b)
{
    return a->x + AD_BOX_WIDTH < b->x || b->x + AD_BOX_WIDTH < a->x || a->y + AD_BOX_HEIGHT < b->y ||
           b->y + AD_BOX_HEIGHT < a->y;
}

static void expect_boxes_in_place(void)
{
    for (size_t b = 0; b < drawing.n; b++) {
        const ad_box *box = &drawing.boxes[b];
        ck_assert(box->x >= 0 && box->x + AD_BOX_WIDTH <= drawing.width);
        ck_assert(box->y >= 0 && box->y + AD_BOX_HEIGHT <= drawing.height);
        for (size_t k = 0; k < b; k++)
            ck_assert(lie_apart(box, &drawing.boxes[k]));
    }
}

/* A link goes to the right, from the side of a box to that of another, and its label stands in the gap before it. */
static void expect_link_in_place(const ad_link *link)
{
    const ad_box *from = &drawing.boxes[link->from], *to = &drawing.boxes[link->to];
    ck_assert_int_lt(from->column, to->column);
    ck_assert_int_eq(link->bends, 2 * (to->column - from->column));
    const ad_bend *first = &drawing.bends[link->first_bend], *last = first + link->bends - 1;
    ck_assert(first->x == from->x + AD_BOX_WIDTH && first->y > from->y && first->y < from->y + AD_BOX_HEIGHT);
    ck_assert(last->x == to->x && last->y > to->y && last->y < to->y + AD_BOX_HEIGHT);
    for (const ad_bend *bend = first; bend < last; bend++)
        ck_assert_int_lt(bend->x, bend[1].x);
    ck_assert_int_eq(link->label_x, to->x - AD_COLUMN_GAP / 2);
    ck_assert(link->label_y >= 0 && link->label_y <= drawing.height);
}

/* In a column a lane passes under no box. */
static void expect_lane_beside_boxes(const ad_link *link)
{
    for (int i = 1; i + 1 < link->bends; i += 2) {
        const ad_bend *bend = &drawing.bends[link->first_bend + i];
        ck_assert_int_eq(bend->y, bend[1].y);
        for (size_t b = 0; b < drawing.n; b++) {
            const ad_box *box = &drawing.boxes[b];
            ck_assert(box->x != bend->x || bend->y < box->y || bend->y > box->y + AD_BOX_HEIGHT);
        }
    }
}

static void expect_all_in_place(void)
{
    expect_boxes_in_place();
    for (size_t i = 0; i < drawing.n_links; i++) {
        const ad_link *a = &drawing.links[i];
        expect_link_in_place(a);
        expect_lane_beside_boxes(a);
        for (size_t k = 0; k < i; k++) {
            const ad_link *b = &drawing.links[k];
            ck_assert(a->label_x != b->label_x || abs(a->label_y - b->label_y) >= AD_LABEL_HEIGHT);
        }
    }
}

/* A leaf stands in the column before its first use. */
static void expect_leaves_near_their_uses(void)
{
    for (size_t b = 0; b < drawing.n; b++) {
        int first = -1;
        for (size_t i = 0; drawing.boxes[b].is_leaf && i < drawing.n_links; i++) {
            const int column = drawing.boxes[drawing.links[i].to].column;
            if (drawing.links[i].from == (int)b && (first < 0 || column < first))
                first = column;
        }
        ck_assert(first < 0 || drawing.boxes[b].column == first - 1);
    }
}

START_TEST(samples_are_in_place)
{
    record_sample(t, sample_tapes[_i].name);
    lay_out(_i % 2);
    expect_all_in_place();
    expect_leaves_near_their_uses();
    done();
}
END_TEST

START_TEST(random_graphs_are_in_place)
{
    record_random(t, (uint64_t)_i);
    lay_out(true);
    expect_all_in_place();
    expect_leaves_near_their_uses();
    done();
}
END_TEST

START_TEST(a_chain_is_a_straight_line)
{
    ad_tensor y = PARAM(1, "x");
    for (int i = 0; i < 9; i++)
        y = ad_tanh(y);
    lay_out(false);
    expect_all_in_place();
    for (size_t b = 1; b < drawing.n; b++)
        ck_assert_int_eq(drawing.boxes[b].y, drawing.boxes[0].y);
    for (size_t i = 0; i < drawing.n_bends; i++)
        ck_assert_int_eq(drawing.bends[i].y, drawing.bends[0].y);
    done();
}
END_TEST

/* The path of the data is level to within a row's hundredth; weights, biases and labels stand below it. */
START_TEST(a_network_is_a_straight_line)
{
    record_sample(t, "network");
    lay_out(false);
    expect_all_in_place();
    for (size_t i = 0; i < drawing.n_links; i++) {
        const ad_link *link = &drawing.links[i];
        const int drop = drawing.boxes[link->from].y - drawing.boxes[link->to].y;
        if (link->place == 0)
            ck_assert_int_le(abs(drop), 2);
        else
            ck_assert_int_ge(drop, AD_BOX_HEIGHT);
    }
    ck_assert_int_lt(drawing.height, 5 * AD_BOX_HEIGHT); /* three rows */
    done();
}
END_TEST

/* The operands of one call stand from above to below in their order. */
START_TEST(operands_stand_in_their_order)
{
    ad_tensor x[4];
    const char *names[] = {"a", "b", "c", "d"};
    for (int i = 3; i >= 0; i--)
        x[i] = PARAM(i, names[i]);
    ad_sum(ad_stack(x, 4, 0));
    lay_out(false);
    expect_all_in_place();
    for (int i = 0; i < 3; i++)
        ck_assert_int_lt(drawing.boxes[ad_box_of(&drawing, &folds, ad_node_of(&folds, x[i]))].y,
                         drawing.boxes[ad_box_of(&drawing, &folds, ad_node_of(&folds, x[i + 1]))].y);
    done();
}
END_TEST

START_TEST(large_drawings_are_in_place)
{
    const ad_tensor x = PARAM(1, "x");
    ad_tensor y = x;
    for (int i = 0; i < 140; i++)
        y = ad_add(ad_mul(y, x), i % 5 ? y : x); /* links over a hundred columns */
    lay_out(true);
    ck_assert_uint_gt(drawing.n, 250);
    expect_boxes_in_place();
    for (size_t i = 0; i < drawing.n_links; i++)
        ck_assert_int_lt(drawing.boxes[drawing.links[i].from].column, drawing.boxes[drawing.links[i].to].column);
    done();
}
END_TEST

START_TEST(the_same_drawing_has_the_same_places)
{
    record_random(t, 77);
    lay_out(true);
    const size_t n = drawing.n, bends = drawing.n_bends;
    ad_box *boxes = malloc(n * sizeof *boxes);
    ad_bend *points = malloc(bends * sizeof *points);
    ck_assert(boxes && points);
    memcpy(boxes, drawing.boxes, n * sizeof *boxes);
    memcpy(points, drawing.bends, bends * sizeof *points);
    done();
    memory.garbage = 0x3C;
    lay_out(true);
    ck_assert(drawing.n == n && drawing.n_bends == bends);
    for (size_t b = 0; b < n; b++)
        ck_assert(boxes[b].x == drawing.boxes[b].x && boxes[b].y == drawing.boxes[b].y);
    ck_assert_mem_eq(points, drawing.bends, bends * sizeof *points);
    free(boxes);
    free(points);
    done();
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, samples_are_in_place, 0, sample_tape_count);
    tcase_add_loop_test(tests, random_graphs_are_in_place, 0, 40);
    tcase_add_test(tests, a_chain_is_a_straight_line);
    tcase_add_test(tests, a_network_is_a_straight_line);
    tcase_add_test(tests, operands_stand_in_their_order);
    tcase_add_test(tests, large_drawings_are_in_place);
    tcase_add_test(tests, the_same_drawing_has_the_same_places);
}

int main(void) { return run_on_one_tape("layout", add_tests); }
