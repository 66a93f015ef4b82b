/* A tape as DOT. tests/samples.py gives the same files to Graphviz, where it is installed. */
#include <gradtape/show.h>

#include "../support/one_folder.h"
#include "../support/sample_tapes.h"

/* A statement has a line. */
enum { MOST_LINES = 400, MOST_BYTES = 1 << 20 };
typedef struct drawing {
    char *line[MOST_LINES];
    int n;
    char bytes[MOST_BYTES];
} drawing;
static drawing d;

static void draw(const ad_write_options *options)
{
    const ad_shown shown = ad_write_dot(t, path_of("tape.dot"), options);
    ck_assert_msg(shown.status == AD_OK && !shown.message[0], "%s", shown.message);
    FILE *file = fopen(path_of("tape.dot"), "rb");
    ck_assert_ptr_nonnull(file);
    const size_t n = fread(d.bytes, 1, sizeof d.bytes - 1, file);
    ck_assert_uint_lt(n, sizeof d.bytes - 1);
    fclose(file);
    d.bytes[n] = 0;
    d.n = 0;
    for (char *line = strtok(d.bytes, "\n"); line; line = strtok(NULL, "\n")) {
        ck_assert_int_lt(d.n, MOST_LINES);
        d.line[d.n++] = line;
    }
    ck_assert_int_eq(empty_folder(), 1);
}

static void draw_sample(const char *name)
{
    record_sample(t, name);
    draw(NULL);
}

/* The line that begins so; -1: there is none. */
static int find_line(const char *beginning)
{
    for (int i = 0; i < d.n; i++)
        if (strncmp(d.line[i], beginning, strlen(beginning)) == 0)
            return i;
    return -1;
}

static void expect_line(const char *line)
{
    const int i = find_line(line);
    ck_assert_msg(i >= 0 && strcmp(d.line[i], line) == 0, "there is no line %s", line);
}

/* The box of a tensor has all of these. */
static void expect_box(const char *id, const char *const *parts)
{
    char beginning[64];
    snprintf(beginning, sizeof beginning, "\"%s\" [", id);
    const int line = find_line(beginning);
    ck_assert_msg(line >= 0, "%s has no box", id);
    for (; *parts; parts++)
        ck_assert_msg(strstr(d.line[line], *parts), "%s is not in %s", *parts, d.line[line]);
}
#define EXPECT_BOX(id, ...) expect_box(id, (const char *const[]){__VA_ARGS__, NULL})

START_TEST(the_formula)
{
    draw_sample("formula");
    EXPECT_BOX("k0", "\"rounded\"", "x\\nparam []\\n3\\ngradient -0.297323");
    EXPECT_BOX("#1", "\"solid\"", "s\\nadd []\\n6\\ngradient -0.0743307");
    EXPECT_BOX("#5", "y\\ntanh []\\n-0.616909\\ngradient 1");
    expect_line("\"k0\" -> \"#1\" [label=\"1\"];");
    expect_line("\"#4\" -> \"#5\";");
    const int first = find_line("\"k0\" -> \"#1\"");
    ck_assert_str_eq(d.line[first + 1], "\"k0\" -> \"#1\" [label=\"2\"];");
    expect_line("label=\"y = tanh(0.02 (x + x) x w)\";");
    draw(&(ad_write_options){.title = "a \"title\""});
    expect_line("label=\"a \\\"title\\\"\";");
}
END_TEST

START_TEST(the_network)
{
    draw_sample("network");
    EXPECT_BOX("k0", "W1\\nparam [2, 2]\\n-0.6 to 0.8\\ngradient -0.155384 to 0.310769");
    EXPECT_BOX("#1", "x\\ninput [1, 2]\\n-1 to 0.5\""); /* no gradient is wanted */
    EXPECT_BOX("#4", "\"dashed\"", "linear");
    expect_line("\"#3\" -> \"#4\" [style=\"dashed\"];");
    expect_line("\"k0\" -> \"#3\" [label=\"2\"];");
}
END_TEST

/* A true 0 is 0; what was not computed is a point. */
START_TEST(zero_is_not_absent)
{
    draw_sample("zeros");
    EXPECT_BOX("k0", "gradient 0\"");
    EXPECT_BOX("k2", "gradient \xc2\xb7\"");
}
END_TEST

START_TEST(results_hang_on_their_call)
{
    draw_sample("results");
    EXPECT_BOX("call #1", "ellipse", "label=\"slogdet\"");
    expect_line("\"k0\" -> \"call #1\";");
    expect_line("\"call #1\" -> \"#1\";");
    expect_line("\"call #1\" -> \"#2\";");
    EXPECT_BOX("#1", "gradient \xc2\xb7");
}
END_TEST

START_TEST(what_is_unusual)
{
    draw_sample("segment");
    EXPECT_BOX("#2", "inner\\nsin [3]\\nvalue dropped\\ngradient ");
    ad_reset(t);
    draw_sample("not finite");
    EXPECT_BOX("k1", "\\n0, 3 not finite\\ngradient all 5 not finite");
    ad_reset(t);
    draw_sample("empty");
    EXPECT_BOX("k2", "param [0, 3]\\nno elements\\ngradient no elements");
    ad_reset(t);
    draw_sample("accumulated");
    EXPECT_BOX("k3", "\\n1 to 2\\nchanged since, now ");
}
END_TEST

/* Boxes in their clusters, and edges outside, where they move no box. */
START_TEST(scopes_are_clusters)
{
    draw_sample("scopes");
    const int outer = find_line("subgraph \"cluster_1\""), inner = find_line("subgraph \"cluster_3\"");
    ck_assert_int_eq(find_line("subgraph \"cluster_0\""), -1); /* it is empty */
    ck_assert_str_eq(d.line[outer + 1], "label=\"outer\";");
    ck_assert_str_eq(d.line[inner + 1], "label=\"innermost\";");
    ck_assert(outer < find_line("\"#1\" [") && find_line("\"#1\" [") < inner);
    ck_assert_int_eq(find_line("\"#2\" ["), inner + 2);
    ck_assert_str_eq(d.line[inner + 3], "}");
    ck_assert_str_eq(d.line[inner + 4], "}");
    ck_assert_int_eq(find_line("\"#3\" ["), inner + 5);
}
END_TEST

/* ---- Every tape -------------------------------------------------------------------------------------------------- */

/* Goes to the end of a quoted string; returns false if there is none. */
static bool skip_quoted(const char **at)
{
    for (++*at; **at && **at != '"'; ++*at)
        if (**at == '\\' && *++*at == 0)
            return false;
    return *(*at)++ == '"';
}

/* Strings are closed, and outside of them nothing is written but DOT's own signs. Returns by how much braces open. */
static int check_line(const char *line)
{
    int depth = 0;
    for (const char *at = line; *at;) {
        if (*at == '"') {
            ck_assert_msg(skip_quoted(&at), "a string is not closed in %s", line);
            continue;
        }
        ck_assert_msg(strchr("abcdefghijklmnopqrstuvwxyz_0123456789 =,;[]{}->", *at), "'%c' is in %s", *at, line);
        depth += (*at == '{') - (*at == '}');
        at++;
    }
    return depth;
}

/* Both ends of an edge have a box. */
static void check_ends(char *line)
{
    char *ends[] = {line, strstr(line, "\" -> \"") + 5};
    for (int i = 0; i < 2; i++) {
        char id[80];
        snprintf(id, sizeof id, "%.*s [", (int)(strchr(ends[i] + 1, '"') + 1 - ends[i]), ends[i]);
        ck_assert_msg(find_line(id) >= 0, "%s is no box", id);
    }
}

START_TEST(every_tape_is_drawn)
{
    size_t boxes = 0;
    int depth = 0, edges = 0, operands = 0;
    draw_sample(sample_tapes[_i].name);
    for (int i = 0; i < d.n; i++) {
        depth += check_line(d.line[i]);
        ck_assert(depth > 0 || i == d.n - 1);
        if (d.line[i][0] != '"')
            continue;
        if (strstr(d.line[i], "\" -> \"")) {
            ck_assert_int_eq(depth, 1);
            check_ends(d.line[i]);
            edges++;
        } else
            boxes += strstr(d.line[i], "ellipse") == NULL;
    }
    for (size_t i = 0; i < ad_entry_count(t); i++)
        operands += ad_result_number(ad_recorded_at(t, i)) ? 1 : ad_operand_count(ad_recorded_at(t, i));
    ck_assert_int_eq(depth, 0);
    ck_assert_uint_eq(boxes, ad_kept_count(t) + ad_entry_count(t));
    ck_assert_int_ge(edges, operands);
}
END_TEST

START_TEST(hostile_names_are_quoted)
{
    draw_sample("hostile");
    EXPECT_BOX("#2", "label=\"\\\"quotes\\\" and \\\\\\nneg");
    EXPECT_BOX("#3", "label=\"a\\\\x0ab\\\\x09c\\\\x01\\\\x7f\\nneg");
    EXPECT_BOX("#8", "label=\"{}|[]\\\\l\\\\N;\\nneg");
    ad_name(ad_recorded_at(t, 0), "&lt;");
    draw(NULL);
    EXPECT_BOX("#1", "label=\"&amp;lt;\\n"); /* Graphviz would read it as < */
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, the_formula);
    tcase_add_test(tests, the_network);
    tcase_add_test(tests, zero_is_not_absent);
    tcase_add_test(tests, results_hang_on_their_call);
    tcase_add_test(tests, what_is_unusual);
    tcase_add_test(tests, scopes_are_clusters);
    tcase_add_loop_test(tests, every_tape_is_drawn, 0, sample_tape_count);
    tcase_add_test(tests, hostile_names_are_quoted);
}

int main(void) { return run_in_one_folder("dot", add_tests); }
