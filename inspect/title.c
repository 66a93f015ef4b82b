/* What a tape that is written is called. */
#include "title.h"

#include "gradients.h"

void ad_put_title(ad_sink *sink, ad_ink ink, const ad_tape *t, const ad_write_options *options)
{
    const ad_tensor loss = ad_sweep_began_at(t);
    if (options && options->title)
        ad_put_text(sink, ink, options->title, SIZE_MAX);
    else if (ad_is_valid(loss))
        ad_put_name(sink, ink, loss, AD_NAME_IN_PAGE);
}
