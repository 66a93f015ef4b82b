/* Names of tensors. */
#include "names.h"

#include <gradtape/inspect.h>

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "entries.h"
#include "handles.h"
#include "status.h"

/* The room of a name, with which its memory begins. */
typedef struct room {
    size_t bytes; /* for the name and its end */
    char name[];
} room;

/* Room for a name of an entry: that of its old name, or twice as much, so that names that grow do not add up. */
static char *room_for(ad_tape *t, uint32_t id, ad_extra *extra, size_t bytes)
{
    enum { SMALLEST = 40 };
    const room *old = extra->name ? (const room *)(const void *)(extra->name - offsetof(room, name)) : NULL;
    if (old && bytes <= old->bytes)
        return (char *)(uintptr_t)old->name;
    const size_t twice = old ? 2 * old->bytes : SMALLEST, wanted = bytes > twice ? bytes : twice;
    room *made = ad_arena_take(ad_arena_of(t, id), sizeof *made + wanted);
    if (!made)
        return NULL;
    made->bytes = wanted;
    return made->name;
}

ad_tensor ad_name(ad_tensor x, const char *name)
{
    ad_entry *e = ad_require(x, "name");
    if (!e)
        return ad_inert(x.tape);
    if (ad_is_temporary(x.id) || !name)
        return x;
    const size_t bytes = strlen(name) + 1;
    ad_extra *extra = ad_extra_of(x.tape, x.id);
    char *copy = extra ? room_for(x.tape, x.id, extra, bytes) : NULL;
    if (!copy) {
        ad_fail_memory(x.tape, "name");
        return ad_inert(x.tape);
    }
    extra->name = memmove(copy, name, bytes); /* it may be a part of the old name */
    return x;
}

const char *ad_name_of(ad_tensor x)
{
    const ad_entry *e = ad_require_to_look(x, "name_of");
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

const char *ad_tensor_text(ad_tape *t, uint32_t id, char text[AD_TENSOR_TEXT])
{
    const ad_tensor x = ad_handle_as_recorded(t, id);
    const ad_entry *e = ad_entry_at(t, id);
    const bool is_kept = ad_table_of(x) == AD_PERSISTENT, is_scalar = e->value.shape->rank == 0;
    char shape[AD_SHAPE_TEXT] = "", number[24] = "";
    if (!is_scalar)
        ad_shape_text(e->value.shape, shape);
    if (!ad_is_temporary(id))
        snprintf(number, sizeof number, " %s%zu", is_kept ? "k" : "#", ad_number_of(x) + !is_kept);
    if (*ad_name_or(e, ""))
        snprintf(text, AD_TENSOR_TEXT, "%.110s", ad_name_or(e, ""));
    else
        snprintf(text, AD_TENSOR_TEXT, "%s%.80s%s%s%s", *number ? "" : "a ", ad_made_by(x), number,
                 is_scalar ? "" : " ", shape);
    return text;
}
