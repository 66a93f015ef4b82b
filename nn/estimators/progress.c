/* A line that shows how a fit gets on. */
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../options/number.h"
#include "../options/writer.h"

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* A number of so many significant digits. Writing and reading are of one locale, so that its point does not matter. */
static void put_digits(nn_writer *w, double x, int digits)
{
    char text[NN_REAL_TEXT];
    snprintf(text, sizeof text, "%.*e", digits - 1, x);
    nn_put_real(w, strtod(text, NULL));
}

/* A loss or an accuracy: 0.1234, whose width does not change from line to line, or 1.234e-05. */
static void put_figure(nn_writer *w, double x)
{
    enum { UNITS = 10000 };
    const double size = fabs(x);
    if (size != 0 && !(size >= 1e-3 && size < 1e3)) {
        put_digits(w, x, 4);
        return;
    }
    const int units = (int)(size * UNITS + 0.5);
    nn_put_format(w, "%s%d.%04d", x < 0 ? "-" : "", units / UNITS, units % UNITS);
}

/* 1,650; 2.5; 0.034 */
static void put_short(nn_writer *w, double x)
{
    if (x >= 9.95 && x < 1e15)
        nn_put_count(w, (int64_t)(x + 0.5));
    else
        put_digits(w, x, 2);
}

/* 48 s, 3 min 20 s, 2 h 10 min, 4 d 3 h */
static void put_time(nn_writer *w, int64_t seconds)
{
    const int64_t minutes = seconds / 60, hours = minutes / 60;
    if (minutes == 0)
        nn_put_format(w, "%" PRId64 " s", seconds);
    else if (hours == 0)
        nn_put_format(w, "%" PRId64 " min %" PRId64 " s", minutes, seconds % 60);
    else if (hours < 24)
        nn_put_format(w, "%" PRId64 " h %" PRId64 " min", hours, minutes % 60);
    else {
        nn_put_count(w, hours / 24);
        nn_put_format(w, " d %" PRId64 " h", hours % 24);
    }
}

/* ---- Parts of the line ------------------------------------------------------------------------------------------- */

/* In the order in which they stand. A part that does not hold, or has no room, is empty. */
enum { FOLD, STEP, OF_STEPS, LOSS, VALIDATION, SPEED, TIME, PARTS };
enum { PART = 80 };
typedef char part[PART];

static void put_speed_and_time(nn_writer *speed, nn_writer *time, const nn_progress *p)
{
    const double most = 1e12; /* seconds, from where on nobody waits */
    const double rate = (double)(p->step - p->first_step) / p->seconds;
    const double left = (double)(p->last_step - p->step) / rate;
    if (isfinite(rate) && rate > 0) {
        put_short(speed, rate);
        nn_put(speed, " steps/s");
    }
    if (p->is_last && p->seconds < most) {
        nn_put(time, "in ");
        if (p->seconds < 9.95) {
            put_short(time, p->seconds);
            nn_put(time, " s");
        } else
            put_time(time, (int64_t)(p->seconds + 0.5));
        if (nn_history_end(p->history) == NN_END_PATIENCE) {
            nn_put(time, ", best at step ");
            nn_put_count(time, nn_history_best(p->history).step);
        }
    } else if (left > 0 && left < most) {
        put_time(time, left < 1 ? 1 : (int64_t)(left + 0.5));
        nn_put(time, " left");
    }
}

static void write_parts(part parts[PARTS], const nn_progress *p, double loss)
{
    nn_writer w[PARTS];
    for (int i = 0; i < PARTS; i++)
        w[i] = nn_writer_into(parts[i], PART);
    if (p->folds > 0)
        nn_put_format(&w[FOLD], "fold %" PRId64 " of %" PRId64 "  ", p->fold, p->folds);
    nn_put(&w[STEP], "step ");
    nn_put_count(&w[STEP], p->step);
    nn_put(&w[OF_STEPS], " of ");
    nn_put_count(&w[OF_STEPS], p->last_step);
    nn_put(&w[LOSS], "loss ");
    put_figure(&w[LOSS], loss);
    if (p->validation.step > 0) {
        nn_put(&w[VALIDATION], "validation ");
        put_figure(&w[VALIDATION], p->validation.loss);
    }
    if (p->validation.step > 0 && !isnan(p->validation.accuracy)) {
        nn_put(&w[VALIDATION], " ");
        put_figure(&w[VALIDATION], p->validation.accuracy);
    }
    put_speed_and_time(&w[SPEED], &w[TIME], p);
}

/* What stands before a part that is not empty. */
static const char *before(int i) { return i <= OF_STEPS ? "" : "  "; }

/* Leaves out what has no room: the most important parts are placed first. */
static void drop_parts(part parts[PARTS], size_t columns)
{
    static const int by_importance[PARTS] = {STEP, LOSS, TIME, OF_STEPS, VALIDATION, FOLD, SPEED};
    static const char word[] = "step ";
    if (strlen(parts[STEP]) > columns)
        memmove(parts[STEP], parts[STEP] + strlen(word), strlen(parts[STEP]) + 1 - strlen(word));
    for (size_t i = 0, width = 0; i < PARTS; i++) {
        const int of = by_importance[i];
        const size_t n = strlen(parts[of]) + strlen(before(of));
        if (n <= columns - width)
            width += n;
        else
            parts[of][0] = 0;
    }
}

/* ---- The line ---------------------------------------------------------------------------------------------------- */

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

static bool is_terminal(FILE *to)
{
    return isatty(fileno(to)) && is_set("TERM") && strcmp(getenv("TERM"), "dumb") != 0;
}

static int64_t columns_of(FILE *to)
{
    struct winsize size;
    int64_t columns;
    const char *wanted = getenv("COLUMNS");
    if (ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return wanted && nn_read_integer(wanted, &columns) && columns > 0 ? columns : 80;
}

static void write_text(FILE *to, const nn_writer *w)
{
    fwrite(w->text, 1, w->n, to);
    fflush(to);
}

static void write_line(FILE *to, const nn_progress *p)
{
    nn_shown *shown = p->shown;
    const bool on_terminal = shown->kind == 1;
    part parts[PARTS];
    char text[PARTS * PART + 32];
    nn_writer w = nn_writer_into(text, sizeof text);
    write_parts(parts, p, shown->loss);
    if (on_terminal)
        drop_parts(parts, (size_t)columns_of(to) - 1); /* in the last column some terminals begin a new line */
    nn_put(&w, on_terminal ? "\r" : "");
    for (int i = 0; i < PARTS; i++) {
        const bool is_green = on_terminal && i == VALIDATION && p->validation.is_best && !is_set("NO_COLOR");
        if (!parts[i][0])
            continue;
        nn_put(&w, before(i));
        nn_put(&w, is_green ? "\033[32m" : "");
        nn_put(&w, parts[i]);
        nn_put(&w, is_green ? "\033[0m" : "");
    }
    nn_put(&w, on_terminal ? "\033[K" : "");
    const bool is_open = on_terminal && !p->is_last;
    nn_put(&w, is_open ? "" : "\n");
    write_text(to, &w);
    shown->line = is_open ? to : NULL;
    shown->seconds = p->seconds;
}

/* Returns whether a line is due: on a terminal five times a second, elsewhere at each tenth of the way and after ten
 * seconds. */
static bool is_due(nn_shown *shown, const nn_progress *p)
{
    const double all = (double)(p->last_step - p->first_step), done = (double)(p->step - p->first_step);
    const int tenth = done > 0 && done < all ? (int)(10 * done / all) : 0, last = shown->tenth;
    shown->tenth = tenth;
    if (p->is_last)
        return true;
    const double since = p->seconds - shown->seconds;
    return shown->kind == 1 ? shown->calls == 1 || since >= 0.2 : tenth != last || since >= 10;
}

bool nn_show_progress(const nn_progress *p, void *file)
{
    const double least = 0.02; /* the share of a loss in the average, from the 50th on */
    FILE *to = file ? file : stderr;
    const int error = errno;
    if (!p || !p->shown)
        return true;
    nn_shown *shown = p->shown;
    const double share = 1 / (double)++shown->calls;
    if (!isfinite(shown->loss))
        shown->loss = p->loss;
    shown->loss += (share > least ? share : least) * (p->loss - shown->loss);
    if (!shown->kind)
        shown->kind = is_terminal(to) ? 1 : 2;
    if (is_due(shown, p))
        write_line(to, p);
    errno = error;
    return true;
}

void nn_end_progress(nn_shown *shown)
{
    const int error = errno;
    if (shown->line) {
        fwrite("\n", 1, 1, shown->line);
        fflush(shown->line);
    }
    shown->line = NULL;
    errno = error;
}
