/* The page as text: its numbers, names, states and size. tests/inspect/page.mjs opens it in a browser. */
#include "../../inspect/page/page.h"

#include <math.h>
#include <time.h>

#include "../support/one_folder.h"
#include "../support/sample_tapes.h"

static char *page; /* the last that was written, ended with 0 */
static size_t bytes;

static void write_page(const ad_write_options *options)
{
    const ad_shown shown = ad_write_html(t, path_of("page.html"), options);
    ck_assert_msg(shown.status == AD_OK, "%s", shown.message);
    FILE *file = fopen(path_of("page.html"), "rb");
    ck_assert(file && fseek(file, 0, SEEK_END) == 0);
    bytes = (size_t)ftell(file);
    rewind(file);
    free(page);
    page = malloc(bytes + 1);
    ck_assert(page && fread(page, 1, bytes, file) == bytes);
    page[bytes] = 0;
    fclose(file);
    ck_assert_int_eq(empty_folder(), 1);
}

static int count(const char *text)
{
    int n = 0;
    for (const char *at = strstr(page, text); at; at = strstr(at + 1, text))
        n++;
    return n;
}

static void expect_text(const char *text) { ck_assert_msg(count(text) > 0, "the page has no %s", text); }

/* Every number of this kind about the tensor `id` has this exact value. `index` is -1 for a scalar. */
static void expect_number(const char *what, const char *id, int index, double x)
{
    char text[100];
    int n = 0;
    snprintf(text, sizeof text, " data-what=\"%s\" data-of=", what);
    for (const char *at = strstr(page, text); at; at = strstr(at + 1, text)) {
        const char *end = strchr(at, '>'), *of = strstr(at, " data-id=\""), *exact = strstr(at, " data-exact=\"");
        const char *place = strstr(at, " data-index=\"");
        ck_assert(end && of && exact && exact < end);
        if (of > end || strncmp(of + 10, id, strlen(id)) != 0 || of[10 + strlen(id)] != '"')
            continue;
        if ((place && place < end ? atoi(place + 13) : -1) != index)
            continue;
        const double shown = strtod(exact + 13, NULL);
        ck_assert_msg(shown == x || (isnan(shown) && isnan(x)), "%s of %s [%d] is %.17g, not %.17g", what, id, index,
                      shown, x);
        n++;
    }
    ck_assert_msg(n > 0 || isinf(x), "the page has no %s of %s", what, id);
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

START_TEST(numbers_for_people)
{
    static const struct {
        double x;
        int digits;
        const char *shown, *in_8;
    } cases[] = {
        {0, 4, "0", "0"},
        {-0.0, 4, "-0", "-0"},
        {3, 4, "3", "3"},
        {-0.29732299777139209, 4, "-0.2973", "-0.2973"},
        {-0.074330749442848024, 4, "-0.07433", "-0.07433"},
        {-0.0024776916480949342, 4, "-0.002478", "-0.00248"},
        {1234.5, 4, "1234", "1234"},
        {123456, 4, "123456", "123456"},
        {1234567, 4, "1234567", "1234567"},
        {12345678, 4, "1.235e7", "1.235e7"},
        {-123456789, 4, "-1.235e8", "-1.235e8"},
        {0.00001234, 4, "0.00001234", "1.234e-5"},
        {-0.00001234, 4, "-0.00001234", "-1.23e-5"},
        {3.1e-12, 4, "3.1e-12", "3.1e-12"},
        {-3.14159e-120, 4, "-3.142e-120", "-3e-120"},
        {9.9999, 3, "10", "10"},
        {0.99996, 4, "1", "1"},
        {1e300, 6, "1e300", "1e300"},
        {NAN, 4, "NaN", "NaN"},
        {INFINITY, 4, "\xe2\x88\x9e", "\xe2\x88\x9e"},
        {-INFINITY, 4, "-\xe2\x88\x9e", "-\xe2\x88\x9e"},
    };
    for (int i = 0; i < COUNT(cases); i++)
        for (int k = 0; k < 2; k++) {
            char shown[AD_SHOWN_TEXT], plain[AD_SHOWN_TEXT] = {0};
            (k ? ad_short_number : ad_shown_number)(cases[i].x, cases[i].digits, shown);
            for (const char *at = shown; *at;) { /* the minus of mathematics is one of three bytes */
                const bool is_minus = strncmp(at, "\xe2\x88\x92", 3) == 0;
                plain[strlen(plain)] = is_minus ? '-' : *at;
                at += is_minus ? 3 : 1;
            }
            ck_assert_str_eq(plain, k ? cases[i].in_8 : cases[i].shown);
        }
}
END_TEST

START_TEST(a_formula_with_its_gradients)
{
    record_sample(t, "formula");
    write_page(NULL);
    for (size_t i = 0; i < 7; i++) {
        char id[8];
        const ad_tensor x = i < 2 ? ad_kept_at(t, i) : ad_recorded_at(t, i - 2);
        snprintf(id, sizeof id, i < 2 ? "k%zu" : "#%zu", i < 2 ? i : i - 1);
        expect_number("value", id, -1, ad_item(x));
        if (i < 2)
            expect_number("gradient", id, -1, ad_item(ad_gradient(x)));
    }
    expect_number("gradient", "#5", -1, 1);
    expect_text(" data-what=\"local\" data-of=\"x\" data-id=\"k0\" data-from=\"#2\" data-place=\"2\" data-exact=\"6\"");
    expect_text(
        " data-what=\"part\" data-of=\"w\" data-id=\"k1\" data-from=\"#3\" data-place=\"2\" data-exact=\"0.22299");
    expect_text("<script type=\"application/json\" id=\"gradtape-tape\">{\"format\":\"gradtape-tape\"");
    ck_assert_int_eq(count("class=\"line\""), 8);
    ck_assert(strstr(page, "id=\"v-tape\"") < strstr(page, "id=\"v-graph\"")); /* the table comes first */
}
END_TEST

START_TEST(a_network)
{
    static const double db1[] = {-0.310769, 0.0594608};
    record_sample(t, "network");
    write_page(NULL);
    const ad_tensor w1 = ad_kept_at(t, 0), b1 = ad_kept_at(t, 1);
    for (int i = 0; i < 4; i++) {
        expect_number("value", "k0", i, ad_f64(w1)[i]);
        expect_number("gradient", "k0", i, ad_f64(ad_gradient(w1))[i]);
    }
    for (int i = 0; i < 2; i++) {
        ck_assert_double_eq_tol(ad_f64(ad_gradient(b1))[i], db1[i], 1e-6);
        expect_number("gradient", "k1", i, ad_f64(ad_gradient(b1))[i]);
    }
    expect_text("not wanted"); /* the gradients of x and t */
}
END_TEST

/* A true 0 is written; what was not computed has no number. */
START_TEST(zeros_and_what_was_not_computed)
{
    record_sample(t, "zeros");
    write_page(NULL);
    expect_number("gradient", "k0", -1, 0);
    expect_number("gradient", "k1", -1, 0);
    expect_number("value", "k2", -1, 5);
    ck_assert_int_eq(count(" data-what=\"gradient\" data-of=\"b\""), 0);
    expect_text("aria-label=\"not computed\"");
}
END_TEST

START_TEST(not_finite)
{
    record_sample(t, "not finite");
    write_page(NULL);
    expect_number("value", "k0", 0, NAN);
    expect_number("value", "k0", 1, INFINITY);
    expect_number("value", "k0", 2, -INFINITY);
    expect_number("value", "k0", 4, -0.0);
}
END_TEST

/* ---- Names ------------------------------------------------------------------------------------------------------- */

/* The page is text of its own everywhere: whatever a name holds, it opens no element and ends no attribute. */
static void expect_sound(void)
{
    ck_assert_int_eq(count("<script"), 4);
    ck_assert_int_eq(count("</script>"), 4);
    ck_assert_int_eq(count("<!--"), 0);
    ck_assert_int_eq(count("alert(1)\""), 0);
    ck_assert_int_eq(count("http"), 1); /* http-equiv */
    for (const char *at = page; *at; at++)
        ck_assert_msg((unsigned char)*at >= 0x20 || *at == '\n', "byte %x", (unsigned)*at);
    for (const char *at = page; *at;)
        ck_assert_uint_ne(ad_next_character(&at), 0x202e);
}

START_TEST(names_that_hold_anything)
{
    record_sample(t, "hostile");
    write_page(NULL);
    expect_sound();
    expect_text("&#60;/script&#62;&#60;script&#62;");
    expect_text("&#34;quotes&#34; and \\");
    expect_text("\\u202eevil");
    write_page(&(ad_write_options){.title = "</title><script>alert(1)</script>\"\x1b"});
    expect_sound();
    expect_text("<title>&#60;/title&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#34;\\x1b</title>");
}
END_TEST

START_TEST(a_name_of_ten_million_bytes)
{
    enum { N = 10 << 20 };
    char *name = malloc(N + 1);
    ck_assert_ptr_nonnull(name);
    memset(name, '/', N);
    name[N] = 0;
    ad_scope_begin(t, name);
    ad_backward(ad_name(ad_neg(PARAM(1, name)), name));
    ad_scope_end(t);
    write_page(&(ad_write_options){.title = name});
    ck_assert_uint_lt(bytes, 4 * N); /* a title is never cut: it stands in the page three times */
    write_page(NULL);
    ck_assert_uint_lt(bytes, 200000);
    free(name);
}
END_TEST

/* ---- States of the tape ------------------------------------------------------------------------------------------ */

START_TEST(an_empty_tape)
{
    write_page(NULL);
    expect_text("The tape is empty");
    expect_text("The tape has no parameters");
    expect_text("{\"open\":null");
}
END_TEST

START_TEST(a_tape_that_was_not_watched)
{
    const ad_tensor x = PARAM(2, "x");
    ad_backward(ad_square(x));
    write_page(NULL);
    expect_text("call ad_watch(t, AD_ON) before ad_backward");
    expect_number("gradient", "k0", -1, 4);
    ad_watch(t, AD_ON);
    write_page(NULL);
    expect_text("there was no ad_backward since ad_watch");
    ck_assert_int_eq(count("call ad_watch"), count("call ad_watch(t, AD_ON) before ad_backward.")); /* the script's */
}
END_TEST

/* It opens at the entry where it happened, and shows the message. */
START_TEST(a_tape_in_error)
{
    ad_watch(t, AD_ON);
    const ad_tensor x = PARAMS("x", 1, 2), other = PARAMS("other", 1, 2, 3), y = ad_exp(x);
    ad_backward(ad_sum(y));
    ad_add(ad_neg(y), other);
    write_page(NULL);
    expect_text("role=\"alert\"><b>AD_BAD_SHAPE</b>: add");
    expect_text("{\"open\":\"#3\",\"failed_back\":false");
    expect_error_with(t, AD_BAD_SHAPE, "add");
}
END_TEST

START_TEST(a_sweep_that_failed)
{
    ad_watch(t, AD_ON);
    ad_check_finite(t, AD_ON);
    const ad_tensor x = PARAM(0, "x"), root = ad_sqrt(x); /* its derivative at 0 is infinite */
    ad_backward(ad_neg(ad_neg(root)));
    write_page(NULL);
    expect_text("role=\"alert\"><b>AD_NOT_FINITE</b>");
    expect_text("{\"open\":\"#1\",\"failed_back\":true");
    expect_error_with(t, AD_NOT_FINITE, "sqrt");
}
END_TEST

/* The rule that failed gave no part, and another one did; also where no parts were kept. */
START_TEST(a_rule_that_failed_before_it_gave_a_part)
{
    for (int is_watched = 0; is_watched < 2; is_watched++) {
        ad_reset(t);
        ad_watch(t, is_watched ? AD_ON : AD_OFF);
        ad_check_finite(t, AD_ON);
        const ad_tensor x = PARAM(0, "x"), root = ad_sqrt(x), w = PARAM(1, "w");
        ad_backward(ad_neg(ad_mul(root, w)));
        write_page(NULL);
        expect_text("{\"open\":\"#1\",\"failed_back\":true");
        expect_error_with(t, AD_NOT_FINITE, "the gradient rule of entry 1, sqrt");
    }
}
END_TEST

/* Without a check the page says where numbers stop being finite, and opens there. */
START_TEST(a_tape_with_a_nan)
{
    static const char *const says[] = {"; the loss depends on it</p>", "; the loss does not depend on it</p>"};
    ad_watch(t, AD_ON);
    const ad_tensor x = PARAM(-1, "x"), y = ad_exp(x), z = ad_log(ad_neg(y));
    ad_backward(ad_name(ad_tanh(_i ? y : z), "L"));
    ad_descend(x, 1); /* may make x a NaN, with which it did not begin */
    write_page(NULL);
    expect_text("<p class=\"alert nan\" role=\"alert\">First tensor that is not finite: #3 = log(#2), nan; ");
    expect_text(says[_i]);
    expect_text("{\"open\":\"#3\"");
    expect_ok(t);
}
END_TEST

START_TEST(a_gradient_that_is_not_finite)
{
    ad_watch(t, AD_ON);
    const ad_tensor x = PARAM(0, "x");
    ad_backward(ad_neg(ad_sqrt(x)));
    write_page(NULL);
    expect_text("role=\"alert\">First gradient that is not finite: of x, by the rule of #1 = sqrt(x)</p>");
    expect_text("{\"open\":\"k0\"");
    ad_reset(t);
    ad_backward(ad_exp(x));
    write_page(NULL);
    ck_assert_int_eq(count("First gradient"), 0);
}
END_TEST

/* What the tables show between two texts. */
static char *shown_between(const char *from, const char *to)
{
    static char text[1000];
    const char *at = strstr(page, from);
    ck_assert_msg(at, "the page has no %s", from);
    const char *end = strstr(at, to);
    ck_assert(end && end - at < 10000);
    size_t n = 0;
    for (bool is_tag = false; at < end; at++) {
        is_tag = *at == '<' || (is_tag && at[-1] != '>');
        if (!is_tag && n < sizeof text - 1)
            text[n++] = *at;
    }
    text[n] = 0;
    return text;
}

/* The value that results were computed from stands first, as in ad_print; then the one that is there now. */
START_TEST(a_leaf_that_was_changed_since)
{
    ad_watch(t, AD_ON);
    const ad_tensor x = PARAM(2, "x"), v = PARAMS("v", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    ad_backward(ad_mul(ad_square(x), ad_sum(v)));
    ad_descend(x, 0.001);
    ad_descend(v, 1);
    write_page(NULL);
    ck_assert_str_eq(shown_between("<span class=\"m\" data-what=\"value\" data-of=\"x\"", "<td"), "2 now 1.78");
    ck_assert_ptr_nonnull(strstr(shown_between("<tr data-id=\"k1\"><td>", "\n"), "1 \xe2\x80\xa6 10 now"));
    ck_assert_ptr_nonnull(strstr(shown_between("<tr data-id=\"k0\" data-row=\"value\"", "\n"), "value2"));
    expect_text("<td>value now<td");
}
END_TEST

/* ---- Layers ------------------------------------------------------------------------------------------------------ */

START_TEST(dead_units_and_updates)
{
    double w[10] = {0};
    for (int i = 0; i < 5; i++)
        w[i] = i < 3 ? -1 : 1; /* the first of two rows: three of five units are never active */
    const ad_tensor weights = ad_param(t, AD_F64, AD_SHAPE(2, 5), w, "w");
    double rows[40];
    for (int i = 0; i < 40; i++)
        rows[i] = 1 + i;
    ad_watch(t, AD_ON);
    ad_backward(ad_sum(ad_name(ad_relu(ad_matmul(ad_input(t, AD_F64, AD_SHAPE(20, 2), rows), weights)), "h")));
    ad_descend(weights, 0.0004);
    ad_descend(weights, 0.0006); /* the two are one update */
    const double *dw = ad_f64(ad_gradient(weights));
    double moved = 0, before = 0;
    for (int i = 0; i < 10; i++) {
        moved += 1e-6 * dw[i] * dw[i];
        before += w[i] * w[i];
    }
    write_page(NULL);
    expect_number("dead", "#3", -1, 3);
    expect_text("</span> are dead: 0 for all 20 rows, so that nothing flows back through them (units 0, 1, 2)");
    const char *ratio = strstr(page, " data-what=\"update-ratio\" data-of=\"w\"");
    ck_assert_ptr_nonnull(ratio);
    ck_assert_double_eq_tol(strtod(strstr(ratio, "data-exact=\"") + 12, NULL), sqrt(moved / before), 1e-9);
    expect_text("<td>too fast\n");
    expect_text("<p class=\"warn\">The update of w is ");
}
END_TEST

/* ---- Size -------------------------------------------------------------------------------------------------------- */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static ad_tensor dense(ad_tensor x, int64_t d, int64_t h)
{
    const ad_tensor w = ad_param(t, AD_F32, AD_SHAPE(d, h), NULL, "w");
    ad_fill_uniform(w, (const double[]){-0.05, 0.05}, 1, (uint64_t)d);
    return ad_linear(x, w, ad_param(t, AD_F32, AD_SHAPE(h), NULL, "b"), AD_RELU);
}

START_TEST(a_classifier_is_less_than_a_megabyte)
{
    ad_watch(t, AD_ON);
    float *pixels = malloc(50 * 784 * sizeof *pixels);
    ck_assert_ptr_nonnull(pixels);
    for (int i = 0; i < 50 * 784; i++)
        pixels[i] = (float)(i * 7919 % 1009) / 1009;
    const ad_tensor x = ad_input(t, AD_F32, AD_SHAPE(50, 784), pixels);
    const ad_tensor labels = ad_input(t, AD_I32, AD_SHAPE(50), NULL);
    ad_backward(ad_mean(ad_softmax_cross_entropy(dense(dense(dense(x, 784, 300), 300, 100), 100, 10), labels)));
    expect_ok(t);
    const double began = seconds();
    write_page(NULL);
    ck_assert_double_lt(seconds() - began, 20); /* a bound for slow machines with tools that look on */
    ck_assert_uint_lt(bytes, 1 << 20);
    expect_text("\"height\":7,\"width\":3,"); /* 784 x 300 in blocks */
    free(pixels);
}
END_TEST

START_TEST(a_million_entries)
{
    ad_watch(t, AD_ON);
    ad_backward(record_chain(t, 1000000));
    expect_ok(t);
    write_page(NULL);
    ck_assert_uint_lt(bytes, 3 << 20);
    expect_text("rows are not shown");
    expect_text("entries not drawn");
    expect_text("<tr data-id=\"#1\">");
    expect_text("<tr data-id=\"#1000000\">");
    ck_assert_int_eq(count("<tr data-id=\"#500000\">"), 0);
}
END_TEST

START_TEST(options)
{
    ad_tensor y = PARAM(1, "x");
    for (int i = 0; i < 60; i++) {
        ad_scope_begin(t, "layer");
        y = ad_neg(ad_neg(y));
        ad_scope_end(t);
    }
    write_page(NULL);
    expect_text(" class=\"node fold");
    ck_assert_int_lt(count(" data-drawing=\"-1\""), 2);
    write_page(&(ad_write_options){.title = "my title", .open_all = true});
    expect_text("<h1>my title</h1>");
    ck_assert_int_eq(count(" class=\"node fold"), 0);
    ck_assert_int_eq(count("class=\"node op"), 120);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, numbers_for_people);
    tcase_add_test(tests, a_formula_with_its_gradients);
    tcase_add_test(tests, a_network);
    tcase_add_test(tests, zeros_and_what_was_not_computed);
    tcase_add_test(tests, not_finite);
    tcase_add_test(tests, names_that_hold_anything);
    tcase_add_test(tests, a_name_of_ten_million_bytes);
    tcase_add_test(tests, an_empty_tape);
    tcase_add_test(tests, a_tape_that_was_not_watched);
    tcase_add_test(tests, a_tape_in_error);
    tcase_add_test(tests, a_sweep_that_failed);
    tcase_add_test(tests, a_rule_that_failed_before_it_gave_a_part);
    tcase_add_loop_test(tests, a_tape_with_a_nan, 0, 2);
    tcase_add_test(tests, a_gradient_that_is_not_finite);
    tcase_add_test(tests, a_leaf_that_was_changed_since);
    tcase_add_test(tests, dead_units_and_updates);
    tcase_add_test(tests, a_classifier_is_less_than_a_megabyte);
    tcase_add_test(tests, a_million_entries);
    tcase_add_test(tests, options);
}

int main(void) { return run_in_one_folder("page", add_tests); }
