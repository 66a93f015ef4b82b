/* Names of tensors. */
#include "names.h"

#include <stdio.h>
#include <string.h>

#include "entries.h"
#include "handles.h"
#include "status.h"

ad_tensor ad_name(ad_tensor x, const char *name)
{
    ad_entry *e = ad_require(x, "name");
    if (!e)
        return ad_inert(x.tape);
    if (ad_is_temporary(x.id) || !name)
        return x;
    const size_t bytes = strlen(name) + 1;
    char *copy = ad_arena_take(ad_arena_of(x.tape, x.id), bytes);
    ad_extra *extra = copy ? ad_extra_of(x.tape, x.id) : NULL;
    if (!extra) {
        ad_fail_memory(x.tape, "name");
        return ad_inert(x.tape);
    }
    extra->name = memcpy(copy, name, bytes);
    return x;
}

const char *ad_name_of(ad_tensor x)
{
    const ad_entry *e = ad_require_to_read(x, "name_of");
    return e ? ad_name_or(e, "") : "";
}

const char *ad_operand_text(const ad_call *c, int i, char text[AD_OPERAND_TEXT])
{
    /* The value is the first member of its entry. */
    const ad_entry *e = (const ad_entry *)(const void *)c->x[i];
    char shape[AD_SHAPE_TEXT];
    ad_shape_text(e->value.shape, shape);
    if (e->extra && e->extra->name)
        snprintf(text, AD_OPERAND_TEXT, "%.60s %s", e->extra->name, shape);
    else
        snprintf(text, AD_OPERAND_TEXT, "%s", shape);
    return text;
}
