/* The page of the manual and the completion of bash, from the tables of verbs and options. */
#include <string.h>

#include <gradtape/version.h>

#include "../nn/options/fields.h"
#include "help.h"
#include "messages.h"

enum { COLUMNS = 66, MOST_TEXT = 1200 };

/* ---- Manual ------------------------------------------------------------------------------------------------------ */

/* A text of one line as troff takes it: a dash is a dash, not a hyphen; nothing is a request. */
static void put_troff(FILE *to, const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", to);
    for (; *text; text++)
        if (*text == '-')
            fputs("\\-", to);
        else if (*text == '\\')
            fputs("\\e", to);
        else if (*text == '"')
            fputs("\\(dq", to);
        else
            fputc(*text, to);
}

static void put_line(FILE *to, const char *text)
{
    put_troff(to, text);
    fputc('\n', to);
}

/* A command line, which goes on behind a backslash where it is long. */
static void put_command(FILE *to, const char *text)
{
    fputs(".PP\n.nf\n.RS 4\n", to);
    for (size_t at = 0; *text;) {
        char piece[MOST_TEXT];
        const size_t n = cli_piece_of_command(text);
        const bool is_long = at && at + n > COLUMNS;
        snprintf(piece, sizeof piece, "%s%.*s", is_long ? "    " : at ? " " : "", (int)n, text);
        fputs(is_long ? " \\e\n" : "", to);
        put_troff(to, piece);
        at = (is_long ? 0 : at) + strlen(piece);
        text += n + (text[n] == ' ');
    }
    fputs("\n.RE\n.fi\n", to);
}

static void put_verb(FILE *to, const cli_verb_row *verb)
{
    fputs(".SS ", to);
    put_line(to, verb->name);
    put_troff(to, verb->meaning);
    fputs(".\n.PP\n", to);
    put_line(to, verb->about);
    for (size_t i = 0; i < sizeof verb->examples / sizeof *verb->examples && verb->examples[i]; i++)
        put_command(to, verb->examples[i]);
}

/* The verbs that take an option. */
static void put_verbs_of(FILE *to, const cli_option *o)
{
    const char *between = "";
    if (o->verbs == (1u << CLI_VERBS) - 1)
        return;
    fputs(" Of ", to);
    for (int v = 0; v < CLI_VERBS; v++)
        if (o->verbs & 1u << v) {
            fputs(between, to);
            put_troff(to, cli_verbs[v].name);
            between = ", ";
        }
    fputs(".", to);
}

static void put_option(FILE *to, const cli_option *o)
{
    char meaning[MOST_TEXT];
    fputs(".TP\n.B \\-\\-", to);
    put_troff(to, o->name);
    if (o->argument) {
        fputs(" \\fI", to);
        put_troff(to, o->argument);
        fputs("\\fR", to);
    }
    fputc('\n', to);
    put_troff(to, cli_meaning_text(o, meaning, sizeof meaning));
    fputs(".", to);
    put_verbs_of(to, o);
    fputc('\n', to);
}

static void put_options(FILE *to)
{
    const char *group = "";
    for (int i = 0; i < cli_option_count; i++) {
        if (strcmp(group, cli_options[i].group) != 0) {
            fputs(".SS ", to);
            put_line(to, cli_options[i].group);
        }
        group = cli_options[i].group;
        put_option(to, &cli_options[i]);
    }
}

/* The keys of NAME in NAME:KEY=VALUE, with their defaults. */
static void put_keys(FILE *to, const char *name, nn_fields keys)
{
    char text[MOST_TEXT];
    nn_fields_print(keys, &cli_no_options, text, sizeof text);
    fputs(".TP\n.B ", to);
    put_line(to, name);
    put_line(to, *text ? text : "none");
    for (size_t i = 0; i < keys.n; i++) {
        const nn_field *key = &keys.at[i];
        nn_fields_print((nn_fields){key, 1}, &cli_no_options, text, sizeof text);
        if (*text)
            continue;
        put_troff(to, key->name);
        fputs(" (no default)\n", to);
    }
}

static void put_rows(FILE *to)
{
    fputs(".SH KEYS\n.SS Optimizers\n", to);
    for (size_t i = 0; i < nn_optimiser_count(); i++)
        put_keys(to, nn_optimiser_at(i)->name, nn_optimiser_at(i)->fields);
    fputs(".SS Schedules\n", to);
    for (size_t i = 0; i < nn_schedule_count(); i++)
        put_keys(to, nn_schedule_at(i)->name, nn_schedule_at(i)->fields);
    fputs(".SS Heads\n", to);
    for (size_t i = 0; i < nn_head_count(); i++)
        put_keys(to, nn_head_at(i)->name, nn_head_at(i)->fields);
}

static void put_statuses(FILE *to)
{
    static const struct {
        int status; /* CLI_INTERRUPTED stands for each signal */
        const char *meaning;
    } rows[] = {{CLI_OK, "All went well."},
                {CLI_FAILED, "A file cannot be read or written, or data or a model are not as they must be."},
                {CLI_WRONG_USE, "The command line is wrong. Nothing was done."},
                {CLI_INTERRUPTED,
                 "A signal stopped the command: 130 for SIGINT (Ctrl-C), 143 for SIGTERM. train has saved the model."}};
    fputs(".SH EXIT STATUS\n", to);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].status == CLI_INTERRUPTED)
            fputs(".TP\n.B 128 + signal\n", to);
        else
            fprintf(to, ".TP\n.B %d\n", rows[i].status);
        put_line(to, rows[i].meaning);
    }
}

void cli_print_manual(FILE *to)
{
    fprintf(to, ".TH GRADTAPE 1 \"\" \"gradtape %s\" \"User Commands\"\n.nh\n.ad l\n", ad_version());
    fputs(".SH NAME\ngradtape \\- train networks on tables and images, and use them\n"
          ".SH SYNOPSIS\n.B gradtape\n.I verb\n.RI [ option \"] ...\"\n.br\n"
          ".B gradtape\n.I verb\n.B \\-\\-help\n.br\n.B gradtape \\-\\-version\n"
          ".SH DESCRIPTION\n"
          "Results are written to standard output, everything else to standard error. An option is written\n"
          ".BI \\-\\- \"name value\"\nor\n.BI \\-\\- name = value\\fR.\nNames are whole: there are no abbreviations.\n"
          "Lists have commas between their elements; an element with a comma in it stands in double quotes.\n"
          ".SH VERBS\n",
          to);
    for (int v = 0; v < CLI_VERBS; v++)
        put_verb(to, &cli_verbs[v]);
    fputs(".SH OPTIONS\n", to);
    put_options(to);
    put_rows(to);
    put_statuses(to);
}

/* ---- Completion -------------------------------------------------------------------------------------------------- */

/* What follows options of a verb: a case for each that has an argument. */
static void put_arguments(FILE *to, cli_verb verb)
{
    char choices[MOST_TEXT];
    for (int i = 0; i < cli_option_count; i++) {
        const cli_option *o = &cli_options[i];
        if (!(o->verbs & 1u << verb) || !o->argument)
            continue;
        fprintf(to, "        '%s --%s') ", cli_verbs[verb].name, o->name);
        if (o->flags & (CLI_READS | CLI_WRITES))
            fputs("_gradtape_files \"$word\" ;;\n", to);
        else
            fprintf(to, "_gradtape_words '%s' \"$word\" ;;\n", cli_choices_text(o, " ", choices, sizeof choices));
    }
}

static void put_names(FILE *to, cli_verb verb)
{
    fprintf(to, "        '%s '*) _gradtape_words '", cli_verbs[verb].name);
    for (int i = 0, n = 0; i < cli_option_count; i++)
        if (cli_options[i].verbs & 1u << verb)
            fprintf(to, "%s--%s", n++ ? " " : "", cli_options[i].name);
    fputs("' \"$word\" ;;\n", to);
}

void cli_print_completion(FILE *to)
{
    fputs(
        "# Completes the words of the command gradtape in bash. A program writes this file from the command's tables.\n"
        "_gradtape_words()\n{\n    mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\")\n}\n\n"
        "_gradtape_files()\n{\n    mapfile -t COMPREPLY < <(compgen -f -- \"$1\")\n"
        "    compopt -o filenames 2>/dev/null\n}\n\n"
        "_gradtape()\n{\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
        "    COMPREPLY=()\n"
        "    # bash makes --task=classes three words.\n"
        "    if [[ $word == '=' ]]; then\n        word=\n"
        "    elif [[ $before == '=' ]]; then\n        before=${COMP_WORDS[COMP_CWORD - 2]}\n    fi\n"
        "    if ((COMP_CWORD == 1)); then\n        _gradtape_words '",
        to);
    for (int v = 0; v < CLI_VERBS; v++)
        fprintf(to, "%s ", cli_verbs[v].name);
    fputs("--help --version' \"$word\"\n        return\n    fi\n    case \"${COMP_WORDS[1]} $before\" in\n", to);
    for (int v = 0; v < CLI_VERBS; v++) {
        put_arguments(to, (cli_verb)v);
        put_names(to, (cli_verb)v);
    }
    fputs("    esac\n}\n\ncomplete -F _gradtape gradtape\n", to);
}
