/* The view Activations of a page as text: its numbers, counts, names and places. tests/inspect/activations.mjs opens it
 * in a browser. */
#include <math.h>

#include <gradtape/gradtape.h>
#include <gradtape/show.h>

#include "../support/one_folder.h"

#define MINUS "\xe2\x88\x92"
#define INFINITE "\xe2\x88\x9e"

static char *page; /* the view of the page that was written last; "" if it has none */

static ad_shown write_page(void) { return ad_write_html(t, path_of("page.html"), NULL); }

static char *read_page(void)
{
    char *all = read_from_folder("page.html");
    ck_assert_int_eq(empty_folder(), 1);
    return all;
}

static void show(void)
{
    const ad_shown shown = write_page();
    ck_assert_msg(shown.status == AD_OK, "%s", shown.message);
    free(page);
    page = read_page();
    char *from = strstr(page, "<section class=\"view\" id=\"v-activations\"");
    char *to = from ? strstr(from, "</section>") : page;
    ck_assert_ptr_nonnull(to);
    *to = 0;
    if (from)
        memmove(page, from, strlen(from) + 1);
}

static int count_in(const char *all, const char *text)
{
    int n = 0;
    for (const char *at = strstr(all, text); at; at = strstr(at + 1, text))
        n++;
    return n;
}

static int count(const char *text) { return count_in(page, text); }
static void expect_text(const char *text) { ck_assert_msg(count(text) > 0, "the view has no %s", text); }
static void expect_none(const char *text) { ck_assert_msg(count(text) == 0, "the view has %s", text); }

/* The part of the view from `begin` up to `end`, without the tags, until the next call. */
static const char *part(const char *begin, const char *end)
{
    static char text[20000];
    const char *at = strstr(page, begin), *to = at ? strstr(at, end) : NULL;
    ck_assert_msg(to, "the view has no %s", begin);
    size_t n = 0;
    for (bool is_tag = false; at < to && n + 1 < sizeof text; at++) {
        is_tag |= *at == '<';
        if (!is_tag)
            text[n++] = *at;
        is_tag &= *at != '>';
    }
    text[n] = 0;
    return text;
}

/* The words of the drawing of a title, and its row of the table. */
static const char *panel(const char *title)
{
    char begin[100];
    snprintf(begin, sizeof begin, "<figcaption>%s", title);
    return part(begin, "</figure>");
}

static const char *row(const char *title)
{
    char begin[100];
    snprintf(begin, sizeof begin, "<tr><th scope=\"row\">%s<td", title);
    return part(begin, "\n");
}

static void expect_in(const char *text, const char *wanted)
{
    ck_assert_msg(strstr(text, wanted), "there is no \"%s\" in: %s", wanted, text);
}

/* ---- The view ---------------------------------------------------------------------------------------------------- */

START_TEST(there_if_an_activation_is)
{
    const ad_tensor x = VECTOR(1, 2), b = VECTOR(0), w = MATRIX(1, 1, 2);
    ad_linear(ad_reshape(x, AD_SHAPE(2, 1)), w, b, AD_IDENTITY);
    show();
    expect_none("id=\"v-activations\"");
    ad_linear(ad_reshape(x, AD_SHAPE(2, 1)), w, b, AD_ELU);
    show();
    expect_text("id=\"v-activations\"");
    ck_assert_int_eq(count("<tr><th scope=\"row\">"), 13);
    ck_assert_int_eq(count("<td>yes\n"), 2);
    ck_assert_int_eq(count("<td>no\n"), 11);
    expect_text("<tbody>\n<tr><th scope=\"row\">identity<td"); /* those of the tape are first, as it uses them */
    expect_text("\n<tr><th scope=\"row\">ELU<td");
    ck_assert_int_eq(count("<figure>"), 2 + 13);
}
END_TEST

START_TEST(numbers)
{
    ad_tanh(VECTOR(1));
    show();
    ck_assert_str_eq(row("logistic"), "logistic0.50.250.25at z = 0no");
    ck_assert_str_eq(row("step"), "step100everywhereno");
    ck_assert_str_eq(row("tanh"), "tanh011at z = 0yes");
    ck_assert_str_eq(row("ReLU"), "ReLU001where z &gt; 0no");
    ck_assert_str_eq(row("leaky ReLU"), "leaky ReLU00.011where z &gt; 0no");
    expect_text("<span data-what=\"curve-derivative\" data-of=\"logistic\" data-at=\"0\" data-exact=\"0.25\">0.25<");
    expect_in(panel("log logistic"), "y = ln logistic(z)y(0) = " MINUS "0.6931, y from " MINUS INFINITE " to 0");
    expect_in(panel("hardtanh"), ", y from " MINUS "1 to 1");
    expect_in(panel("GELU"), ", y from " MINUS "0.17 to " INFINITE);
    expect_in(panel("GELU"), "at most 1.129 at z = 1.414");
    expect_in(part("<p class=\"note\">The derivative of the step", "</p>"),
              "The derivative of the step is 0 everywhere");
    expect_none("NaN");
}
END_TEST

/* y = slope z where z is below 0, so that its ends and its largest derivative follow from the sign of the slope. */
START_TEST(slopes)
{
    static const struct {
        double slope;
        const char *title, *formula, *from, *steepest;
    } cases[] = {
        {0, "leaky ReLU 0", "z where z &gt; 0, else 0 z", "y from 0 to " INFINITE, "at most 1 where z &gt; 0"},
        {-0.25, "leaky ReLU " MINUS "0.25", "else " MINUS "0.25 z", "y from 0 to " INFINITE,
         "at most 1 where z &gt; 0"},
        {0.5, "leaky ReLU 0.5", "else 0.5 z", "y from " MINUS INFINITE " to " INFINITE, "at most 1 where z &gt; 0"},
        {3, "leaky ReLU 3", "else 3 z", "y from " MINUS INFINITE " to " INFINITE, "at most 3 where z \xe2\x89\xa4 0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        ad_leaky_relu(VECTOR(-1, 1), cases[i].slope);
        show();
        expect_in(panel(cases[i].title), cases[i].formula);
        expect_in(panel(cases[i].title), cases[i].from);
        expect_in(panel(cases[i].title), cases[i].steepest);
        expect_none("NaN");
        expect_none("ReLU -");
    }
    expect_text("data-of=\"leaky_relu -0.25\" data-at=\"0\" data-exact=\"-0.25\">" MINUS "0.25<");
    ck_assert_int_eq(count("<tr><th scope=\"row\">leaky ReLU"), COUNT(cases) + 1); /* and the usual one */
    ad_leaky_relu(VECTOR(-1, 1), -1.5e308); /* the largest numbers overflow in the drawing */
    show();
    expect_in(panel("leaky ReLU " MINUS "1.5e308"), "at most 1 where z &gt; 0");
}
END_TEST

/* ---- Units and uses ---------------------------------------------------------------------------------------------- */

/* How many crosses the drawing of a title has. */
static int crosses(const char *title)
{
    char begin[100], path[4000];
    snprintf(begin, sizeof begin, "<figcaption>%s <span", title);
    const char *at = strstr(page, begin);
    at = at ? strstr(at, "<path class=\"units\" d=\"") : NULL;
    ck_assert_msg(at && sscanf(at, "<path class=\"units\" d=\"%3999[^\"]", path) == 1, "%s has no crosses", title);
    int n = 0; /* two numbers each */
    for (char *c = path + 1, *end; strtod(c, &end), end != c; c = end)
        n++;
    return n / 2;
}

START_TEST(units)
{
    double z[100] = {0};
    ad_tanh(VECTOR(0));
    ad_softplus(VECTOR(100, 0, -3));
    ad_silu(vector_input(z, 64));
    ad_gelu(vector_input(z, 65));
    ad_logistic(vector_input(z, 100));
    show();
    expect_text("<path class=\"units\" d=\"M128 68\"/>"); /* in the middle of 32 to 224 by 130 to 6 */
    expect_in(panel("tanh"), "+ 1 of 1 units");
    expect_in(panel("softplus"), "+ 2 of 3 units"); /* 100 is outside */
    expect_in(panel("SiLU"), "+ 64 of 64 units");
    expect_in(panel("GELU"), "+ 64 of 65 units");
    expect_in(panel("logistic <span"), "+ 64 of 100 units");
    ck_assert_int_eq(crosses("softplus"), 2);
    ck_assert_int_eq(crosses("logistic"), 64);
    ck_assert_int_eq(count(" units of the users"), 0);
    expect_text(
        "+ a unit for one row of the batch; of more than 64, 64 are chosen evenly; those outside the picture are "
        "not drawn");
}
END_TEST

START_TEST(users)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++)
        ad_name(ad_tanh(VECTOR(0.5, 1)), names[i]);
    show();
    expect_in(panel("tanh <span"), "tanh used by a, b, c, d");
    expect_none(" more</span>");
    expect_none("of the users named here");
    ad_tanh(VECTOR(1, 2, 3));
    ad_tanh(VECTOR(1, 2, 3));
    show();
    expect_in(panel("tanh <span"), "tanh used by a, b, c, d and 2 more");
    expect_in(panel("tanh <span"), "+ 8 of 8 units of the users named here");
}
END_TEST

START_TEST(uses_left_out)
{
    const ad_tensor x = VECTOR(-1, 1);
    for (int i = 0; i < 11; i++) /* 24 drawings, 13 of which are kept for one of each */
        ad_leaky_relu(x, i + 2);
    show();
    ck_assert_int_eq(count("<figcaption>leaky ReLU"), 12);
    expect_none("Left out");
    ad_leaky_relu(x, 20);
    show();
    expect_text("<p class=\"note\">Left out: 1 use of leaky ReLU with other slopes.</p>");
    for (int i = 0; i < 3; i++)
        ad_leaky_relu(x, 30 + i % 2);
    ad_leaky_relu(x, 0.01);
    ad_tanh(x);
    show();
    expect_text("<p class=\"note\">Left out: 4 uses of leaky ReLU with other slopes.</p>");
    ck_assert_int_eq(count("<figcaption>"), 2 + 24);
    ck_assert_int_eq(count("<td>yes\n"), 11 + 2);
}
END_TEST

START_TEST(names_are_escaped)
{
    ad_name(ad_tanh(VECTOR(1)), "<b>&\"'");
    show();
    expect_text("used by &#60;b&#62;&#38;&#34;&#39;<");
    expect_none("<b>&");
}
END_TEST

/* ---- Places ------------------------------------------------------------------------------------------------------ */

START_TEST(places)
{
    ad_tanh(VECTOR(1));
    show();
    expect_text("<path class=\"c\" d=\"M32 130l192-124\"/>"); /* identity: a line from corner to corner */
    expect_text("<circle class=\"open\" r=\"3.5\" cx=\"128\" cy=\"130\"/>"
                "<circle class=\"there\" r=\"3.5\" cx=\"128\" cy=\"6\"/>"); /* the step is 1 at 0 */
    expect_text("<svg viewBox=\"0 0 232 150\" role=\"img\" aria-label=\"y and y\xe2\x80\xb2\">");
    ck_assert_int_eq(count("<use href=\"#act-grid\"/>"), 12);
    ck_assert_int_eq(count("<g id=\"act-grid\">"), 1);
    expect_text(">" MINUS "4</text>");
    expect_none(">-4</text>");
    expect_none(">" MINUS "0</text>");
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

START_TEST(every_allocation_may_fail)
{
    static const counting_failure failures[] = {COUNTING_ONCE, COUNTING_FOR_GOOD};
    size_t k = 0, refused;
    ad_name(ad_leaky_relu(VECTOR(-1, 1), 0), "y");
    do {
        const size_t before = memory.refused, blocks = memory.blocks;
        counting_fail(&memory, ++k, failures[_i]);
        const ad_shown shown = write_page();
        counting_heal(&memory);
        refused = memory.refused - before;
        ck_assert_uint_eq(memory.blocks, blocks);
        ck_assert_int_eq(shown.status, refused ? AD_NO_MEMORY : AD_OK);
        ck_assert_msg(!refused == !strstr(shown.message, "out of memory"), "the message is: %s", shown.message);
        ck_assert_int_eq(empty_folder(), refused ? 0 : 1);
        expect_ok(t);
    } while (refused);
    ck_assert_uint_gt(k, 14 * 3); /* 14 curves, each on a tape of its own */
    counting_print_refused(k - 1, "a page of activations");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, there_if_an_activation_is);
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, slopes);
    tcase_add_test(tests, units);
    tcase_add_test(tests, users);
    tcase_add_test(tests, uses_left_out);
    tcase_add_test(tests, names_are_escaped);
    tcase_add_test(tests, places);
    tcase_add_loop_test(tests, every_allocation_may_fail, 0, 2);
}

int main(void) { return run_in_one_folder("page_activations", add_tests); }
