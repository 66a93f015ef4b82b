/* The command where it is run: in a terminal, a pipe, a locale with a decimal comma, as another user, and with streams
 * that are closed or full. */
#define _XOPEN_SOURCE 700 /* posix_openpt */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/check.h"
#include "../support/command.h"

static void write_table(void)
{
    static char text[1 << 14];
    strcpy(text, "a,b,y\n");
    for (int i = 0; i < 60; i++)
        sprintf(text + strlen(text), "%d.5,%d,%s\n", i % 13, i * i % 7, i % 13 > i * i % 7 ? "yes" : "no");
    write_file("t.csv", text);
}

#define TRAIN "train --data t.csv --label y --steps 400 --validation 0.25 --validate-every 10 "

/* ---- Shell ------------------------------------------------------------------------------------------------------- */

/* Runs a line of a shell in the folder, with "$g" for the command. Returns its status. What it writes is in "out" and
 * "err", unless the line says otherwise. */
static int shell(const char *line)
{
    static char whole[2000];
    const char *command = getenv("GRADTAPE_COMMAND");
    ck_assert_msg(command && *command, "GRADTAPE_COMMAND does not name the command; meson test sets it");
    ck_assert_int_eq(setenv("g", command, 1), 0);
    const int n = snprintf(whole, sizeof whole, "cd '%s' && { %s ; } >out 2>err", path_in_folder("."), line);
    ck_assert(n < (int)sizeof whole);
    const int status = system(whole);
    ck_assert(status != -1);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void expect_shell(const char *line, int status)
{
    const int is = shell(line);
    ck_assert_msg(is == status, "%s: the status is %d, not %d: %s", line, is, status, read_text_file("err"));
}

static void expect_said(const char *file, const char *text)
{
    ck_assert_msg(strstr(read_text_file(file), text), "no '%s' in: %s", text, read_text_file(file));
}

START_TEST(streams_that_are_closed)
{
    write_table();
    expect_shell("\"$g\" " TRAIN "--model m <&-", 0);
    expect_shell("\"$g\" " TRAIN "--model m >&-", 0); /* train writes nothing there */
    expect_shell("\"$g\" " TRAIN "--model m 2>&-", 0);
    expect_shell("\"$g\" " TRAIN "--model m <&- >&- 2>&-", 0);
    expect_shell("\"$g\" info --model m", 0); /* nothing but the model went to its file */
    expect_said("out", "checksum  right\n");
    expect_shell("\"$g\" predict --model m --data t.csv >&-", 1);
    expect_said("err", "gradtape: the results could not be written to standard output: ");
    expect_shell("\"$g\" evaluate --model m --data t.csv >&-", 1);
    expect_shell("\"$g\" info --data t.csv >&-", 1);
    expect_shell("\"$g\" --help >&-", 1);
    expect_shell("\"$g\" predict --model m --data - <&-", 1);
    expect_shell("\"$g\" predict --model m --data t.csv 2>&-", 0);
}
END_TEST

START_TEST(a_full_disk)
{
    write_table();
    struct stat found;
    if (stat("/dev/full", &found) != 0 || !S_ISCHR(found.st_mode)) {
        puts("terminal: there is no /dev/full here, so that a full disk is not tried");
        return;
    }
    expect_shell("\"$g\" " TRAIN "--model m >/dev/full", 0);
    expect_shell("\"$g\" " TRAIN "--model m 2>/dev/full", 0); /* notes are lost, and the model is there */
    expect_shell("\"$g\" predict --model m --data t.csv >/dev/full", 1);
    expect_said("err", "gradtape: the results could not be written to standard output: No space left on device\n");
    expect_shell("\"$g\" evaluate --model m --data t.csv --json >/dev/full", 1);
    expect_shell("\"$g\" --version >/dev/full", 1);
    expect_shell("\"$g\" train --help >/dev/full", 1);
}
END_TEST

START_TEST(pipes)
{
    write_table();
    expect_shell("\"$g\" " TRAIN "--model m 2>&1 | cat", 0);
    ck_assert_ptr_null(strpbrk(read_text_file("out"), "\r\033"));
    expect_said("out", "\nstep 400 of 400  loss ");
    expect_shell("\"$g\" predict --model m --data t.csv | head -n 1", 0);
    ck_assert_str_eq(read_text_file("out"), "label\n");
    ck_assert_str_eq(read_text_file("err"), "");
    expect_shell("cat t.csv | \"$g\" predict --model m --data - | wc -l", 0);
    ck_assert_int_eq(atoi(read_text_file("out")), 61);
}
END_TEST

/* ---- Home, locale, user ------------------------------------------------------------------------------------------ */

START_TEST(without_a_home)
{
    write_table();
    expect_shell("HOME=/nonexistent/home TMPDIR=/nonexistent \"$g\" " TRAIN "--model m", 0);
    expect_shell("env -i \"$g\" predict --model m --data t.csv", 0);
    ck_assert_int_eq(count_files(), 4); /* t.csv, m, out, err */
}
END_TEST

/* localedef makes a locale with a decimal comma in the folder. */
START_TEST(a_decimal_comma)
{
    static char plain[1 << 14];
    write_table();
    if (shell("localedef -i de_DE -f UTF-8 ./de_DE.UTF-8") != 0) {
        puts("terminal: localedef cannot make a German locale here, so that a decimal comma is not tried");
        return;
    }
    expect_shell("\"$g\" " TRAIN "--model c --rate 0.125", 0);
    expect_shell("\"$g\" predict --model c --data t.csv --output probabilities", 0);
    strcpy(plain, read_text_file("out"));
    expect_shell("LOCPATH=. LC_ALL=de_DE.UTF-8 locale decimal_point", 0);
    ck_assert_str_eq(read_text_file("out"), ",\n");
    expect_shell("LOCPATH=\"$PWD\" LC_ALL=de_DE.UTF-8 \"$g\" " TRAIN "--model m --rate 0.125", 0);
    expect_said("err", " --rate 0.125");
    expect_said("err", "  loss 0.");
    expect_shell("LOCPATH=\"$PWD\" LC_ALL=de_DE.UTF-8 \"$g\" predict --model m --data t.csv --output probabilities", 0);
    ck_assert_str_eq(read_text_file("out"), plain);
    expect_shell("cmp m c", 0);
    expect_shell("LOCPATH=\"$PWD\" LC_ALL=de_DE.UTF-8 \"$g\" evaluate --model m --data t.csv", 0);
    expect_said("out", "\nbrier = 0.");
}
END_TEST

/* Becomes nobody, in a folder that is nobody's, and runs a copy of the command. */
static int run_as_nobody(const char *model)
{
    enum { NOBODY = 65534 };
    const pid_t process = fork();
    int status;
    ck_assert(process >= 0);
    if (process == 0) {
        if (chdir(path_in_folder(".")) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0 &&
            freopen("err", "w", stderr))
            execl("./gradtape", "gradtape", "train", "--data", "t.csv", "--label", "y", "--steps", "5", "--model",
                  model, (char *)NULL);
        _exit(99);
    }
    ck_assert_int_eq(waitpid(process, &status, 0), process);
    return WEXITSTATUS(status);
}

START_TEST(another_user)
{
    write_table();
    if (geteuid() != 0) {
        puts("terminal: only root becomes another user, so that this is not tried");
        return;
    }
    expect_shell("cp \"$g\" gradtape && chmod 755 gradtape && chmod 777 . && mkdir closed && chmod 755 closed", 0);
    write_file("err", "");
    expect_shell("rm -f err; \"$g\" " TRAIN "--model theirs && rm -f err && chmod 600 theirs", 0);
    expect_shell("rm -f err", 0);
    remove(path_in_folder("err"));
    ck_assert_msg(run_as_nobody("m") == 0, "%s", read_text_file("err"));
    ck_assert(file_exists("m"));
    ck_assert_int_eq(run_as_nobody("closed/m"), 1);
    expect_said("err", "gradtape: closed/m: cannot be written: ");
    chmod(path_in_folder("t.csv"), 0600);
    ck_assert_int_eq(run_as_nobody("m"), 1);
    expect_said("err", "t.csv: Permission denied");
}
END_TEST

/* ---- Terminals --------------------------------------------------------------------------------------------------- */

/* Runs a line of a shell with stderr at a terminal of so many columns. Returns what came there. */
static const char *at_terminal(const char *environment, const char *arguments, unsigned short columns)
{
    static char text[1 << 16], line[1000];
    const int end = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert_msg(end >= 0 && grantpt(end) == 0 && unlockpt(end) == 0, "there is no terminal: %s", strerror(errno));
    const int device = open(ptsname(end), O_RDWR | O_NOCTTY);
    const struct winsize size = {.ws_row = 24, .ws_col = columns};
    ck_assert(device >= 0 && ioctl(device, TIOCSWINSZ, &size) == 0);
    snprintf(line, sizeof line, "%s \"$g\" %s 2>%s", environment, arguments, ptsname(end));
    expect_shell(line, 0);
    size_t n = 0;
    ck_assert_int_eq(fcntl(end, F_SETFL, O_NONBLOCK), 0);
    for (ssize_t k; n < sizeof text - 1 && (k = read(end, text + n, sizeof text - 1 - n)) > 0;)
        n += (size_t)k;
    text[n] = 0;
    close(device);
    close(end);
    return text;
}

/* The longest stretch that a line of progress takes on the screen, without colours. */
static int widest_progress(const char *text)
{
    int widest = 0, n = 0;
    for (const char *at = text; *at; at++) {
        const bool ends = *at == '\r' || *at == '\n';
        if (n == 0 && !ends && strncmp(at, "step ", 5) != 0 && *at != '\033') {
            at += strcspn(at, "\r\n");
            if (!*at)
                break;
            continue;
        }
        if (*at == '\033')
            at += strcspn(at, "Km");
        else
            n = ends ? 0 : n + 1;
        widest = n > widest ? n : widest;
    }
    return widest;
}

START_TEST(terminals)
{
    write_table();
    const char *text = at_terminal("NO_COLOR= TERM=xterm", TRAIN "--model m", 80);
    ck_assert_msg(strstr(text, "\rstep ") || strstr(text, "\nstep "), "%s", text);
    ck_assert_ptr_nonnull(strchr(text, '\033'));
    ck_assert_ptr_nonnull(strstr(text, "step 400 of 400  loss "));
    ck_assert_int_gt(widest_progress(text), 40);
    ck_assert_int_lt(widest_progress(text), 80);
    text = at_terminal("NO_COLOR= TERM=xterm", TRAIN "--model m", 40);
    ck_assert_int_lt(widest_progress(text), 40);
    text = at_terminal("NO_COLOR=1 TERM=xterm", TRAIN "--model m", 80);
    ck_assert_ptr_null(strstr(text, "\033[3"));
    text = at_terminal("TERM=dumb", TRAIN "--model m", 80);
    ck_assert_ptr_null(strchr(text, '\033'));
    ck_assert_ptr_nonnull(strstr(text, "\nstep 40 of 400  loss "));
    text = at_terminal("TERM=xterm", TRAIN "--model m --quiet", 80);
    ck_assert_str_eq(text, "");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, streams_that_are_closed);
    tcase_add_test(tests, a_full_disk);
    tcase_add_test(tests, pipes);
    tcase_add_test(tests, without_a_home);
    tcase_add_test(tests, a_decimal_comma);
    tcase_add_test(tests, another_user);
    tcase_add_test(tests, terminals);
}

int main(void) { return run_in_folder("terminal", add_tests); }
