/* Activations as text: bars against closed forms, formulas, names, errors. */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/show.h>

#include "../support/check.h"
#include "../support/shown.h"

enum { POINTS = 33 };

static const char *plotted(const char *name, const ad_print_options *options)
{
    const ad_shown shown = ad_plot_activation(name, shown_open(), options);
    ck_assert_msg(shown.status == AD_OK && !*shown.message, "%s", shown.message);
    return shown_close();
}

static double logistic(double z) { return 1 / (1 + exp(-z)); }
static double logistic_slope(double z) { return logistic(z) * logistic(-z); }
static double tanh_slope(double z) { return 1 / (cosh(z) * cosh(z)); }
static double silu(double z) { return z * logistic(z); }
static double silu_slope(double z) { return logistic(z) + z * logistic_slope(z); }
static double step(double z) { return z >= 0; }
static double zero(double z) { return 0 * z; }
static double log_logistic(double z) { return -log1p(exp(-z)); }
static double log_logistic_slope(double z) { return logistic(-z); }

/* The place after a bar, whose characters are `levels` from the lowest on; the bar is that of f between low and high.
 */
static const char *expect_bar(const char *at, const char *const *levels, double (*f)(double), int low, int high)
{
    char scale[20];
    ck_assert_msg(*at == '|', "no bar begins at: %s", at);
    at++;
    for (int i = 0; i < POINTS; i++) {
        const double z = -4 + 0.25 * i;
        const char *level = levels[(int)floor(8 * (f(z) - low) / (high - low) + 0.5)];
        ck_assert_msg(strncmp(at, level, strlen(level)) == 0, "at %g the bar is %.6s, not %s", z, at, level);
        at += strlen(level);
    }
    snprintf(scale, sizeof scale, "| %d..%d", low, high);
    ck_assert_msg(strncmp(at, scale, strlen(scale)) == 0, "the scale is %s, not %s", at, scale);
    return at + strlen(scale);
}

static const struct {
    const char *name;
    double (*value)(double), (*slope)(double);
    int low, high, slope_low, slope_high;
} curves[] = {
    {"step", step, zero, 0, 1, 0, 1},
    {"logistic", logistic, logistic_slope, 0, 1, 0, 1},
    {"tanh", tanh, tanh_slope, -1, 1, 0, 1},
    {"silu", silu, silu_slope, -1, 4, -1, 2},
    {"log_logistic", log_logistic, log_logistic_slope, -5, 0, 0, 1},
};

static const char *const ascii[] = {" ", ".", ":", "-", "=", "+", "*", "#", "@"};
static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

static void expect_bars(const char *text, const char *const *levels, int i)
{
    char begin[40];
    snprintf(begin, sizeof begin, "\n%s ", curves[i].name);
    const char *line = strstr(text, begin);
    ck_assert_msg(line, "there is no line of %s", curves[i].name);
    const char *at = expect_bar(strchr(line, '|'), levels, curves[i].value, curves[i].low, curves[i].high);
    at = expect_bar(strchr(at, '|'), levels, curves[i].slope, curves[i].slope_low, curves[i].slope_high);
    ck_assert_int_eq(*at, '\n');
}

START_TEST(bars)
{
    expect_bars(plotted(curves[_i].name, NULL), ascii, _i);
    expect_bars(plotted(NULL, NULL), ascii, _i);
    if (setlocale(LC_ALL, "C.UTF-8")) {
        expect_bars(plotted(NULL, NULL), blocks, _i);
        expect_bars(plotted(NULL, &(ad_print_options){.ascii = true}), ascii, _i);
        setlocale(LC_ALL, "C");
    }
}
END_TEST

START_TEST(all)
{
    static const char *const names[] = {"step", "logistic", "tanh",       "relu",     "softplus",     "elu",     "gelu",
                                        "silu", "selu",     "leaky_relu", "hardtanh", "log_logistic", "identity"};
    const char *at = plotted(NULL, NULL);
    ck_assert_int_eq(lines_in(at), 1 + COUNT(names));
    ck_assert_int_le(columns_of(at), 100);
    for (int i = 0; i < COUNT(names); i++) {
        at = strchr(at, '\n') + 1;
        ck_assert_msg(strncmp(at, names[i], strlen(names[i])) == 0, "instead of %s: %.20s", names[i], at);
    }
}
END_TEST

START_TEST(formulas)
{
    static const struct {
        const char *name, *value, *derivative;
    } lines[] = {
        {"logistic", "\n  value       1 / (1 + e^-z); 0.5 at z = 0\n",
         "\n  derivative  y (1 - y); 0.25 at z = 0, at most 0.25 at z = 0\n"},
        {"step", "\n  value       1 where z >= 0, else 0; 1 at z = 0\n",
         "\n  derivative  0; 0 at z = 0, at most 0 everywhere\n"},
        {"relu", "\n  value       max(0, z); 0 at z = 0\n",
         "\n  derivative  1 where z > 0, else 0; 0 at z = 0, at most 1 where z > 0\n"},
        {"leaky_relu", "\n  value       z where z > 0, else 0.01 z; 0 at z = 0\n",
         "\n  derivative  1 where z > 0, else 0.01; 0.01 at z = 0, at most 1 where z > 0\n"},
        {"gelu", "0 at z = 0\n", "0.5 at z = 0, at most 1.1289 at z = 1.414\n"},
    };
    for (int i = 0; i < COUNT(lines); i++) {
        const char *text = plotted(lines[i].name, NULL);
        ck_assert_int_eq(lines_in(text), 4);
        ck_assert_msg(strstr(text, lines[i].value) && strstr(text, lines[i].derivative), "%s", text);
    }
    const char *text = plotted("softplus", &(ad_print_options){.exact = true});
    ck_assert_msg(strstr(text, "0.69314718055994529 at z = 0") || strstr(text, "0.69314718055994540 at z = 0"), "%s",
                  text);
}
END_TEST

START_TEST(errors)
{
    expect_shown(
        ad_plot_activation("swish\x1b", shown_open(), NULL), AD_BAD_VALUE,
        "plot_activation: no activation is called swish\\x1b: there are step, logistic, tanh, relu, softplus, ",
        "log_logistic, identity");
    ck_assert_str_eq(shown_close(), "");
    expect_shown(ad_plot_activation("", shown_open(), NULL), AD_BAD_VALUE, "is called");
    shown_close();
    expect_shown(ad_plot_activation("linear", shown_open(), NULL), AD_BAD_VALUE, "is called linear");
    shown_close();
    expect_shown(ad_plot_activation("tanh", NULL, NULL), AD_BAD_VALUE, "plot_activation: the FILE is NULL");
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        expect_shown(ad_plot_activation(NULL, full, NULL), AD_BAD_FILE, "cannot be written");
        fclose(full);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, bars, 0, COUNT(curves));
    tcase_add_test(tests, all);
    tcase_add_test(tests, formulas);
    tcase_add_test(tests, errors);
}

int main(void) { return run_tests("plot_activation", add_tests); }
