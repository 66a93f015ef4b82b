/* Scopes: named stretches of the recording. */
#include "scopes.h"

#include <gradtape/inspect.h>

#include <string.h>

#include "entries.h"
#include "frames.h"
#include "status.h"

static ad_stretch *scope_at(const ad_tape *t, size_t i) { return (ad_stretch *)t->scopes.items + i; }

ad_status ad_scope_begin(ad_tape *t, const char *name)
{
    if (!t || t->status != AD_OK || ad_refuse_in_rule(t, "scope_begin", "name its tensors instead (ad_name)"))
        return t ? t->status : AD_BAD_HANDLE;
    if (!name)
        return ad_fail(t, AD_BAD_VALUE, "scope_begin: the name is NULL");
    const size_t bytes = strlen(name) + 1;
    char *copy = ad_more_room(t, &t->scopes, sizeof(ad_stretch)) ? ad_arena_take(&t->step, bytes) : NULL;
    if (!copy)
        return ad_fail_memory(t, "scope_begin");
    *scope_at(t, t->scopes.n++) = (ad_stretch){memcpy(copy, name, bytes), t->open_scope, t->ends[AD_STEP], 0};
    t->open_scope = (uint32_t)t->scopes.n;
    return AD_OK;
}

ad_status ad_scope_end(ad_tape *t)
{
    if (!t || t->status != AD_OK || ad_refuse_in_rule(t, "scope_end", "name its tensors instead (ad_name)"))
        return t ? t->status : AD_BAD_HANDLE;
    if (!t->open_scope)
        return ad_fail(t, AD_BAD_STATE, "scope_end: no scope is open: begin one with ad_scope_begin");
    ad_stretch *scope = scope_at(t, t->open_scope - 1);
    scope->end = t->ends[AD_STEP];
    t->open_scope = scope->outer;
    return AD_OK;
}

void ad_return_scopes(ad_tape *t, const ad_frame *f)
{
    t->scopes.n = f->n_scopes;
    t->open_scope = f->open_scope;
    /* Those that ended since are open again. Around an open one all are open. */
    for (uint32_t i = t->open_scope; i && scope_at(t, i - 1)->end; i = scope_at(t, i - 1)->outer)
        scope_at(t, i - 1)->end = 0;
}

size_t ad_scope_count(const ad_tape *t) { return t ? t->scopes.n : 0; }

ad_scope ad_scope_at(const ad_tape *t, size_t i)
{
    if (!t || i >= t->scopes.n)
        return (ad_scope){.outer = -1};
    const ad_stretch *scope = scope_at(t, i);
    const uint32_t end = scope->end ? scope->end : t->ends[AD_STEP];
    const uint32_t first = scope->first > t->first ? scope->first : t->first; /* its first entries may be retired */
    return (ad_scope){.name = scope->name,
                      .outer = (int)scope->outer - 1,
                      .first = ad_count_entries(t, t->first, first),
                      .n = end > first ? ad_count_entries(t, first, end) : 0,
                      .is_open = scope->end == 0};
}
