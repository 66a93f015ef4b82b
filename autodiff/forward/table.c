/* The table of operators: the rows that the linker gathered, in the order of their names. */
#include <pthread.h>
#include <string.h>

#include <gradtape/operator.h>

/* The bounds of the section in which AD_OPERATOR puts the address of each row. It is sorted where it lies, once. */
extern const ad_operator *__start_ad_rows[] __attribute__((visibility("hidden")));
extern const ad_operator *__stop_ad_rows[] __attribute__((visibility("hidden")));

/* All files of rows, so that a program that is linked statically has them all. */
#define FAMILY(name) extern const char ad_family_##name;
AD_FAMILIES
#undef FAMILY
#define FAMILY(name) &ad_family_##name,
static const char *const families[] __attribute__((used)) = {AD_FAMILIES};
#undef FAMILY

size_t ad_operator_count(void) { return (size_t)(__stop_ad_rows - __start_ad_rows); }

static void sort_rows(void)
{
    for (size_t n = 1; n < ad_operator_count(); n++) {
        const ad_operator *row = __start_ad_rows[n];
        size_t at = n;
        for (; at > 0 && strcmp(__start_ad_rows[at - 1]->name, row->name) > 0; at--)
            __start_ad_rows[at] = __start_ad_rows[at - 1];
        __start_ad_rows[at] = row;
    }
}

const ad_operator *ad_operator_at(size_t index)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, sort_rows);
    return index < ad_operator_count() ? __start_ad_rows[index] : NULL;
}

const ad_operator *ad_operator_named(const char *name)
{
    size_t low = 0, high = ad_operator_count();
    while (name && low < high) {
        const size_t middle = (low + high) / 2;
        const ad_operator *row = ad_operator_at(middle);
        const int order = strcmp(name, row->name);
        if (order == 0)
            return row;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
