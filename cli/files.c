/* Files that several options name. */
#include <string.h>
#include <sys/stat.h>

#include "arguments.h"

bool cli_is_dash(const char *path) { return !strcmp(path, "-"); }

static bool is_same_file(const char *one, const char *other)
{
    struct stat a, b;
    if (cli_is_dash(one) || cli_is_dash(other))
        return false;
    return !strcmp(one, other) ||
           (stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* Checks the files of options i and k. */
static int check_pair(cli_arguments *a, int i, int k)
{
    const char *one = a->values[i].text, *other = a->values[k].text;
    const bool are_read = cli_options[i].flags & cli_options[k].flags & CLI_READS;
    if (are_read)
        return cli_is_dash(one) && cli_is_dash(other)
                   ? cli_say(CLI_DASH_TWICE, cli_text(a, "--%s -", cli_options[i].name),
                             cli_text(a, "--%s -", cli_options[k].name))
                   : CLI_OK;
    if (!is_same_file(one, other))
        return CLI_OK;
    const int written = cli_options[i].flags & CLI_WRITES ? i : k;
    const char *name = cli_text(a, "--%s", cli_options[written].name);
    return cli_say(CLI_SAME_FILE, name, a->values[written].text,
                   cli_text(a, "--%s", cli_options[written == i ? k : i].name), name);
}

static bool has_file(const cli_arguments *a, int i)
{
    return cli_options[i].flags & (CLI_READS | CLI_WRITES) && a->values[i].text;
}

int cli_check_files(cli_arguments *a)
{
    int status = CLI_OK;
    for (int i = 0; i < cli_option_count && status == CLI_OK; i++) {
        if (cli_options[i].flags & CLI_WRITES && a->values[i].text && cli_is_dash(a->values[i].text))
            return cli_say(CLI_FILE_IS_DASH, cli_options[i].name);
        for (int k = i + 1; k < cli_option_count && has_file(a, i) && status == CLI_OK; k++)
            status = has_file(a, k) ? check_pair(a, i, k) : CLI_OK;
    }
    return status;
}
