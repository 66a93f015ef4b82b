/* The table of kinds: the rows that the linker gathered, in the order of their names. */
#include <gradtape/layers.h>

#include <pthread.h>
#include <string.h>

/* The bounds of the section in which NN_LAYER_KIND puts the address of each row. It is sorted where it lies, once. */
extern const nn_layer_kind *__start_nn_kinds[] __attribute__((visibility("hidden")));
extern const nn_layer_kind *__stop_nn_kinds[] __attribute__((visibility("hidden")));

/* All files of kinds, so that a program that is linked statically has them all. */
#define FILE_OF_KINDS(file) extern const char nn_kinds_of_##file;
NN_FILES_OF_KINDS
#undef FILE_OF_KINDS
#define FILE_OF_KINDS(file) &nn_kinds_of_##file,
static const char *const files[] __attribute__((used)) = {NN_FILES_OF_KINDS};
#undef FILE_OF_KINDS

static void sort_rows(void)
{
    for (size_t n = 1; n < nn_layer_kind_count(); n++) {
        const nn_layer_kind *row = __start_nn_kinds[n];
        size_t at = n;
        for (; at > 0 && strcmp(__start_nn_kinds[at - 1]->name, row->name) > 0; at--)
            __start_nn_kinds[at] = __start_nn_kinds[at - 1];
        __start_nn_kinds[at] = row;
    }
}

size_t nn_layer_kind_count(void) { return (size_t)(__stop_nn_kinds - __start_nn_kinds); }

const nn_layer_kind *nn_layer_kind_at(size_t index)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, sort_rows);
    return index < nn_layer_kind_count() ? __start_nn_kinds[index] : NULL;
}

const nn_layer_kind *nn_layer_kind_named(const char *name)
{
    for (size_t i = 0; name && i < nn_layer_kind_count(); i++)
        if (!strcmp(nn_layer_kind_at(i)->name, name))
            return nn_layer_kind_at(i);
    return NULL;
}
