/* What the command says on stderr. */
#include "messages.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int status;
    const char *text;
} messages[] = {
#define MESSAGE(name, status, text) {status, text},
    CLI_MESSAGES(MESSAGE)
#undef MESSAGE
};

/* The command is one program with one stderr. */
static bool notes_are_said = true;

void cli_set_notes(bool are_said) { notes_are_said = are_said; }

bool cli_notes_are_said(void) { return notes_are_said; }

const char *cli_message_text(cli_message which) { return messages[which].text; }

int cli_message_status(cli_message which) { return messages[which].status > 0 ? messages[which].status : CLI_OK; }

int cli_say_all(cli_message which, const char *const *arguments)
{
    const int status = messages[which].status;
    if (status == CLI_NOTE && !notes_are_said)
        return CLI_OK;
    fputs(status > 0 ? "gradtape: " : status == CLI_WARNING ? "gradtape: warning: " : "", stderr);
    const char *at = messages[which].text, *place;
    for (; (place = strstr(at, "{}")) != NULL; at = place + 2) {
        fwrite(at, 1, (size_t)(place - at), stderr);
        fputs(*arguments++, stderr);
    }
    fprintf(stderr, "%s\n", at);
    return cli_message_status(which);
}

/* Messages of the library begin with the call, which the user of the command did not make. Returns what follows it. */
static const char *without_call(const char *text)
{
    static const char *const calls[] = {"classifier: ", "regressor: ",  "fit: ",    "save: ",    "evaluate: ",
                                        "predict: ",    "record: ",     "split: ",  "metrics: ", "compare_columns: ",
                                        "check_data: ", "write_html: ", "logits: ", "load: ",    "cross_validate: "};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        const size_t n = strlen(calls[i]);
        if (!strncmp(text, calls[i], n))
            return without_call(text + n);
    }
    return text;
}

int cli_fail_text(int status, const char *text)
{
    fprintf(stderr, "gradtape: %s\n", without_call(text));
    return status;
}

int cli_fail_status(ad_status status, const char *message)
{
    return cli_fail_text(status == AD_BAD_VALUE ? CLI_WRONG_USE : CLI_FAILED, message);
}
