/* What a tape that is written is called. */
#include "title.h"

#include "formula.h"
#include "gradients.h"

/* Formulas are looked for on tapes of so many entries, and have so many bytes. */
enum { MOST_ENTRIES = 4096, MOST_BYTES = 1700 };

static void put_formula(ad_sink *sink, ad_ink ink, ad_tensor loss)
{
    char text[MOST_BYTES];
    const ad_shown shown = ad_formula_in(AD_INK_TEXT, loss, text, sizeof text);
    if (shown.status != AD_OK)
        ad_sink_fail(sink, shown.status, "%s", shown.message);
    ad_put_text(sink, ink, text, SIZE_MAX);
}

void ad_put_title(ad_sink *sink, ad_ink ink, const ad_tape *t, const ad_write_options *options)
{
    const ad_tensor loss = ad_sweep_began_at(t);
    if (options && options->title) {
        ad_put_text(sink, ink, options->title, SIZE_MAX);
    } else if (ad_is_valid(loss)) {
        ad_put_name(sink, ink, loss, AD_NAME_IN_TEXT);
        if (ad_operator_of(loss) && ad_entry_count(t) <= MOST_ENTRIES) {
            ad_put(sink, " = ");
            put_formula(sink, ink, loss);
        }
    }
}
