/* The line that shows how a fit gets on: on terminals, in files, and where nothing can be written. */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../support/check.h"
#include "../support/classifiers.h"

/* ---- Where the line goes ----------------------------------------------------------------------------------------- */

/* A FILE, what came out at its other end, and, for a terminal, what stands on its screen. */
enum { ROWS = 64, WIDEST = 200, BYTES = 65536 };
typedef struct screen {
    FILE *file;
    int end; /* what is read from */
    int columns;
    char bytes[BYTES];
    size_t n;
    char rows[ROWS][WIDEST + 1];
    int row, column; /* of the cursor */
} screen;

static screen at;

static void open_terminal(int columns)
{
    at = (screen){.columns = columns, .end = posix_openpt(O_RDWR | O_NOCTTY)};
    ck_assert_int_ge(at.end, 0);
    ck_assert_int_eq(grantpt(at.end), 0);
    ck_assert_int_eq(unlockpt(at.end), 0);
    const int device = open(ptsname(at.end), O_RDWR | O_NOCTTY);
    ck_assert_int_ge(device, 0);
    const struct winsize size = {.ws_row = ROWS, .ws_col = (unsigned short)columns};
    ck_assert_int_eq(ioctl(device, TIOCSWINSZ, &size), 0);
    ck_assert_int_eq(fcntl(at.end, F_SETFL, O_NONBLOCK), 0);
    at.file = fdopen(device, "w");
    ck_assert_ptr_nonnull(at.file);
}

static void open_pipe(void)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    at = (screen){.columns = WIDEST, .end = ends[0], .file = fdopen(ends[1], "w")};
    ck_assert_int_eq(fcntl(at.end, F_SETFL, O_NONBLOCK), 0);
    ck_assert_ptr_nonnull(at.file);
}

static void close_screen(void)
{
    fclose(at.file);
    close(at.end);
}

/* Does what a terminal does with the bytes from `from` on. No line may reach its last column. */
static void draw(size_t from)
{
    for (const char *b = at.bytes + from; *b; b++)
        if (*b == '\r')
            at.column = 0;
        else if (*b == '\n') {
            at.row++;
            at.column = 0;
        } else if (!strncmp(b, "\033[K", 3) || !strncmp(b, "\033[0m", 4) || !strncmp(b, "\033[32m", 5)) {
            if (b[2] == 'K')
                at.rows[at.row][at.column] = 0;
            b = strpbrk(b, "Km");
        } else {
            ck_assert_msg(*b >= ' ' && *b < 127, "byte %d of a terminal", *b);
            ck_assert_int_lt(at.row, ROWS);
            ck_assert_int_lt(at.column, at.columns - 1);
            const bool is_longer = at.rows[at.row][at.column] == 0;
            at.rows[at.row][at.column++] = *b;
            if (is_longer)
                at.rows[at.row][at.column] = 0;
        }
}

/* Reads what was written since the last time. Returns it. */
static const char *take(void)
{
    const size_t from = at.n;
    ssize_t n;
    while (at.n < BYTES - 1 && (n = read(at.end, at.bytes + at.n, BYTES - 1 - at.n)) > 0)
        at.n += (size_t)n;
    at.bytes[at.n] = 0;
    draw(from);
    return at.bytes + from;
}

/* The line that the cursor is in. */
static const char *shown_line(void)
{
    take();
    return at.rows[at.row];
}

/* The progress that the header shows. */
static nn_shown memory_of_line;
static nn_progress example(void)
{
    memory_of_line = (nn_shown){0};
    return (nn_progress){.step = 1200,
                         .last_step = 4000,
                         .loss = 0.1234,
                         .seconds = 0.7272,
                         .validation = {.step = 1000, .loss = 0.1402, .accuracy = 0.9581},
                         .shown = &memory_of_line};
}

static void show(const nn_progress *p) { ck_assert(nn_show_progress(p, at.file)); }

/* The environment of a terminal, whatever that of the tests is. */
static void set_up(void)
{
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    unsetenv("COLUMNS");
}

/* ---- Widths ------------------------------------------------------------------------------------------------------ */

#define WHOLE "step 1,200 of 4,000  loss 0.1234  validation 0.1402 0.9581  1,650 steps/s  2 s left"

START_TEST(terminals_of_all_widths)
{
    static const struct {
        int columns;
        const char *line;
    } cases[] = {
        {120, WHOLE},
        {84, WHOLE},
        {83, "step 1,200 of 4,000  loss 0.1234  validation 0.1402 0.9581  2 s left"},
        {80, "step 1,200 of 4,000  loss 0.1234  validation 0.1402 0.9581  2 s left"},
        {43, "step 1,200 of 4,000  loss 0.1234  2 s left"},
        {40, "step 1,200  loss 0.1234  2 s left"},
        {24, "step 1,200  loss 0.1234"},
        {20, "step 1,200 of 4,000"},
        {11, "step 1,200"},
        {10, "1,200"},
        {6, "1,200"},
        {5, ""},
        {1, ""},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        open_terminal(cases[i].columns);
        nn_progress p = example();
        show(&p);
        ck_assert_str_eq(shown_line(), cases[i].line);
        close_screen();
    }
}
END_TEST

/* Without a size of its own a terminal has COLUMNS columns, or 80. */
START_TEST(columns_of_the_environment)
{
    static const struct {
        const char *columns;
        int width;
    } cases[] = {{NULL, 80}, {"40", 40}, {"", 80}, {"0", 80}, {"-5", 80}, {"wide", 80}, {"99999999999", WIDEST}};
    for (int i = 0; i < COUNT(cases); i++) {
        open_terminal(0);
        at.columns = cases[i].width;
        if (cases[i].columns)
            setenv("COLUMNS", cases[i].columns, 1);
        nn_progress p = example();
        show(&p);
        const int n = (int)strlen(shown_line());
        ck_assert_int_eq(n, cases[i].width == 40 ? 33 : cases[i].width == 80 ? 68 : (int)strlen(WHOLE));
        close_screen();
    }
}
END_TEST

/* Numbers of every size, at every width: each word of the line is a whole word of the line that has all parts. */
START_TEST(no_number_is_cut)
{
    static const double losses[] = {0, 1e-320, 2.5e-5, 0.9999999, 999.99999, 12345.6, 1e300, -0.5, -1e9, INFINITY, NAN};
    static const int64_t steps[] = {1, 999, 1000, 999999, 1234567, 1000000000, INT64_MAX - 1};
    for (int i = 0; i < COUNT(losses) * COUNT(steps); i++) {
        nn_progress p = example();
        p.step = steps[i % COUNT(steps)];
        p.last_step = p.step < INT64_MAX - 100 ? p.step * 3 : INT64_MAX;
        p.loss = p.validation.loss = losses[i / COUNT(steps)];
        p.seconds = pow(10, i % 17 - 4);
        open_terminal(WIDEST);
        show(&p);
        char whole[WIDEST + 3];
        snprintf(whole, sizeof whole, " %s ", shown_line());
        close_screen();
        for (int columns = 1; columns < 120; columns += 3) {
            open_terminal(columns);
            memory_of_line = (nn_shown){0};
            show(&p);
            char line[WIDEST + 1], word[WIDEST + 3];
            strcpy(line, shown_line());
            for (char *part = strtok(line, " "); part; part = strtok(NULL, " ")) {
                snprintf(word, sizeof word, " %s ", part);
                ck_assert_msg(strstr(whole, word), "'%s' is not in '%s'", part, whole);
            }
            close_screen();
        }
    }
}
END_TEST

/* ---- What is shown ----------------------------------------------------------------------------------------------- */

/* Shows p in the middle of a fit, and compares the last part of the line with what is expected. */
static void expect_end(const nn_progress *p, const char *expected)
{
    memory_of_line = (nn_shown){0};
    open_terminal(WIDEST);
    show(p);
    const char *line = shown_line();
    const size_t n = strlen(line), end = strlen(expected);
    ck_assert_msg(n >= end && !strcmp(line + n - end, expected), "'%s' does not end with '%s'", line, expected);
    close_screen();
}

START_TEST(times)
{
    static const struct {
        double seconds; /* of the first of two steps */
        const char *left;
    } cases[] = {
        {1e-9, "  1 s left"},
        {0.4, "  2.5 steps/s  1 s left"},
        {1.4, "  0.71 steps/s  1 s left"},
        {1.6, "  0.62 steps/s  2 s left"},
        {59.4, "  0.017 steps/s  59 s left"},
        {59.6, "  1 min 0 s left"},
        {200, "  0.005 steps/s  3 min 20 s left"},
        {3599.4, "  59 min 59 s left"},
        {3600, "  1 h 0 min left"},
        {7800, "  2 h 10 min left"},
        {86399, "  23 h 59 min left"},
        {97200, "  1 d 3 h left"},
        {1e9, "  1e-09 steps/s  11,574 d 1 h left"},
        {1e15, "  1e-15 steps/s"},
        {0, "  loss 0.5000"},
        {NAN, "  loss 0.5000"},
        {-1, "  loss 0.5000"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_progress p = {.step = 1, .last_step = 2, .loss = 0.5, .seconds = cases[i].seconds, .shown = &memory_of_line};
        expect_end(&p, cases[i].left);
    }
}
END_TEST

START_TEST(the_last_line_has_the_time_that_passed)
{
    static const struct {
        double seconds;
        const char *passed;
    } cases[] = {{0, "  in 0 s\n"},   {0.0344, "  in 0.034 s\n"}, {2.44, "  in 2.4 s\n"},     {9.96, "  in 10 s\n"},
                 {48, "  in 48 s\n"}, {200, "  in 3 min 20 s\n"}, {7800, "  in 2 h 10 min\n"}};
    for (int i = 0; i < COUNT(cases); i++) {
        nn_progress p = example();
        open_pipe();
        p.step = p.last_step;
        p.is_last = true;
        p.seconds = cases[i].seconds;
        show(&p);
        const char *line = take();
        ck_assert_str_eq(line + strlen(line) - strlen(cases[i].passed), cases[i].passed);
        close_screen();
    }
}
END_TEST

START_TEST(speed_is_of_this_fit)
{
    nn_progress p = example();
    p.first_step = 1000;
    p.step = 2000;
    p.seconds = 4;
    expect_end(&p, "  250 steps/s  8 s left");
    p.step = p.first_step;
    expect_end(&p, "validation 0.1402 0.9581");
    p.first_step = 0;
    p.step = 10000000;
    p.last_step = 40000000;
    expect_end(&p,
               "step 10,000,000 of 40,000,000  loss 0.1234  validation 0.1402 0.9581  2,500,000 steps/s  12 s left");
}
END_TEST

START_TEST(losses)
{
    static const struct {
        double loss;
        const char *text;
    } cases[] = {{0, "0.0000"},       {0.5, "0.5000"},   {0.12345, "0.1235"},    {-0.5, "-0.5000"},
                 {999.9, "999.9000"}, {0.001, "0.0010"}, {0.000999, "0.000999"}, {1.23456e-5, "1.235e-05"},
                 {12345.6, "12350"},  {1e20, "1e+20"},   {INFINITY, "inf"},      {-INFINITY, "-inf"},
                 {NAN, "nan"}};
    for (int i = 0; i < COUNT(cases); i++) {
        nn_progress p = {.step = 1, .last_step = 2, .loss = cases[i].loss, .shown = &memory_of_line};
        char expected[64];
        snprintf(expected, sizeof expected, "step 1 of 2  loss %s", cases[i].text);
        expect_end(&p, expected);
    }
}
END_TEST

/* The first losses are averaged, later ones count a fiftieth. One that is infinite does not stay. */
START_TEST(the_loss_is_averaged)
{
    nn_progress p = example();
    double expected = 0;
    open_pipe();
    for (int i = 0; i < 200; i++) {
        p.loss = 2 + sin(i);
        expected = i < 50 ? (expected * i + p.loss) / (i + 1) : 0.98 * expected + 0.02 * p.loss;
        show(&p);
        ck_assert_double_eq_tol(memory_of_line.loss, expected, 1e-12);
    }
    p.loss = INFINITY;
    show(&p);
    p.loss = 0.25;
    show(&p);
    show(&p);
    ck_assert_double_eq(memory_of_line.loss, 0.25);
    close_screen();
}
END_TEST

START_TEST(validation_is_shown_where_there_is_one)
{
    nn_progress p = example();
    p.seconds = 0;
    p.validation.accuracy = (double)NAN; /* a regressor */
    expect_end(&p, "  loss 0.1234  validation 0.1402");
    p.validation.step = 0;
    expect_end(&p, "  loss 0.1234");
}
END_TEST

START_TEST(the_best_validation_is_green)
{
    static const struct {
        const char *no_colour;
        bool is_best, is_green;
    } cases[] = {{NULL, true, true}, {"", true, true}, {"1", true, false}, {"0", true, false}, {NULL, false, false}};
    for (int i = 0; i < COUNT(cases); i++) {
        if (cases[i].no_colour)
            setenv("NO_COLOR", cases[i].no_colour, 1);
        else
            unsetenv("NO_COLOR");
        nn_progress p = example();
        p.validation.is_best = cases[i].is_best;
        open_terminal(84);
        show(&p);
        const char *bytes = take();
        ck_assert_int_eq(strstr(bytes, "  \033[32mvalidation 0.1402 0.9581\033[0m  ") != NULL, cases[i].is_green);
        ck_assert_int_eq(strstr(bytes, "m") != NULL && strchr(bytes, '3') != NULL && strstr(bytes, "[3") != NULL,
                         cases[i].is_green);
        ck_assert_str_eq(shown_line(), WHOLE);
        close_screen();
    }
}
END_TEST

/* ---- When it is shown -------------------------------------------------------------------------------------------- */

/* Calls for the steps 1 to n, each of which takes so many seconds. Returns how often something was written. */
static int show_steps(int64_t n, int64_t first, double seconds)
{
    int written = 0;
    nn_shown shown = {0};
    for (int64_t i = 1; i <= n; i++) {
        const nn_progress p = {.step = first + i,
                               .first_step = first,
                               .last_step = first + n,
                               .is_last = i == n,
                               .loss = 0.5,
                               .seconds = (double)i * seconds,
                               .shown = &shown};
        show(&p);
        written += *take() != 0;
    }
    return written;
}

START_TEST(a_terminal_is_written_five_times_a_second)
{
    open_terminal(80);
    ck_assert_int_eq(show_steps(1000, 0, 0.001), 1 + 4 + 1); /* the first, each 0.2 seconds, the last */
    ck_assert_str_eq(at.rows[0], "step 1,000 of 1,000  loss 0.5000  1,000 steps/s  in 1 s");
    ck_assert_int_eq(at.row, 1);
    ck_assert_int_eq(show_steps(3, 1000, 10), 3);
    ck_assert_str_eq(at.rows[1], "step 1,003 of 1,003  loss 0.5000  0.1 steps/s  in 30 s");
    ck_assert_int_eq(show_steps(1, 7, 1), 1);
    ck_assert_str_eq(at.rows[2], "step 8 of 8  loss 0.5000  1 steps/s  in 1 s");
    ck_assert_int_eq(at.row, 3);
    ck_assert_int_eq(at.column, 0);
    close_screen();
}
END_TEST

/* A shorter line leaves nothing of a longer one. */
START_TEST(lines_are_written_over)
{
    open_terminal(84);
    nn_progress p = example();
    show(&p);
    p.validation.step = 0;
    p.seconds = 2;
    show(&p);
    ck_assert_str_eq(shown_line(), "step 1,200 of 4,000  loss 0.1234  600 steps/s  5 s left");
    ck_assert_int_eq(at.row, 0);
    close_screen();
}
END_TEST

static int lines_of(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* A pipe, and terminals that can only be written on. */
START_TEST(plain_lines)
{
    static const char *const terms[] = {NULL, "dumb", "", NULL};
    static const struct {
        int64_t steps, first;
        int lines;
    } cases[] = {{1000, 0, 10}, {1000, 5, 10}, {10, 0, 10}, {11, 3, 10}, {3, 0, 3}, {1, 0, 1}, {30000, 0, 10}};
    for (int i = 0; i < COUNT(terms) * COUNT(cases); i++) {
        const int kind = i % COUNT(terms), c = i / COUNT(terms);
        if (kind == 0)
            open_pipe();
        else
            open_terminal(20);
        at.columns = WIDEST;
        if (kind > 0 && terms[kind])
            setenv("TERM", terms[kind], 1);
        else if (kind > 0)
            unsetenv("TERM");
        ck_assert_int_eq(show_steps(cases[c].steps, cases[c].first, 1e-5), cases[c].lines);
        ck_assert_int_eq(lines_of(at.bytes), cases[c].lines);
        ck_assert_ptr_null(strchr(at.bytes, '\033'));
        ck_assert_int_eq(at.column, 0);
        if (cases[c].steps == 1000)
            ck_assert(!strncmp(at.bytes, cases[c].first ? "step 105 of 1,005  loss" : "step 100 of 1,000  loss", 23));
        close_screen();
    }
}
END_TEST

/* is_last ends the line before the last step; the bytes of a pipe are those of a user's own callback. */
START_TEST(the_last_call_ends_the_line)
{
    nn_progress p = example();
    open_terminal(80);
    show(&p);
    ck_assert_ptr_null(strchr(take(), '\n'));
    p.is_last = true;
    show(&p);
    ck_assert_str_eq(take(), "\rstep 1,200 of 4,000  loss 0.1234  validation 0.1402 0.9581  in 0.73 s\033[K\r\n");
    close_screen();
    p = example();
    open_pipe();
    show(&p);
    p.is_last = true;
    show(&p);
    ck_assert_int_eq(lines_of(take()), 2);
    close_screen();
}
END_TEST

START_TEST(two_files_have_a_line_each)
{
    nn_shown own = {0};
    screen first;
    open_terminal(84);
    nn_progress p = example(), copy = p;
    copy.shown = &own;
    show(&p);
    take();
    first = at;
    open_pipe();
    copy.is_last = true;
    show(&copy);
    ck_assert_int_eq(lines_of(take()), 1);
    close_screen();
    at = first;
    ck_assert_str_eq(shown_line(), WHOLE);
    close_screen();
}
END_TEST

/* ---- Locales, and files that fail -------------------------------------------------------------------------------- */

START_TEST(every_locale_has_a_point)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8",  "de_DE",       "fr_FR.UTF-8", "fr_FR.utf8",
                                        "ps_AF.UTF-8", "es_ES.UTF-8", "nl_NL.UTF-8", "it_IT.UTF-8"};
    int i = 0;
    while (i < COUNT(names) && !(setlocale(LC_ALL, names[i]) && strcmp(localeconv()->decimal_point, ".")))
        i++;
    if (i == COUNT(names))
        printf("gap: progress: no locale of this machine has a comma in numbers: writing in one was not tried\n");
    nn_progress p = example();
    expect_end(&p, WHOLE);
    p = (nn_progress){.step = 1, .last_step = 2, .loss = 1.23456e-5, .seconds = 0.4, .shown = &memory_of_line};
    expect_end(&p, "step 1 of 2  loss 1.235e-05  2.5 steps/s  1 s left");
    setlocale(LC_ALL, "C");
}
END_TEST

/* Shows a whole fit in a file that cannot be written. The flag says it, and one that was set before stays. */
static void show_where_nothing_is_written(FILE *file, bool had_error)
{
    nn_progress p = example();
    ck_assert_ptr_nonnull(file);
    for (p.step = 1; p.step <= p.last_step; p.step++) {
        errno = ERANGE;
        ck_assert(nn_show_progress(&p, file));
        ck_assert_int_eq(errno, ERANGE);
        ck_assert(!had_error || ferror(file));
    }
    ck_assert(ferror(file));
    fclose(file);
}

START_TEST(files_that_cannot_be_written_stop_nothing)
{
    signal(SIGPIPE, SIG_IGN);
    show_where_nothing_is_written(fopen("/dev/full", "w"), false);
    show_where_nothing_is_written(fopen("/dev/null", "r"), false);
    FILE *closed = fopen("/dev/null", "w"), *failed = fopen("/dev/full", "w");
    close(fileno(closed));
    show_where_nothing_is_written(closed, false);
    fputs("a user's own", failed);
    ck_assert_int_ne(fflush(failed), 0);
    show_where_nothing_is_written(failed, true);
    open_pipe();
    close(at.end);
    show_where_nothing_is_written(at.file, false);
}
END_TEST

/* A terminal that is gone: the window was closed. */
START_TEST(a_terminal_may_go_away)
{
    open_terminal(80);
    nn_progress p = example();
    show(&p);
    close(at.end);
    p.seconds = 100;
    show(&p);
    ck_assert(ferror(at.file));
    fclose(at.file);
}
END_TEST

/* A stream in memory is no terminal. NULL is stderr. */
START_TEST(other_streams)
{
    char text[200] = "";
    nn_progress p = example();
    FILE *file = fmemopen(text, sizeof text, "w");
    p.is_last = true;
    ck_assert(nn_show_progress(&p, file));
    fclose(file);
    ck_assert_str_eq(text, "step 1,200 of 4,000  loss 0.1234  validation 0.1402 0.9581  1,650 steps/s  in 0.73 s\n");
    open_pipe();
    ck_assert_int_ge(dup2(fileno(at.file), STDERR_FILENO), 0);
    p = example();
    p.is_last = true;
    ck_assert(nn_show_progress(&p, NULL));
    ck_assert_str_eq(take(), text);
    ck_assert(nn_show_progress(NULL, NULL));
    p.shown = NULL;
    ck_assert(nn_show_progress(&p, NULL));
    ck_assert_str_eq(take(), "");
    close_screen();
}
END_TEST

/* ---- Fits -------------------------------------------------------------------------------------------------------- */

/* A callback of a user's own: shows the line, and stops the fit at step 10. */
static bool show_and_stop(const nn_progress *p, void *file)
{
    nn_progress copy = *p;
    copy.is_last |= p->step == 10;
    return nn_show_progress(&copy, file) && !copy.is_last;
}

static const nn_fit_options forty_steps = {
    .batch_size = 8, .steps = 40, .validation_share = 0.2, .validate_every = 2, .callback = nn_show_progress};

/* Fits the small net to the clouds. Returns what was written. */
static const char *fit_clouds(nn_fit_options options, ad_status status)
{
    open_clouds();
    nn_classifier *c = open_small();
    options.context = at.file;
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &options), status);
    nn_classifier_close(c);
    close_clouds();
    return take();
}

START_TEST(fits_show_their_line)
{
    open_pipe();
    const char *lines = fit_clouds(forty_steps, AD_OK);
    ck_assert_int_eq(lines_of(lines), 10);
    ck_assert(!strncmp(lines, "step 4 of 40  loss ", 19));
    ck_assert_ptr_nonnull(strstr(lines, "\nstep 40 of 40  loss "));
    ck_assert_ptr_nonnull(strstr(lines, "  validation 0."));
    ck_assert_ptr_nonnull(strstr(lines, " steps/s  in 0."));
    close_screen();
}
END_TEST

/* The line ends where the fit does: at the last step, by patience, or by a callback that says so. */
START_TEST(fits_end_their_line)
{
    nn_fit_options patient = forty_steps, stopped = forty_steps;
    patient.patience = 1;
    patient.least_improvement = 1e9;
    stopped.callback = show_and_stop;
    open_terminal(120);
    fit_clouds(forty_steps, AD_OK);
    ck_assert(!strncmp(at.rows[0], "step 40 of 40  loss ", 20));
    fit_clouds(patient, AD_OK);
    ck_assert(!strncmp(at.rows[1], "step 4 of 40  loss ", 19));
    ck_assert_ptr_nonnull(strstr(at.rows[1], " steps/s  in "));
    fit_clouds(stopped, AD_STOPPED);
    ck_assert(!strncmp(at.rows[2], "step 10 of 40  loss ", 20));
    ck_assert_int_eq(at.row, 3);
    ck_assert_int_eq(at.column, 0);
    close_screen();
}
END_TEST

static bool show_and_stop_without_a_word(const nn_progress *p, void *file)
{
    return nn_show_progress(p, file) && p->step < 10;
}

/* A fit that fails, or that a callback stops without a word, ends the line too: what is written next stands alone. */
START_TEST(fits_that_fail_end_their_line)
{
    nn_fit_options options = {.batch_size = 8, .steps = 40, .callback = show_and_stop_without_a_word};
    open_terminal(120);
    fit_clouds(options, AD_STOPPED);
    ck_assert(!strncmp(at.rows[0], "step 1 of 40  loss ", 19));
    ck_assert_int_eq(at.row, 1);
    open_clouds();
    nn_classifier_options steep = small_net;
    steep.optimiser = (nn_optimiser_options){.rule = &nn_gradient_descent, .rate = 1e30};
    nn_classifier *c = open_with(steep);
    options.callback = nn_show_progress;
    options.context = at.file;
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &options), AD_NOT_FINITE);
    nn_classifier_close(c);
    close_clouds();
    take();
    ck_assert(!strncmp(at.rows[1], "step 1 of 40  loss ", 19));
    ck_assert_int_eq(at.row, 2);
    ck_assert_int_eq(at.column, 0);
    close_screen();
}
END_TEST

/* In a cross-validation the line begins with the fold. On a narrow terminal it goes, after the speed and before the
 * validation. */
START_TEST(the_fold_is_shown)
{
    char text[200] = "";
    nn_progress p = example();
    p.fold = 2;
    p.folds = 5;
    p.is_last = true;
    FILE *file = fmemopen(text, sizeof text, "w");
    ck_assert(nn_show_progress(&p, file));
    fclose(file);
    ck_assert_str_eq(text, "fold 2 of 5  step 1,200 of 4,000  loss 0.1234  validation 0.1402 0.9581  1,650 steps/s  "
                           "in 0.73 s\n");
    static const struct {
        int columns;
        const char *line;
    } cases[] = {
        {84, "fold 2 of 5  step 1,200 of 4,000  loss 0.1234  validation 0.1402 0.9581  2 s left"},
        {75, "step 1,200 of 4,000  loss 0.1234  validation 0.1402 0.9581  2 s left"},
        {60, "fold 2 of 5  step 1,200 of 4,000  loss 0.1234  2 s left"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        p = example();
        p.fold = 2;
        p.folds = 5;
        open_terminal(cases[i].columns);
        show(&p);
        ck_assert_str_eq(shown_line(), cases[i].line);
        close_screen();
    }
}
END_TEST

/* Each fold of a cross-validation ends its line. */
START_TEST(folds_show_their_lines)
{
    open_clouds();
    open_pipe();
    nn_cross_validation_options how = {.folds = 3, .fit = {.steps = 1, .callback = nn_show_progress}};
    how.fit.context = at.file;
    nn_cross_validation *v = nn_classifier_cross_validate(&small_net, &train.data, &how);
    ck_assert_int_eq(nn_cross_validation_status(v), AD_OK);
    nn_cross_validation_close(v);
    const char *lines = take();
    ck_assert_int_eq(lines_of(lines), 3);
    ck_assert(!strncmp(lines, "fold 1 of 3  step 1 of 1  loss ", 31));
    ck_assert_ptr_nonnull(strstr(lines, "\nfold 2 of 3  step 1 of 1  loss "));
    ck_assert_ptr_nonnull(strstr(lines, "\nfold 3 of 3  step 1 of 1  loss "));
    close_screen();
    close_clouds();
}
END_TEST

/* Where patience ended the fit, the last line tells the best step, and no other line does. */
START_TEST(the_best_step_is_shown)
{
    nn_fit_options patient = forty_steps;
    patient.patience = 3;
    patient.least_improvement = 1e9;
    open_pipe();
    const char *lines = fit_clouds(patient, AD_OK);
    const char *best = strstr(lines, ", best at step ");
    ck_assert_ptr_nonnull(best);
    ck_assert_str_eq(best, ", best at step 2\n");
    ck_assert_ptr_nonnull(strstr(lines, "step 8 of 40  loss "));
    patient.patience = 100;
    ck_assert_ptr_null(strstr(fit_clouds(patient, AD_OK), "best"));
    close_screen();
}
END_TEST

/* A regressor's validation is one number. */
START_TEST(a_regressor_shows_its_line)
{
    static float targets[MAX_ROWS];
    nn_fit_options options = forty_steps;
    open_clouds();
    open_pipe();
    for (int64_t i = 0; i < train.data.rows; i++)
        targets[i] = train.x[i * COLUMNS];
    train.data.targets = targets;
    options.context = at.file;
    nn_regressor *r = nn_regressor_open(NULL);
    ck_assert_int_eq(nn_regressor_fit(r, &train.data, &options), AD_OK);
    const char *validation = strstr(take(), "  validation ");
    ck_assert_ptr_nonnull(validation);
    ck_assert_uint_eq(strcspn(validation + 13, " "), 6);
    ck_assert(!strncmp(validation + 19, "  ", 2));
    nn_regressor_close(r);
    close_screen();
    close_clouds();
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, terminals_of_all_widths);
    tcase_add_test(tests, columns_of_the_environment);
    tcase_add_test(tests, no_number_is_cut);
    tcase_add_test(tests, times);
    tcase_add_test(tests, the_last_line_has_the_time_that_passed);
    tcase_add_test(tests, speed_is_of_this_fit);
    tcase_add_test(tests, losses);
    tcase_add_test(tests, the_loss_is_averaged);
    tcase_add_test(tests, validation_is_shown_where_there_is_one);
    tcase_add_test(tests, the_best_validation_is_green);
    tcase_add_test(tests, a_terminal_is_written_five_times_a_second);
    tcase_add_test(tests, lines_are_written_over);
    tcase_add_test(tests, plain_lines);
    tcase_add_test(tests, the_last_call_ends_the_line);
    tcase_add_test(tests, two_files_have_a_line_each);
    tcase_add_test(tests, every_locale_has_a_point);
    tcase_add_test(tests, files_that_cannot_be_written_stop_nothing);
    tcase_add_test(tests, a_terminal_may_go_away);
    tcase_add_test(tests, other_streams);
    tcase_add_test(tests, fits_show_their_line);
    tcase_add_test(tests, fits_end_their_line);
    tcase_add_test(tests, fits_that_fail_end_their_line);
    tcase_add_test(tests, the_fold_is_shown);
    tcase_add_test(tests, folds_show_their_lines);
    tcase_add_test(tests, the_best_step_is_shown);
    tcase_add_test(tests, a_regressor_shows_its_line);
}

int main(void) { return run_tests("progress", add_tests); }
