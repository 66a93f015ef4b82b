/* Folds: scopes, prefixes of parameters' names, and runs of scopes of equal structure. */
#include "fold.h"

#include <string.h>

#include <gradtape/operator.h>

enum {
    MOST_DEPTH = 64,    /* scopes inside so many others are not looked at */
    MOST_PREFIX = 1000, /* of a name so many bytes are looked at */
};

ad_tensor ad_node_tensor(const ad_folds *folds, size_t node)
{
    return node < folds->kept ? ad_kept_at(folds->t, node) : ad_recorded_at(folds->t, node - folds->kept);
}

size_t ad_node_of(const ad_folds *folds, ad_tensor x)
{
    const size_t number = ad_is_valid(x) ? ad_number_of(x) : SIZE_MAX;
    return number == SIZE_MAX ? SIZE_MAX : ad_is_kept(x) ? number : folds->kept + number;
}

static void put_part_of_name(ad_sink *sink, ad_ink ink, const char *name, size_t length, size_t most)
{
    char text[4 * AD_NAME_IN_PAGE + 1];
    const size_t n = length < sizeof text - 1 ? length : sizeof text - 1;
    memcpy(text, name, n);
    text[n] = 0;
    ad_put_text(sink, ink, text, most);
}

void ad_put_fold_name(ad_sink *sink, ad_ink ink, const ad_fold *fold, size_t most)
{
    const bool has_room = most >= AD_NAME_IN_TEXT;
    put_part_of_name(sink, ink, fold->name, fold->length, !fold->last ? most : has_room ? most / 2 - 2 : most - 3);
    if (fold->last)
        ad_put(sink, has_room ? " .. " : " ..");
    if (fold->last && has_room)
        put_part_of_name(sink, ink, fold->last, fold->last_length, most / 2 - 2);
}

/* ---- Scopes ------------------------------------------------------------------------------------------------------ */

static bool add_fold(ad_folds *folds, ad_fold fold)
{
    if (folds->n == folds->room) {
        const size_t room = folds->room ? 2 * folds->room : 16;
        ad_fold *list = ad_memory_take(&folds->memory, room, sizeof *list);
        if (!list)
            return false;
        if (folds->n)
            memcpy(list, folds->list, folds->n * sizeof *list);
        ad_memory_release(&folds->memory, folds->list, folds->room, sizeof *list);
        folds->list = list;
        folds->room = room;
    }
    folds->list[folds->n++] = fold;
    return true;
}

/* Scopes with entries, of which none lies inside too many others. `index` has the fold of each scope. */
static bool add_scopes(ad_folds *folds, int32_t *index, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const ad_scope scope = ad_scope_at(folds->t, i);
        const int outer = scope.outer < 0 ? -1 : index[scope.outer];
        const int depth = outer < 0 ? 1 : folds->list[outer].depth + 1;
        index[i] = outer;
        if (scope.n == 0 || depth > MOST_DEPTH || (scope.outer >= 0 && outer < 0))
            continue;
        const ad_fold fold = {scope.name, strlen(scope.name), NULL, 0, outer, depth, 1, scope.first, scope.n};
        if (!add_fold(folds, fold))
            return false;
        index[i] = (int32_t)folds->n - 1;
    }
    return true;
}

/* The longest prefix before a / that the names of all parameters have that y consumes; 0 bytes if there is none. */
static size_t prefix_of(ad_tensor y, const char **prefix)
{
    size_t length = 0;
    *prefix = NULL;
    for (int i = 0, n = ad_operand_count(y); i < n; i++) {
        const ad_tensor x = ad_operand(y, i);
        if (!ad_is_kept(x) || !ad_wants_gradient(x))
            continue;
        const char *name = ad_name_of(x);
        size_t common = 0, slash = 0;
        for (; common < MOST_PREFIX && name[common] &&
               (!*prefix || (common <= length && name[common] == (*prefix)[common]));
             common++)
            slash = name[common] == '/' ? common : slash;
        length = slash;
        *prefix = name;
        if (length == 0)
            break;
    }
    return length;
}

/* Whether y only goes on with what a fold made: it has one operand, and no other name. */
static bool goes_on(const ad_folds *folds, const ad_fold *fold, ad_tensor y)
{
    if (ad_result_number(y) > 0)
        return true;
    return ad_operand_count(y) == 1 && ad_node_of(folds, ad_operand(y, 0)) - folds->kept - fold->first < fold->n;
}

static bool add_prefixes(ad_folds *folds)
{
    ad_fold fold = {.outer = -1, .depth = 1, .times = 1};
    for (size_t i = 0; i < folds->recorded; i++) {
        const ad_tensor y = ad_recorded_at(folds->t, i);
        const char *prefix;
        const size_t length = prefix_of(y, &prefix);
        const bool is_same = length == fold.length && length && memcmp(prefix, fold.name, length) == 0;
        if (fold.n && (is_same || (!prefix && goes_on(folds, &fold, y)))) {
            fold.n++;
            continue;
        }
        if (fold.n && !add_fold(folds, fold))
            return false;
        fold = (ad_fold){prefix, length, NULL, 0, -1, 1, 1, i, length ? 1 : 0};
    }
    return fold.n == 0 || add_fold(folds, fold);
}

/* ---- Runs -------------------------------------------------------------------------------------------------------- */

static bool same_shape(ad_shape a, ad_shape b)
{
    bool is_same = a.rank == b.rank;
    for (int i = 0; is_same && i < a.rank; i++)
        is_same = a.dims[i] == b.dims[i];
    return is_same;
}

/* Whether entry i of one fold and of another were made alike. */
static bool same_entry(const ad_folds *folds, const ad_fold *a, const ad_fold *b, size_t i)
{
    const ad_tensor x = ad_recorded_at(folds->t, a->first + i), y = ad_recorded_at(folds->t, b->first + i);
    const int n = ad_operand_count(x);
    bool is_same = ad_operator_of(x) == ad_operator_of(y) && n == ad_operand_count(y) &&
                   ad_type_of(x) == ad_type_of(y) && same_shape(ad_shape_of(x), ad_shape_of(y));
    for (int k = 0; is_same && k < n; k++) {
        const size_t of_x = ad_node_of(folds, ad_operand(x, k)) - folds->kept - a->first;
        const size_t of_y = ad_node_of(folds, ad_operand(y, k)) - folds->kept - b->first;
        is_same = of_x >= a->n ? of_y >= b->n : of_x == of_y;
    }
    return is_same;
}

static bool same_structure(const ad_folds *folds, const ad_fold *a, const ad_fold *b)
{
    bool is_same = a->n == b->n;
    for (size_t i = 0; is_same && i < a->n; i++)
        is_same = same_entry(folds, a, b, i);
    return is_same;
}

/* next[i]: the fold that follows fold i at once, beside it and of the same structure; -1 if none does. */
static void find_equals(const ad_folds *folds, int32_t *next, int32_t *youngest)
{
    int32_t youngest_of_all = -1;
    for (size_t i = 0; i < folds->n; i++) {
        const ad_fold *fold = &folds->list[i];
        int32_t *before = fold->outer < 0 ? &youngest_of_all : &youngest[fold->outer];
        const ad_fold *other = *before < 0 ? NULL : &folds->list[*before];
        next[i] = youngest[i] = -1;
        if (other && other->first + other->n == fold->first && same_structure(folds, other, fold))
            next[*before] = (int32_t)i;
        *before = (int32_t)i;
    }
}

/* The list again, each run before its scopes. `moved` gets the new index of each fold, `run` its run. */
static bool add_runs(ad_folds *folds, const ad_fold *old, size_t n, const int32_t *next, int32_t *moved, int32_t *run)
{
    for (size_t i = 0; i < n; i++)
        run[i] = -1;
    for (size_t i = 0; i < n; i++) {
        int times = 1;
        int32_t last = (int32_t)i;
        while (run[i] < 0 && next[last] >= 0) {
            last = next[last];
            times++;
        }
        ad_fold fold = old[i];
        fold.outer = fold.outer < 0 ? -1 : moved[fold.outer];
        if (times > 2) {
            const ad_fold *end = &old[last];
            const ad_fold whole = {fold.name,   fold.length, end->name,
                                   end->length, fold.outer,  fold.depth,
                                   times,       fold.first,  end->first + end->n - fold.first};
            if (!add_fold(folds, whole))
                return false;
            for (int32_t k = (int32_t)i; k >= 0; k = next[k])
                run[k] = (int32_t)folds->n - 1;
        }
        fold.outer = run[i] >= 0 ? run[i] : fold.outer;
        if (!add_fold(folds, fold))
            return false;
        moved[i] = (int32_t)folds->n - 1;
    }
    return true;
}

static bool find_runs(ad_folds *folds)
{
    const size_t n = folds->n;
    int32_t *memory = ad_memory_take(&folds->memory, n, 3 * sizeof *memory);
    if (!memory)
        return false;
    find_equals(folds, memory, memory + n);
    ad_fold *old = folds->list;
    const size_t room = folds->room;
    folds->list = NULL;
    folds->n = folds->room = 0;
    const bool is_good = add_runs(folds, old, n, memory, memory + n, memory + 2 * n);
    ad_memory_release(&folds->memory, old, room, sizeof *old);
    ad_memory_release(&folds->memory, memory, n, 3 * sizeof *memory);
    return is_good;
}

/* ---- The folds of nodes ------------------------------------------------------------------------------------------ */

/* The innermost fold around two. */
static int32_t around_both(const ad_folds *folds, int32_t a, int32_t b)
{
    while (a != b && a >= 0 && b >= 0) {
        if (a > b) /* the outer one comes first */
            a = folds->list[a].outer;
        else
            b = folds->list[b].outer;
    }
    return a == b ? a : AD_NO_FOLD;
}

static bool find_inner(ad_folds *folds)
{
    const size_t n = folds->kept + folds->recorded;
    folds->inner = ad_memory_take(&folds->memory, n, sizeof *folds->inner);
    if (!folds->inner)
        return false;
    for (size_t i = 0; i < folds->kept; i++)
        folds->inner[i] = AD_UNUSED;
    int32_t fold = AD_NO_FOLD;
    size_t begun = 0;
    for (size_t i = 0; i < folds->recorded; i++) {
        for (; begun < folds->n && folds->list[begun].first <= i; begun++)
            fold = (int32_t)begun;
        while (fold >= 0 && i - folds->list[fold].first >= folds->list[fold].n)
            fold = folds->list[fold].outer;
        folds->inner[folds->kept + i] = fold;
        const ad_tensor y = ad_recorded_at(folds->t, i);
        for (int k = 0, operands = ad_operand_count(y); k < operands; k++) {
            const size_t x = ad_node_of(folds, ad_operand(y, k));
            if (x < folds->kept)
                folds->inner[x] = folds->inner[x] == AD_UNUSED ? fold : around_both(folds, folds->inner[x], fold);
        }
    }
    return true;
}

bool ad_find_folds(ad_folds *folds, ad_tape *t)
{
    const ad_allocator allocator = ad_allocator_of(t);
    *folds = (ad_folds){t, ad_memory_over(&allocator), ad_kept_count(t), ad_entry_count(t), NULL, 0, 0, NULL};
    const size_t scopes = ad_scope_count(t);
    bool is_good = true;
    if (scopes) {
        int32_t *index = ad_memory_take(&folds->memory, scopes, sizeof *index);
        is_good = index && add_scopes(folds, index, scopes);
        ad_memory_release(&folds->memory, index, scopes, sizeof *index);
    } else
        is_good = add_prefixes(folds);
    return is_good && (folds->n == 0 || find_runs(folds)) && find_inner(folds);
}

void ad_free_folds(ad_folds *folds)
{
    ad_memory_release(&folds->memory, folds->list, folds->room, sizeof *folds->list);
    ad_memory_release(&folds->memory, folds->inner, folds->kept + folds->recorded, sizeof *folds->inner);
    folds->list = NULL;
    folds->inner = NULL;
}
