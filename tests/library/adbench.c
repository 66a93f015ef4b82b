/* The two objectives of ADBench beside the gradients that it calculates by hand, and beside themselves: replayed, on
 * other numbers of threads, and in how much memory. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gmm_objective.h"
#include "lstm_objective.h"
#include "../support/check.h"

/* ---- Problems ---------------------------------------------------------------------------------------------------- */

static const char *const names[] = {"gmm_test.txt", "gmm_d2_K5.txt", "gmm_d10_K25.txt", "gmm_d20_K50.txt",
                                    "lstm_l2_c1024.txt"};
enum { N_NAMES = COUNT(names) };

typedef struct problem {
    char file[4096];
    bool is_gmm;
    gmm gmm;
    lstm lstm;
    ad_tape *tape;
} problem;

static void path_of(const char *name, char path[4096])
{
    const char *folder = getenv("GRADTAPE_ADBENCH_DIR");
    ck_assert_msg(folder != NULL, "GRADTAPE_ADBENCH_DIR must name the folder of the data");
    snprintf(path, 4096, "%s/%s", folder, name);
}

static void open_problem(problem *p, const char *name)
{
    memset(p, 0, sizeof *p);
    path_of(name, p->file);
    p->is_gmm = !strncmp(name, "gmm", 3);
    ck_assert(p->is_gmm ? gmm_read(&p->gmm, p->file) : lstm_read(&p->lstm, p->file));
    p->tape = ad_tape_open(NULL);
}

static void close_problem(problem *p)
{
    expect_ok(p->tape);
    ad_tape_close(p->tape);
    gmm_free(&p->gmm);
    lstm_free(&p->lstm);
    ad_set_threads(0);
}

static recording record(const problem *p)
{
    return p->is_gmm ? gmm_record(p->tape, &p->gmm) : lstm_record(p->tape, &p->lstm);
}

/* The objective and its gradient, one after the other, to be freed. */
static double *gradient_of(const recording *r, size_t *n)
{
    ck_assert_msg(ad_backward(r->loss) == AD_OK, "%s", ad_message(r->loss.tape));
    *n = 1;
    for (int i = 0; i < r->n_leaves; i++)
        *n += ad_size_of(r->leaf[i]);
    double *g = malloc(*n * sizeof *g), *at = g;
    ck_assert_ptr_nonnull(g);
    *at++ = ad_item(r->loss);
    for (int i = 0; i < r->n_leaves; at += ad_size_of(r->leaf[i++]))
        memcpy(at, ad_f64(ad_gradient(r->leaf[i])), ad_size_of(r->leaf[i]) * sizeof *g);
    return g;
}

/* ---- Known gradients --------------------------------------------------------------------------------------------- */

/* ADBench's own measure for each number, and for each block how far it is from its largest one: small numbers must not
 * hide behind the first. */
START_TEST(gradients_are_those_derived_by_hand)
{
    problem p;
    size_t n, worst;
    known_gradient read;
    open_problem(&p, names[_i]);
    const recording r = record(&p);
    double *g = gradient_of(&r, &n);
    ck_assert(read_known_gradient(p.file, &read) && read.numbers && n == read.n);
    const double *known = read.numbers;
    for (size_t i = 0; i < n; i++) {
        const double off = fabs(g[i] - known[i]) / fmax(1, fabs(g[i]) + fabs(known[i]));
        ck_assert_msg(off <= 1e-10, "%s: number %zu is %.17g, not %.17g", names[_i], i, g[i], known[i]);
    }
    for (size_t i = 0, at = 1; i < (size_t)r.n_leaves; at += ad_size_of(r.leaf[i++])) {
        const double off = block_difference(g + at, known + at, ad_size_of(r.leaf[i]), &worst);
        ck_assert_msg(off <= 1e-10, "%s: block %zu, %s, is off by %.3g", names[_i], i, ad_name_of(r.leaf[i]), off);
    }
    free(g);
    free_known_gradient(&read);
    close_problem(&p);
}
END_TEST

START_TEST(the_difference_of_blocks_is_relative)
{
    static const struct {
        double g[3], known[3], off;
        size_t worst;
    } cases[] = {
        {{1, 2, 4}, {1, 2, 4}, 0, 0},
        {{1, 3, 4}, {1, 2, 4}, 0.25, 1},
        {{0, 0, 0}, {0, 0, 0}, 0, 0},
        {{1, 2, NAN}, {1, 2, 4}, INFINITY, 2},
        {{1, 2, 4}, {NAN, 2, 4}, INFINITY, 0},
        {{NAN, 2, 4}, {NAN, 2, 4}, INFINITY, 0},
        {{1, INFINITY, 4}, {1, INFINITY, 4}, INFINITY, 1},
        {{0, 1, 0}, {0, 0, 0}, INFINITY, 1},
    };
    size_t worst;
    ck_assert_double_eq(block_difference(cases[_i].g, cases[_i].known, 3, &worst), cases[_i].off);
    ck_assert_uint_eq(worst, cases[_i].worst);
}
END_TEST

/* ---- Known gradients that are not right -------------------------------------------------------------------------- */

/* A folder with the small mixture and a known gradient in which `from` is replaced; NULL: without one. */
static void copy_problem(char folder[64], char file[128], const char *from, const char *to)
{
    char path[4096], *text = malloc(1 << 20);
    strcpy(folder, "/tmp/gradtape-adbench-XXXXXX");
    ck_assert(text && mkdtemp(folder));
    for (int i = 0; i < (from ? 2 : 1); i++) {
        path_of(i ? "gmm_test.gradient.txt" : "gmm_test.txt", path);
        FILE *f = fopen(path, "r");
        ck_assert_ptr_nonnull(f);
        text[fread(text, 1, (1 << 20) - 1, f)] = 0;
        fclose(f);
        snprintf(file, 128, "%s/gmm%s.txt", folder, i ? ".gradient" : "");
        f = fopen(file, "w");
        ck_assert_ptr_nonnull(f);
        char *at = i ? strstr(text, from) : NULL;
        ck_assert(!i || at);
        if (at)
            fprintf(f, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
        else
            fputs(text, f);
        fclose(f);
    }
    snprintf(file, 128, "%s/gmm.txt", folder);
    free(text);
}

static void remove_problem(const char *folder)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* What is said goes to a file, from which it is read. */
static void said(char text[1000])
{
    fflush(stderr);
    rewind(stderr);
    text[fread(text, 1, 999, stderr)] = 0;
}

static const struct {
    const char *from, *to, *words;
    bool is_read, is_right;
} changes[] = {
    {NULL, NULL, "", true, true},
    {"-", "-", "", true, true},
    {"\n", "\nnan\n", ":2: 'nan' is not a finite number", false, false},
    {"\n", "\n1e999\n", ":2: '1e999' is not a finite number", false, false},
    {"\n", "\n12x\n", ":2: '12x' is not a finite number", false, false},
    {"\n", "\n5\n", "numbers: it must have", true, false},
    {".", "5.", "objective: number 0 is", true, false},
};

START_TEST(gradients_that_differ_are_found)
{
    char folder[64], file[128], text[1000];
    problem p = {.is_gmm = true};
    known_gradient known;
    double largest;
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
    copy_problem(folder, file, changes[_i].from, changes[_i].to);
    ck_assert(gmm_read(&p.gmm, file));
    FILE *saying = freopen(strcat(strcpy(text, folder), "/said"), "w+", stderr);
    ck_assert_ptr_nonnull(saying);
    p.tape = ad_tape_open(NULL);
    const recording r = record(&p);
    ck_assert_int_eq(ad_backward(r.loss), AD_OK);
    ck_assert(read_known_gradient(file, &known) == changes[_i].is_read);
    if (changes[_i].is_read)
        ck_assert(print_gradient(&r, &known, &largest) == changes[_i].is_right);
    if (!changes[_i].from)
        ck_assert(isnan(largest));
    said(text);
    ck_assert_msg(strstr(text, changes[_i].words), "it says: %s", text);
    ck_assert_msg(*changes[_i].words || !*text, "it says: %s", text);
    free_known_gradient(&known);
    close_problem(&p);
    remove_problem(folder);
}
END_TEST

/* ---- Replay ------------------------------------------------------------------------------------------------------ */

/* Moves every parameter of the file a little. */
static void move_parameters(problem *p)
{
    const int64_t b = p->lstm.b;
    const gmm *g = &p->gmm;
    const int64_t n = p->is_gmm ? g->k * (1 + g->d + g->d * (g->d + 1) / 2) : (8 * p->lstm.l + 3) * b;
    double *numbers = (p->is_gmm ? g->numbers : p->lstm.numbers) + 3;
    for (int64_t i = 0; i < n; i++)
        numbers[i] += 1e-3 * ad_random_uniform(1, 0, (uint64_t)i);
}

/* Replayed on other parameters, and recorded on them anew, the numbers are the same bits. */
START_TEST(a_replay_gives_the_bits_of_a_recording)
{
    problem p, moved;
    size_t n;
    open_problem(&p, names[_i]);
    open_problem(&moved, names[_i]);
    move_parameters(&moved);
    const recording r = record(&p), anew = record(&moved);
    double *before = gradient_of(&r, &n), *expected = gradient_of(&anew, &n);
    for (int i = 0; i < r.n_leaves; i++)
        ck_assert_int_eq(ad_assign(r.leaf[i], ad_data(anew.leaf[i])), AD_OK);
    ck_assert_int_eq(ad_replay(p.tape), AD_OK);
    double *replayed = gradient_of(&r, &n);
    ck_assert(!memcmp(replayed, expected, n * sizeof *expected));
    ck_assert(memcmp(replayed, before, n * sizeof *before));
    free(before);
    free(expected);
    free(replayed);
    close_problem(&p);
    close_problem(&moved);
}
END_TEST

/* Leaves put back as they were give the numbers of the recording. */
START_TEST(a_replay_of_the_same_gives_the_same_bits)
{
    problem p;
    size_t n;
    open_problem(&p, names[_i]);
    const recording r = record(&p);
    double *before = gradient_of(&r, &n);
    ck_assert_int_eq(ad_replay(p.tape), AD_OK);
    double *after = gradient_of(&r, &n);
    ck_assert(!memcmp(before, after, n * sizeof *before));
    free(before);
    free(after);
    close_problem(&p);
}
END_TEST

/* ---- Threads and memory ------------------------------------------------------------------------------------------ */

START_TEST(threads_change_nothing)
{
    double *first = NULL;
    for (int threads = 1; threads <= 4; threads++) {
        problem p;
        size_t n;
        open_problem(&p, names[_i]);
        ad_set_threads(threads);
        const recording r = record(&p);
        double *g = gradient_of(&r, &n);
        ck_assert_msg(!first || !memcmp(first, g, n * sizeof *g), "%d threads give other bits", threads);
        if (first)
            free(g);
        else
            first = g;
        close_problem(&p);
    }
    free(first);
}
END_TEST

/* The large tensor [n, k d] is there once, and once more as a gradient. */
START_TEST(mixtures_take_little_memory)
{
    problem p;
    open_problem(&p, names[_i]);
    if (p.is_gmm) {
        const gmm *g = &p.gmm;
        const recording r = record(&p);
        ck_assert_int_eq(ad_backward(r.loss), AD_OK);
        const size_t most = (size_t)(4 * 8 * g->n * g->k * g->d) + 1000000, peak = ad_usage_of(p.tape).peak_bytes;
        ck_assert_msg(peak <= most, "%s: %zu bytes at the peak, at most %zu", names[_i], peak, most);
    }
    close_problem(&p);
}
END_TEST

/* ---- Files that are not right ------------------------------------------------------------------------------------ */

START_TEST(wrong_files_are_refused)
{
    char path[4096];
    gmm g;
    lstm s;
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr)); /* what they say goes there */
    path_of("lstm_l2_c1024.txt", path);
    ck_assert(!gmm_read(&g, path));
    path_of("gmm_test.txt", path);
    ck_assert(!lstm_read(&s, path));
    path_of("README.md", path);
    ck_assert(!gmm_read(&g, path) && !lstm_read(&s, path));
    path_of("none.txt", path);
    ck_assert(!gmm_read(&g, path) && !lstm_read(&s, path));
    path_of("", path); /* a folder */
    ck_assert(!gmm_read(&g, path) && !lstm_read(&s, path));
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

int main(void)
{
    Suite *s = suite_create("adbench");
    TCase *c = tcase_create("adbench");
    tcase_add_loop_test(c, gradients_are_those_derived_by_hand, 0, N_NAMES);
    tcase_add_loop_test(c, the_difference_of_blocks_is_relative, 0, 8);
    tcase_add_loop_test(c, gradients_that_differ_are_found, 0, COUNT(changes));
    tcase_add_loop_test(c, a_replay_gives_the_bits_of_a_recording, 0, N_NAMES);
    tcase_add_loop_test(c, a_replay_of_the_same_gives_the_same_bits, 0, N_NAMES);
    tcase_add_loop_test(c, threads_change_nothing, 0, N_NAMES);
    tcase_add_loop_test(c, mixtures_take_little_memory, 0, N_NAMES);
    tcase_add_test(c, wrong_files_are_refused);
    suite_add_tcase(s, c);
    return run_suites(srunner_create(s));
}
