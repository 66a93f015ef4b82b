/* Runs the command as a process. Its streams are files without a name, so that nothing waits for a reader, and its
 * folder has only what the command wrote. */
#define TESTS_NO_COMMAND_LINES
#include "command.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* A process of this suite's that still runs, and its streams. */
static struct {
    pid_t process;
    FILE *in, *out, *err;
    char arguments[400]; /* for messages */
} running;

static command_result result;

/* ---- Words ------------------------------------------------------------------------------------------------------- */

enum { MOST_WORDS = 120, MOST_LETTERS = 1 << 16 };

typedef struct words {
    char letters[MOST_LETTERS], *at[MOST_WORDS + 1];
    int n;
} words;

/* Copies one word, taken out of its quotes, and returns where the text goes on. */
static const char *copy_word(const char *text, char **to)
{
    char quote = 0;
    for (; *text && (quote || *text != ' '); text++) {
        if ((*text == '\'' || *text == '"') && (!quote || quote == *text))
            quote = quote ? 0 : *text;
        else
            *(*to)++ = *text == '\\' && quote != '\'' && text[1] ? *++text : *text;
    }
    ck_assert_msg(!quote, "a test leaves a quote open");
    *(*to)++ = 0;
    return text;
}

/* Splits a text into words as a shell does. The first words may be there. */
static void add_words(words *w, const char *text)
{
    char *to = w->n ? w->at[w->n - 1] + strlen(w->at[w->n - 1]) + 1 : w->letters;
    ck_assert_msg((size_t)(to - w->letters) + strlen(text) < sizeof w->letters, "the arguments of a test are too long");
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        ck_assert_msg(w->n < MOST_WORDS, "a test has too many arguments");
        w->at[w->n++] = to;
        text = copy_word(text, &to);
    }
    w->at[w->n] = NULL;
}

/* ---- Running ----------------------------------------------------------------------------------------------------- */

/* What the new process does: it becomes the command. Only calls that are safe after a fork of a process with threads.
 */
static void become(const char *program, char *const *arguments, char *const *environment, int output)
{
    const bool ready = chdir(path_in_folder(".")) == 0 && dup2(fileno(running.in), STDIN_FILENO) >= 0 &&
                       dup2(output, STDOUT_FILENO) >= 0 && dup2(fileno(running.err), STDERR_FILENO) >= 0;
    for (; ready && *environment; environment++)
        if (putenv(*environment) != 0)
            _exit(99);
    if (ready)
        execv(program, arguments);
    _exit(99);
}

/* Where standard output goes. */
static int open_output(const command_run *run)
{
    int ends[2] = {-1, -1};
    if (run->is_reader_gone) {
        ck_assert_int_eq(pipe(ends), 0);
        close(ends[0]);
        return ends[1];
    }
    if (!run->output)
        return dup(fileno(running.out));
    ends[1] = open(run->output, O_WRONLY | O_CREAT | O_APPEND, 0666);
    ck_assert_msg(ends[1] >= 0, "%s cannot be written", run->output);
    return ends[1];
}

static void open_streams(const command_run *run)
{
    const size_t n = run->input_bytes ? run->input_bytes : run->input ? strlen(run->input) : 0;
    running.in = run->input_file ? fopen(run->input_file, "r+") : tmpfile();
    running.out = tmpfile();
    running.err = tmpfile();
    ck_assert_msg(running.in && running.out && running.err, "there is no room for temporary files");
    ck_assert(n == 0 || fwrite(run->input, 1, n, running.in) == n);
    if (n)
        rewind(running.in);
}

void start_command(command_run run)
{
    static words w, environment;
    const char *program = getenv("GRADTAPE_COMMAND");
    ck_assert_msg(program && *program, "GRADTAPE_COMMAND does not name the command; meson test sets it");
    ck_assert_msg(!running.process, "a command still runs");
    snprintf(running.arguments, sizeof running.arguments, "%s", run.arguments);
    w.n = environment.n = 0;
    add_words(&w, "gradtape");
    add_words(&w, run.arguments);
    add_words(&environment, run.environment ? run.environment : "");
    open_streams(&run);
    const int output = open_output(&run);
    running.process = fork();
    ck_assert_msg(running.process >= 0, "no process could be started");
    if (running.process == 0) {
        static const int numbers[] = {SIGPIPE, SIGINT, SIGTERM}; /* a test in the background ignores them */
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
            signal(numbers[i], SIG_DFL);
        become(program, w.at, environment.at, output);
    }
    close(output);
}

/* Reads what a stream has so far; the process writes to it at the same place, which stays where it is. */
static size_t look_at(FILE *stream, char *text, size_t size)
{
    const ssize_t n = pread(fileno(stream), text, size - 1, 0);
    ck_assert(n >= 0);
    text[n] = 0;
    return (size_t)n;
}

static size_t take(FILE **stream, char *text, size_t size)
{
    const size_t n = look_at(*stream, text, size);
    fclose(*stream);
    ck_assert_msg(n < size - 1, "the command writes more than a test has room for");
    return n;
}

void signal_command(int signal_number)
{
    ck_assert_msg(running.process > 0, "no command runs");
    ck_assert_int_eq(kill(running.process, signal_number), 0);
}

const command_result *end_command(int signal_number)
{
    int status = 0;
    ck_assert_msg(running.process > 0, "no command runs");
    if (signal_number)
        kill(running.process, signal_number);
    ck_assert_int_eq(waitpid(running.process, &status, 0), running.process);
    running.process = 0;
    result.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    fclose(running.in);
    result.out_bytes = take(&running.out, result.out, sizeof result.out);
    result.err_bytes = take(&running.err, result.err, sizeof result.err);
    return &result;
}

const command_result *run_command_as(command_run run)
{
    start_command(run);
    return end_command(0);
}

const command_result *run_command(const char *arguments)
{
    return run_command_as((command_run){.arguments = arguments});
}

const command_result *run_command_with(const char *arguments, const char *input)
{
    return run_command_as((command_run){.arguments = arguments, .input = input});
}

/* ---- Waiting ----------------------------------------------------------------------------------------------------- */

static bool has_text(const char *text)
{
    look_at(running.err, result.err, sizeof result.err);
    return strstr(result.err, text) != NULL;
}

static void wait_for(bool (*is_there)(const char *), const char *what)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    while (!is_there(what)) {
        siginfo_t ended = {0};
        ck_assert_int_eq(waitid(P_PID, (id_t)running.process, &ended, WEXITED | WNOHANG | WNOWAIT), 0);
        if (ended.si_pid && !is_there(what)) {
            end_command(0);
            ck_abort_msg("%s ended with %d before '%s' was there: %s", running.arguments, result.status, what,
                         result.err);
        }
        nanosleep(&moment, NULL);
    }
}

void wait_for_text(const char *text) { wait_for(has_text, text); }

void wait_for_file(const char *name) { wait_for(file_exists, name); }

/* ---- Files ------------------------------------------------------------------------------------------------------- */

void write_file(const char *name, const char *text)
{
    static file_bytes bytes;
    char folder[200];
    const char *slash = strrchr(name, '/');
    if (slash) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - name), name);
        mkdir(path_in_folder(folder), 0777);
    }
    bytes.n = 0;
    put_text(&bytes, text);
    save_bytes(name, &bytes);
}

const char *read_text_file(const char *name)
{
    static char text[1 << 20];
    FILE *file = fopen(path_in_folder(name), "rb");
    ck_assert_msg(file != NULL, "there is no file %s", name);
    const size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    ck_assert_msg(n < sizeof text - 1, "%s is longer than a test has room for", name);
    text[n] = 0;
    return text;
}

bool file_exists(const char *name) { return access(path_in_folder(name), F_OK) == 0; }

int count_files(void)
{
    int n = 0;
    DIR *folder = opendir(path_in_folder("."));
    ck_assert(folder != NULL);
    for (const struct dirent *file; (file = readdir(folder)) != NULL;)
        n += strcmp(file->d_name, ".") != 0 && strcmp(file->d_name, "..") != 0;
    closedir(folder);
    return n;
}

/* ---- What a run must have done ----------------------------------------------------------------------------------- */

#define MUST(condition, what, wanted)                                                                                  \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg("line %d: gradtape %s: %s %s; status %d\n--- stdout\n%.3000s\n--- stderr\n%.3000s", line,     \
                         running.arguments, what, wanted, result.status, result.out, result.err);                      \
    } while (0)

void expect_status(int line, int status)
{
    char wanted[20];
    snprintf(wanted, sizeof wanted, "%d", status);
    MUST(result.status == status, "the status must be", wanted);
}

void expect_out(int line, const char *part) { MUST(strstr(result.out, part), "stdout must have:", part); }

void expect_err(int line, const char *part) { MUST(strstr(result.err, part), "stderr must have:", part); }

void expect_out_is(int line, const char *text) { MUST(!strcmp(result.out, text), "stdout must be:", text); }

void expect_err_is(int line, const char *text) { MUST(!strcmp(result.err, text), "stderr must be:", text); }
