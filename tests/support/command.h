#ifndef TESTS_COMMAND_H
#define TESTS_COMMAND_H
/* Runs the command as a process, in the folder of run_in_folder (data_files.h), which is empty when a test begins.
 * GRADTAPE_COMMAND names the program. */
#include <stdbool.h>
#include <stddef.h>

#include "data_files.h"

/* How a run ended, and what it wrote. A test that gets more than there is room for fails. */
typedef struct command_result {
    int status; /* the exit status, or 128 + the signal that ended it */
    char out[1 << 16], err[1 << 16];
    size_t out_bytes, err_bytes; /* without the final 0 */
} command_result;

/* Runs it. Arguments are words as a shell takes them: '..', ".." and \ quote. The result lasts until the next run. */
const command_result *run_command(const char *arguments);

/* The same, with this text on its standard input, which else is empty. */
const command_result *run_command_with(const char *arguments, const char *input);

/* A run with more to it. */
typedef struct command_run {
    const char *arguments;
    const char *input;       /* NULL: empty */
    size_t input_bytes;      /* 0: as a text */
    const char *input_file;  /* instead: a path; of a pipe that nobody writes to, which keeps the command waiting */
    const char *environment; /* for this run: "NAME=VALUE NAME=VALUE", words as those of the arguments */
    const char *output;      /* a file that its standard output goes to: "/dev/full"; NULL: result.out */
    bool is_reader_gone;     /* nobody reads its standard output: it is a pipe that is closed */
} command_run;
const command_result *run_command_as(command_run run);

/* Starts it, and goes on. One at a time. */
void start_command(command_run run);

/* Waits until the running command has written a text on stderr, or a file has appeared in its folder. The test fails if
 * the command ends before. */
void wait_for_text(const char *text);
void wait_for_file(const char *name);

/* Sends a signal, and goes on. */
void signal_command(int signal_number);

/* Sends a signal, 0 for none, and waits until it has ended. */
const command_result *end_command(int signal_number);

/* Writes a file in the folder. A folder before the name is made: "idx/labels". */
void write_file(const char *name, const char *text);

/* The content of a file there as a text; it lasts until the next call. The test fails if there is none. */
const char *read_text_file(const char *name);

bool file_exists(const char *name);

/* How many files and folders are there. */
int count_files(void);

/* ---- What a run must have done ----------------------------------------------------------------------------------- */

/* The last run has ended with this status; a failed test shows what it wrote. */
void expect_status(int line, int status);

/* It has this in what it wrote on stdout, or stderr. `expect_err_is`: stderr is that, and no more. */
void expect_out(int line, const char *part);
void expect_err(int line, const char *part);
void expect_out_is(int line, const char *text);
void expect_err_is(int line, const char *text);

#ifndef TESTS_NO_COMMAND_LINES
#define expect_status(status) expect_status(__LINE__, status)
#define expect_out(part) expect_out(__LINE__, part)
#define expect_err(part) expect_err(__LINE__, part)
#define expect_out_is(text) expect_out_is(__LINE__, text)
#define expect_err_is(text) expect_err_is(__LINE__, text)
#endif

#endif
