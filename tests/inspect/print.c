/* A tape and a tensor as text. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "../support/fixtures.h"
#include "../support/shown.h"

enum { COLUMNS = 100 };

static const ad_print_options everything = {.all = true};

/* ---- The tables of the fixtures ---------------------------------------------------------------------------------- */

START_TEST(small_graph_as_a_table)
{
    sweep_watched(record_small_graph().y);
    expect_text(printed(t, NULL), "2 parameters, 5 entries, f64; gradients of y\n"
                                  "  #   entry  made by     from  shape  value      gradient    local derivatives\n"
                                  "  k0  x      param             []     3          -0.297323\n"
                                  "  k1  w      param             []     -2         0.222992\n"
                                  "  1   s      add         x, x  []     6          -0.0743307  1, 1\n"
                                  "  2   p      mul         s, x  []     18         -0.0247769  3, 6\n"
                                  "  3   q      mul         p, w  []     -36        0.0123885   -2, 18\n"
                                  "  4   r      scale 0.02  q     []     -0.72      0.619423    0.02\n"
                                  "  5   y      tanh        r     []     -0.616909  1           0.619423\n");
    expect_cells(printed(t, NULL), "3", "q", "mul", "p, w", "[]", "-36", "0.0123885", "-2, 18");
}
END_TEST

START_TEST(small_network_as_a_table)
{
    sweep_watched(record_small_network().L);
    const char *text = printed(t, NULL);
    ck_assert_int_eq(strncmp(text, "4 parameters, 7 entries, f64; gradients of L\n", 45), 0);
    expect_cells(text, "#", "entry", "made by", "from", "shape", "value", "gradient", "local derivatives");
    expect_cells(text, "k0", "W1", "param", "[2, 2]", "0.4 -0.6; 0.3 0.8", "-0.155384 0.0297304; 0.310769 -0.0594608");
    expect_cells(text, "k1", "b1", "param", "[2]", "0.3 -0.2", "-0.310769 0.0594608");
    expect_cells(text, "k2", "W2", "param", "[2, 1]", "0.7; -0.5", "-0.0911778; 0.398074");
    expect_cells(text, "k3", "b2", "param", "[1]", "0.2", "-0.461951");
    expect_cells(text, "1", "x", "input", "[1, 2]", "0.5 -1", "not wanted");
    expect_cells(text, "2", "t", "input", "[1, 1]", "1", "not wanted");
    expect_cells(text, "3", "h", "linear tanh", "x, W1, b1", "[1, 2]", "0.197375 -0.861723", "-0.323366 0.230976",
                 "dx = dz W1', dW1 = x' dz, db1 = sum of dz");
    expect_cells(text, "5", "o", "linear", "h, W2, b2", "[1, 1]", "0.769024", "-0.461951",
                 "dh = dz W2', dW2 = h' dz, db2 = sum of dz");
    expect_cells(text, "7", "e", "sub", "o, t", "[1, 1]", "-0.230976", "-0.461951", "1, -1");
    expect_cells(text, "8", "s", "square", "e", "[1, 1]", "0.0533498", "1", "-0.461951");
    expect_cells(text, "9", "L", "sum", "s", "[]", "0.0533498", "1", "ones");
    ck_assert_int_le(columns_of(text), COLUMNS);
}
END_TEST

START_TEST(dead_unit_as_a_table)
{
    sweep_watched(record_dead_unit().y);
    expect_text(printed(t, NULL),
                "3 parameters, 2 entries, f64; gradients of y\n"
                "  #   entry  made by  from  shape  value  gradient      local derivatives\n"
                "  k0  x      param          []     -2     0             0: h = relu(x) is flat at -2\n"
                "  k1  a      param          []     3      0             0: its factor h is 0\n"
                "  k2  b      param          []     5      not computed  y does not depend on it\n"
                "  1   h      relu     x     []     0      3             0\n"
                "  2   y      mul      h, a  []     0      1             3, 0\n");
}
END_TEST

START_TEST(what_was_not_computed_is_no_zero)
{
    small_graph g = record_small_graph();
    ck_assert_ptr_nonnull(strstr(printed(t, NULL), "2 parameters, 5 entries, f64; no gradients\n"));
    expect_cells(printed(t, NULL), "k0", "x", "param", "[]", "3", "not computed");
    ad_backward(g.y);
    const char *text = printed(t, NULL);
    ck_assert_ptr_nonnull(strstr(text, "f64; gradients whose parts were not kept\n"));
    expect_cells(text, "k0", "x", "param", "[]", "3", "-0.297323");
    expect_cells(text, "5", "y", "tanh", "r", "[]", "-0.616909", "not computed", "(1 - y^2) dy");
    ad_backward_with(g.y, &(ad_backward_options){.keep = true});
    expect_cells(printed(t, NULL), "2", "p", "mul", "s, x", "[]", "18", "-0.0247769", "ds = x dy, dx = s dy");
}
END_TEST

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

START_TEST(exact_numbers_give_back_their_bits)
{
    const small_graph g = record_small_graph();
    char value[40], gradient[40];
    sweep_watched(g.y);
    const char *text = printed(t, &(ad_print_options){.exact = true});
    snprintf(value, sizeof value, "%.17g", ad_item(g.y));
    snprintf(gradient, sizeof gradient, "%.17g", ad_item(ad_gradient(g.x)));
    ck_assert_ptr_nonnull(strstr(text, value));
    ck_assert_ptr_nonnull(strstr(text, gradient));
    ck_assert_int_le(columns_of(text), COLUMNS);
    const float third = 1.0F / 3;
    const ad_tensor x = ad_param(t, AD_F32, AD_SCALAR, &third, "third");
    ck_assert_ptr_nonnull(strstr(printed_tensor(x, &(ad_print_options){.exact = true}), "0.333333343"));
}
END_TEST

START_TEST(odd_numbers)
{
    const ad_tensor odd = INPUTS(NAN, INFINITY, -INFINITY, -0.0, 5e-324),
                    empty = ad_input(t, AD_F64, AD_SHAPE(0, 3), NULL);
    const ad_tensor labels = WHOLE(7, 2147483647), nine = INPUTS(1, 2, 3, 4, NAN, 6, 7, 8, -9);
    const ad_tensor all_odd = INPUTS(NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, INFINITY);
    const ad_tensor same = INPUTS(5, 5, 5, 5, 5, 5, 5, 5, NAN);
    const ad_tensor rank3 = ad_input(t, AD_F64, AD_SHAPE(2, 2, 2), (const double[]){1, 2, 3, 4, 5, 6, 7, 8});
    (void)odd, (void)empty, (void)labels, (void)nine, (void)all_odd, (void)same, (void)rank3;
    const char *text = printed(t, NULL);
    ck_assert_int_eq(strncmp(text, "0 parameters, 7 entries, f64, i32; no gradients\n", 48), 0);
    expect_cells(text, "1", "#1", "input", "[5]", "nan inf -inf -0 4.94066e-324", "not wanted");
    expect_cells(text, "2", "#2", "input", "[0, 3]", "no elements", "not wanted");
    expect_cells(text, "3", "#3", "input", "[2]", "7 2147483647", "not wanted");
    expect_cells(text, "4", "#4", "input", "[9]", "-9 to 8, 1 not finite", "not wanted");
    expect_cells(text, "5", "#5", "input", "[9]", "all 9 not finite", "not wanted");
    expect_cells(text, "6", "#6", "input", "[9]", "5, 1 not finite", "not wanted");
    expect_cells(text, "7", "#7", "input", "[2, 2, 2]", "1 2; 3 4 | 5 6; 7 8", "not wanted");
    ck_assert_ptr_nonnull(strstr(text, "-0 "));
}
END_TEST

START_TEST(a_decimal_comma_changes_nothing)
{
    char *before;
    sweep_watched(record_small_graph().y);
    before = strdup(printed(t, NULL));
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8", "ps_AF.UTF-8"};
    for (int i = 0; i < COUNT(locales); i++)
        if (setlocale(LC_ALL, locales[i]))
            ck_assert_str_eq(printed(t, NULL), before);
    setlocale(LC_ALL, "C");
    free(before);
}
END_TEST

/* ---- Names ------------------------------------------------------------------------------------------------------- */

START_TEST(names_cannot_break_a_line)
{
    static const char *const names[] = {
        "a\nb",         "\x1b[31mred", "two  blanks", "\u202eesrever", "broken \xff\xfe",
        "</script><b>", "\"quoted\"",  "%s%n%d",      "\xc3\xa9",      "\t"};
    for (int i = 0; i < COUNT(names); i++)
        PARAM(i, names[i]);
    const char *text = printed(t, NULL);
    ck_assert_int_eq(lines_in(text), 2 + COUNT(names));
    expect_cells(text, "k0", "a\\x0ab", "param", "[]", "0", "not computed");
    expect_cells(text, "k1", "\\x1b[31mred", "param", "[]", "1", "not computed");
    expect_cells(text, "k3", "\\u202eesrever", "param", "[]", "3", "not computed");
    expect_cells(text, "k5", "</script><b>", "param", "[]", "5", "not computed");
    expect_cells(text, "k7", "%s%n%d", "param", "[]", "7", "not computed");
    expect_cells(text, "k8", "?", "param", "[]", "8", "not computed");
    if (setlocale(LC_ALL, "C.UTF-8")) {
        ck_assert_ptr_nonnull(strstr(printed(t, NULL), "\xc3\xa9"));
        ck_assert_ptr_null(strstr(printed(t, &(ad_print_options){.ascii = true}), "\xc3\xa9"));
        setlocale(LC_ALL, "C");
    }
}
END_TEST

START_TEST(long_names_are_cut)
{
    enum { BYTES = 10000000 };
    char *name = malloc(BYTES + 1);
    memset(name, 'n', BYTES);
    name[BYTES] = 0;
    const ad_tensor x = PARAM(1, name), y = ad_name(ad_mul(x, x), name);
    sweep_watched(y);
    const char *text = printed(t, NULL);
    ck_assert_int_le(columns_of(text), COLUMNS);
    ck_assert_uint_lt(strlen(text), 2000);
    expect_cells(text, "k0", "nnnnnnnnnnnnnnnnnnnnnn..", "param", "[]", "1", "2");
    free(name);
}
END_TEST

/* ---- Long tapes -------------------------------------------------------------------------------------------------- */

static ad_tensor record_chain(int n)
{
    ad_tensor y = PARAM(1, "x");
    for (int i = 0; i < n; i++)
        y = ad_shift(y, 1);
    return y;
}

START_TEST(a_list_of_more_than_60_is_folded)
{
    record_chain(60);
    ck_assert_int_eq(lines_in(printed(t, NULL)), 2 + 1 + 60);
    ad_reset(t);
    record_chain(1000);
    const char *text = printed(t, NULL);
    ck_assert_int_eq(lines_in(text), 2 + 2 + 60 + 1);
    ck_assert_ptr_nonnull(strstr(text, "  entries 31 to 970 not shown: .all\n"));
    expect_cells(text, "30", "#30", "shift 1", "#29", "[]", "31", "not computed", "dy");
    expect_cells(text, "971", "#971", "shift 1", "#970", "[]", "972", "not computed", "dy");
    text = printed(t, &everything);
    ck_assert_int_eq(lines_in(text), 2 + 2 + 1000);
    ck_assert_ptr_null(strstr(text, "not shown"));
    for (int i = 0; i < 98; i++)
        PARAM(i, "");
    text = printed(t, NULL);
    ck_assert_ptr_nonnull(strstr(text, "  k30 to k69 not shown: .all\n"));
    ck_assert_int_le(columns_of(text), COLUMNS);
}
END_TEST

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static long peak_kilobytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

#ifdef TESTS_FEW_TERMS
enum { MILLION = 50000 }; /* a sanitizer takes its time */
#else
enum { MILLION = 1000000 };
#endif

START_TEST(a_million_entries_need_no_memory)
{
    sweep_watched(record_chain(MILLION));
    FILE *null = fopen("/dev/null", "w");
    const size_t calls = memory.calls, bytes = memory.bytes;
    const long before = peak_kilobytes();
    const double begin = seconds();
    ck_assert_int_eq(ad_print(t, null, &everything).status, AD_OK);
    const double all = seconds() - begin;
    ck_assert_int_eq(ad_print(t, null, NULL).status, AD_OK);
    const double folded = seconds() - begin - all;
    ck_assert_uint_eq(memory.calls, calls);
    ck_assert_uint_eq(memory.bytes, bytes);
    ck_assert_int_lt(peak_kilobytes() - before, 2000);
    ck_assert_msg(all < 60 && folded < 5, "%g s for all lines, %g s for the folded ones", all, folded);
    fclose(null);
}
END_TEST

/* ---- What else is on a tape -------------------------------------------------------------------------------------- */

START_TEST(a_changed_leaf_shows_what_was_used)
{
    small_graph g = record_small_graph();
    sweep_watched(g.y);
    ad_descend(g.w, 1);
    ad_descend(g.w, 1);
    ad_assign(g.x, &(double){7});
    const char *text = printed(t, NULL);
    expect_cells(text, "k1", "w", "param", "[]", "-2", "0.222992", "changed since, now -2.44598");
    expect_cells(text, "k0", "x", "param", "[]", "3", "-0.297323", "changed since, now 7");
    ck_assert_ptr_nonnull(
        strstr(printed_tensor(g.x, NULL), "x [], f64, param\n  3\nchanged since, now\n  7\ngradient\n  -0.297323\n"));
}
END_TEST

START_TEST(a_replay_uses_the_changed_leaf)
{
    small_graph g = record_small_graph();
    sweep_watched(g.y);
    ad_assign(g.x, &(double){1});
    ad_replay(t);
    sweep_watched(g.y);
    const char *text = printed(t, NULL);
    expect_cells(text, "k0", "x", "param", "[]", "1", "-0.15898");
    expect_cells(text, "1", "s", "add", "x, x", "[]", "2", "-0.0397451", "1, 1");
}
END_TEST

START_TEST(a_changed_leaf_whose_value_is_gone)
{
    const ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(5000), NULL, "w"), v = PARAMS("v", 1, 2);
    const ad_tensor view = ad_name(ad_reshape(v, AD_SHAPE(1, 2)), "view");
    sweep_watched(ad_add(ad_sum(w), ad_sum(view)));
    ad_fill(w, 2);
    ad_fill(v, 3);
    const char *text = printed(t, NULL);
    expect_cells(text, "k0", "w", "param", "[5000]", "all 2", "all 1",
                 "changed since: this is not the value that was used");
    expect_cells(text, "k1", "v", "param", "[2]", "1 2", "1 1", "changed since, now 3 3");
    expect_cells(text, "1", "view", "reshape", "v", "[1, 2]", "1 2", "1 1",
                 "changed since, now 3 3; dy in the shape of x");
}
END_TEST

START_TEST(dropped_values_are_not_read)
{
    const ad_tensor x = PARAM(0.5, "x");
    ad_segment_begin(t);
    NAMED(inside, ad_tanh(ad_reshape(x, AD_SHAPE(1))));
    ad_tensor y = ad_name(ad_sum(inside), "y");
    ad_segment_end(t, &y, 1);
    sweep_watched(y);
    const char *text = printed(t, NULL);
    expect_cells(text, "2", "inside", "tanh", "#1", "[1]", "dropped", "1", "0.786448");
    expect_shown(ad_print_tensor(inside, shown_open(), NULL), AD_BAD_STATE, "print_tensor", "ad_segment_end");
    shown_close();
    expect_ok(t);
}
END_TEST

START_TEST(several_results)
{
    const ad_tensor x = PARAMS("x", 3, 1, 2), m = matrix_param("m", 2, 2, (const double[]){2, 1, 1, 3});
    ad_tensor places, log;
    NAMED(top, ad_top_k(x, 2, 0, &places));
    const ad_tensor sign = ad_slogdet(m, &log), sorted = ad_sort(x, 0);
    (void)sign;
    sweep_watched(ad_add(ad_add(ad_sum(top), log), ad_sum(sorted)));
    const char *text = printed(t, NULL);
    expect_cells(text, "1", "top", "top_k 0 2", "x", "[2]", "3 2", "1 1", "dy put back in its places, 0 elsewhere");
    expect_cells(text, "2", "#2", "top_k 0 2, 2nd", "x", "[2]", "0 2", "not wanted");
    expect_cells(text, "4", "#4", "slogdet, 2nd", "m", "[]", "1.60944", "1");
    expect_ok(t);
}
END_TEST

/* By-products are lines only where all lines are printed. */
START_TEST(byproducts)
{
    sweep_watched(record_small_network().L);
    ck_assert_ptr_null(strstr(printed(t, NULL), "2nd"));
    ck_assert_int_eq(strncmp(printed(t, &everything), "4 parameters, 7 entries,", 24), 0);
    expect_cells(printed(t, &everything), "4", "#4", "linear tanh, 2nd", "x, W1, b1", "[1, 2]", "0.2 -1.3",
                 "not wanted");
}
END_TEST

START_TEST(gradients_of_gradients)
{
    const ad_tensor x = PARAM(2, "x"), y = ad_name(ad_mul(ad_square(x), x), "y");
    ad_watch(t, AD_ON);
    ad_backward_with(y, &(ad_backward_options){.differentiable = true});
    NAMED(slope, ad_gradient(x));
    ck_assert_ptr_nonnull(strstr(printed(t, NULL), "gradients of y\n"));
    ad_backward(slope);
    const char *text = printed(t, NULL);
    ck_assert_ptr_nonnull(strstr(text, "gradients of slope\n"));
    expect_cells(text, "k0", "x", "param", "[]", "2", "12");
    ck_assert_int_le(columns_of(text), COLUMNS);
    expect_ok(t);
}
END_TEST

START_TEST(accumulated_gradients)
{
    const ad_tensor x = PARAM(2, "x"), y = ad_name(ad_square(x), "y");
    ad_watch(t, AD_ON);
    ad_backward(y);
    ad_backward_with(y, &(ad_backward_options){.accumulate = true});
    const char *text = printed(t, NULL);
    expect_cells(text, "k0", "x", "param", "[]", "2", "8");
    expect_cells(text, "1", "y", "square", "x", "[]", "4", "1", "4");
}
END_TEST

/* What was printed last is compared: nothing else changed. */
START_TEST(a_tape_in_error_is_printed)
{
    small_graph g = record_small_graph();
    sweep_watched(g.y);
    const size_t entries = ad_entry_count(t);
    ad_matmul(g.x, ad_name(INPUTS(1, 2), "odd\nname"));
    char *message = strdup(ad_message(t));
    const char *text = printed(t, NULL);
    expect_cells(text, "5", "y", "tanh", "r", "[]", "-0.616909", "1", "0.619423");
    const char *last = strstr(text, "\nAD_BAD_SHAPE: matmul: ");
    ck_assert_ptr_nonnull(last);
    ck_assert_ptr_nonnull(strstr(last, "odd\\x0aname"));
    ck_assert_int_le(columns_of(text), COLUMNS);
    printed_tensor(g.y, NULL);
    ck_assert_str_eq(ad_message(t), message);
    ck_assert_uint_eq(ad_entry_count(t), entries + 1);
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_SHAPE);
    free(message);
}
END_TEST

START_TEST(printing_changes_nothing)
{
    small_network n = record_small_network();
    sweep_watched(n.L);
    const ad_tensor before = ad_gradient(n.W1);
    snapshot value = snapshot_of(n.W1), gradient = snapshot_of(before);
    const size_t parts = ad_part_count(t, AD_BAND_BACKWARD), entries = ad_entry_count(t), calls = memory.calls;
    printed(t, &everything);
    printed_tensor(n.W1, &everything);
    ck_assert_uint_eq(memory.calls, calls);
    ck_assert_uint_eq(ad_part_count(t, AD_BAND_BACKWARD), parts);
    ck_assert_uint_eq(ad_entry_count(t), entries);
    ck_assert_uint_eq(before.generation, ad_gradient(n.W1).generation);
    ck_assert_uint_eq(ad_version_of(n.W1), 0);
    expect_unchanged(n.W1, value);
    expect_unchanged(before, gradient);
    char *first = strdup(printed(t, NULL));
    ck_assert_str_eq(printed(t, NULL), first);
    free(first);
}
END_TEST

/* While an operator is being applied, and in its rule, the tape is printed as it is. */
static void look(ad_tape *tape)
{
    FILE *null = fopen("/dev/null", "w");
    ck_assert_int_eq(ad_print(tape, null, &everything).status, AD_OK);
    fclose(null);
}

static void looking_shape(ad_call *c)
{
    look(c->tape);
    ad_same_shape(c);
    look(c->tape);
}

static void looking_run(ad_call *c)
{
    memcpy(c->y[0]->data, c->x[0]->data, ad_elements(c->x[0]) * sizeof(double));
    look(c->tape);
}

static void looking_vjp(ad_pullback *p)
{
    look(ad_dy(p).tape);
    ad_give(p, 0, ad_scale(ad_dy(p), 2));
    look(ad_dy(p).tape);
}

START_TEST(printing_while_an_operator_runs)
{
    static const ad_operator looking = {
        .name = "looking", .arity = 1, .shape = looking_shape, .run = looking_run, .vjp = looking_vjp};
    const ad_tensor x = PARAMS("x", 1, 2), y = ad_sum(ad_apply1(&looking, ad_neg(x)));
    sweep_watched(y);
    EXPECT(ad_gradient(x), -2, -2);
    ad_replay(t);
    sweep_watched(y);
}
END_TEST

START_TEST(wide_lines)
{
    const ad_shape shape = AD_SHAPE(1, 1, 1, 1, 1, 2, 1000, 1000);
    const ad_tensor x =
        ad_name(ad_borrow(t, AD_F64, shape, calloc(2000000, sizeof(double))), "a name of 24 characters.");
    ad_tensor many[20];
    for (int i = 0; i < 20; i++)
        many[i] = PARAMS("a name that is long too", -1.234567e-101, -1.234567e-102, -1.234567e-103);
    NAMED(together, ad_stack(many, 20, 0));
    (void)together;
    const double *data = ad_f64(x);
    sweep_watched(ad_sum(ad_stack(many, 20, 1)));
    static const ad_print_options options[] = {{0}, {.exact = true}, {.all = true}, {.all = true, .exact = true}};
    for (int i = 0; i < COUNT(options); i++) {
        const char *text = printed(t, &options[i]);
        ck_assert_msg(columns_of(text) <= COLUMNS, "%s", text);
    }
    ad_reset(t);
    free((void *)data);
}
END_TEST

/* ---- Tensors ----------------------------------------------------------------------------------------------------- */

/* Names are broken at their parts, operands with long names have their numbers, and derivatives stand below before a
 * range of numbers is broken. */
START_TEST(long_names_of_layers)
{
    const ad_tensor x = ad_name(some_input(t, AD_F64, AD_SHAPE(2, 9), 1), "inputs");
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(9, 9), 2, "hiddenlayer_0/weights");
    const ad_tensor b = some_param(t, AD_F64, AD_SHAPE(9), 3, "hiddenlayer_0/biases");
    const ad_tensor y = ad_name(ad_linear(x, w, b, AD_TANH), "hiddenlayer_0"), z = ad_mul(y, x);
    sweep_watched(ad_sum(z));
    const char *text = printed(t, NULL);
    ck_assert_int_le(columns_of(text), 100);
    ck_assert_ptr_nonnull(strstr(text, "  hiddenlayer_0/"));
    ck_assert_ptr_nonnull(strstr(text, "\n      weights "));
    ck_assert_ptr_nonnull(strstr(text, "  #1, k0, k1  "));
    ck_assert_ptr_nonnull(strstr(text, "  hiddenlayer_0,  "));
    ck_assert_ptr_nonnull(strstr(text, "\n        dinputs = dz hiddenlayer_0/weights', d(hiddenlayer_0/weights) ="));
    ck_assert_ptr_nonnull(
        strstr(explained(ad_recorded_at(t, ad_entry_count(t) - 1), w), "/d(hiddenlayer_0/weights) [9, 9]"));
}
END_TEST

START_TEST(a_narrow_range)
{
    ck_assert_ptr_nonnull(strstr(printed_tensor(INPUTS(0.5, 0.5 + 1e-12), NULL), "input, about 0.5\n"));
    ck_assert_ptr_nonnull(strstr(printed_tensor(INPUTS(0.5, 0.5), NULL), "input, all 0.5\n"));
    ck_assert_ptr_nonnull(strstr(printed_tensor(INPUTS(0.5, 0.6), NULL), "input, 0.5 to 0.6\n"));
}
END_TEST

START_TEST(ranges_stay_whole)
{
    ad_tensor x = ad_name(some_input(t, AD_F64, AD_SHAPE(2, 8), 1), "x");
    for (int i = 0; i < 3; i++) {
        const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(8, 8), 2 + (uint64_t)i, i ? "layer10/w" : "layer1/w");
        x = ad_tanh(ad_matmul(x, w));
    }
    sweep_watched(ad_sum(x));
    const char *text = printed(t, NULL);
    ck_assert_ptr_null(strstr(text, " to\n"));
    ck_assert_ptr_null(strstr(text, " to  "));
    ck_assert_ptr_nonnull(strstr(text, "\n        local derivatives\n"));
}
END_TEST

/* The second line names what is not finite first: a tensor, else the rule of a call. */
START_TEST(where_numbers_stop_being_finite)
{
    const ad_tensor x = PARAMS("x", 1, 0), y = ad_name(ad_log(x), "y");
    sweep_watched(ad_sum(ad_exp(y)));
    ck_assert_ptr_nonnull(strstr(printed(t, NULL), "\nfirst tensor that is not finite: y = log(x), 0 -inf\n  #"));
    ad_reset(t);
    sweep_watched(ad_sum(ad_name(ad_sqrt(x), "root")));
    ck_assert_ptr_nonnull(
        strstr(printed(t, NULL), "\nfirst gradient that is not finite: of x, by the rule of root = sqrt(x)\n  #"));
    ad_reset(t);
    ad_assign(x, (const double[]){1, NAN});
    ck_assert_ptr_nonnull(strstr(printed(t, NULL), "\nfirst tensor that is not finite: x, 1 nan\n  #"));
    ad_assign(x, (const double[]){1, 2});
    ck_assert_ptr_null(strstr(printed(t, NULL), "not finite"));
    expect_ok(t);
}
END_TEST

START_TEST(tensors_row_by_row)
{
    small_network n = record_small_network();
    sweep_watched(n.L);
    ck_assert_str_eq(printed_tensor(n.W1, NULL), "W1 [2, 2], f64, param, -0.6 to 0.8\n"
                                                 "   0.4  -0.6\n"
                                                 "   0.3   0.8\n"
                                                 "gradient, -0.155384 to 0.310769\n"
                                                 "   -0.155384   0.0297304\n"
                                                 "    0.310769  -0.0594608\n");
    ck_assert_str_eq(printed_tensor(n.x, NULL), "x [1, 2], f64, input, -1 to 0.5\n"
                                                "  0.5   -1\n");
    ck_assert_str_eq(printed_tensor(ad_input(t, AD_I32, AD_SHAPE(2, 0), NULL), NULL),
                     "#10 [2, 0], i32, input, no elements\n");
    ck_assert_str_eq(printed_tensor(ad_gradient(n.b2), NULL), "gradient [1], f64, gradient\n  -0.461951\n");
    ck_assert_str_eq(printed_tensor(ad_input(t, AD_F64, AD_SHAPE(2, 1, 2), (const double[]){1, 2, 3, NAN}), NULL),
                     "#11 [2, 1, 2], f64, input, 1 to 3, 1 not finite\n"
                     "  [0, :, :]\n"
                     "    1    2\n"
                     "  [1, :, :]\n"
                     "    3  nan\n");
}
END_TEST

START_TEST(large_tensors_are_cut)
{
    const ad_tensor x = some_param(t, AD_F32, AD_SHAPE(40, 30), 0, "x");
    ck_assert_int_eq(lines_in(printed_tensor(x, NULL)), 1 + 3 + 1 + 3);
    ck_assert_ptr_nonnull(strstr(printed_tensor(x, NULL), "\n  ..\n"));
    const char *all = printed_tensor(x, &everything);
    ck_assert_ptr_null(strstr(all, ".."));
    ck_assert_int_le(columns_of(all), COLUMNS);
    const ad_tensor deep = ad_param(t, AD_F32, AD_SHAPE(3, 3, 3, 3, 3, 3, 3, 3), NULL, "deep");
    const char *text = printed_tensor(deep, NULL);
    ck_assert_int_lt(lines_in(text), 1000);
    ck_assert_ptr_nonnull(strstr(text, "  [2, 2, 2, 2, 2, 2, :, :]\n"));
    ck_assert_ptr_null(strstr(text, "[0, 0, 0, 0, 0, 1, :, :]"));
    const ad_tensor row = some_param(t, AD_F64, AD_SHAPE(1000), 1, "row");
    ck_assert_int_le(columns_of(printed_tensor(row, NULL)), COLUMNS);
    ck_assert_int_le(columns_of(printed_tensor(row, &(ad_print_options){.exact = true})), COLUMNS);
}
END_TEST

/* ---- Bad input --------------------------------------------------------------------------------------------------- */

START_TEST(bad_arguments)
{
    ad_tensor x = PARAM(1, "x"), y = ad_neg(x);
    expect_shown(ad_print(NULL, stdout, NULL), AD_BAD_HANDLE, "print: the tape is NULL", "ad_tape_open");
    expect_shown(ad_print(t, NULL, NULL), AD_BAD_VALUE, "print: the FILE is NULL", "stdout");
    expect_shown(ad_print_tensor(x, NULL, NULL), AD_BAD_VALUE, "print_tensor: the FILE is NULL");
    expect_shown(ad_print_tensor((ad_tensor){0}, shown_open(), NULL), AD_BAD_HANDLE, "print_tensor", "inert");
    ck_assert_str_eq(shown_close(), "");
    ad_reset(t);
    expect_shown(ad_print_tensor(y, shown_open(), NULL), AD_BAD_HANDLE, "print_tensor", "stale", "make it again");
    shown_close();
    expect_ok(t);
}
END_TEST

START_TEST(files_that_cannot_be_written)
{
    record_chain(3000);
    FILE *full = fopen("/dev/full", "w"), *reading = fopen("/dev/null", "r"), *closed = fopen("/dev/null", "w");
    if (full) {
        expect_shown(ad_print(t, full, &everything), AD_BAD_FILE, "print: the FILE cannot be written",
                     strerror(ENOSPC));
        fclose(full);
    }
    expect_shown(ad_print(t, reading, NULL), AD_BAD_FILE, "FILE cannot be written", strerror(EBADF));
    fclose(reading);
    close(fileno(closed));
    expect_shown(ad_print(t, closed, NULL), AD_BAD_FILE, "FILE cannot be written");
    fclose(closed);
    expect_ok(t);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, small_graph_as_a_table);
    tcase_add_test(tests, small_network_as_a_table);
    tcase_add_test(tests, dead_unit_as_a_table);
    tcase_add_test(tests, what_was_not_computed_is_no_zero);
    tcase_add_test(tests, exact_numbers_give_back_their_bits);
    tcase_add_test(tests, odd_numbers);
    tcase_add_test(tests, a_decimal_comma_changes_nothing);
    tcase_add_test(tests, names_cannot_break_a_line);
    tcase_add_test(tests, long_names_are_cut);
    tcase_add_test(tests, a_list_of_more_than_60_is_folded);
    tcase_add_test(tests, a_million_entries_need_no_memory);
    tcase_add_test(tests, a_changed_leaf_shows_what_was_used);
    tcase_add_test(tests, a_replay_uses_the_changed_leaf);
    tcase_add_test(tests, a_changed_leaf_whose_value_is_gone);
    tcase_add_test(tests, dropped_values_are_not_read);
    tcase_add_test(tests, several_results);
    tcase_add_test(tests, byproducts);
    tcase_add_test(tests, gradients_of_gradients);
    tcase_add_test(tests, accumulated_gradients);
    tcase_add_test(tests, a_tape_in_error_is_printed);
    tcase_add_test(tests, printing_changes_nothing);
    tcase_add_test(tests, printing_while_an_operator_runs);
    tcase_add_test(tests, wide_lines);
    tcase_add_test(tests, long_names_of_layers);
    tcase_add_test(tests, a_narrow_range);
    tcase_add_test(tests, ranges_stay_whole);
    tcase_add_test(tests, where_numbers_stop_being_finite);
    tcase_add_test(tests, tensors_row_by_row);
    tcase_add_test(tests, large_tensors_are_cut);
    tcase_add_test(tests, bad_arguments);
    tcase_add_test(tests, files_that_cannot_be_written);
}

int main(void) { return run_on_one_tape("print", add_tests); }
