#ifndef GRADTAPE_NN_KIND_H
#define GRADTAPE_NN_KIND_H
/* What every file of kinds begins with. A row is written
 *
 *   NN_LAYER_KIND(dropout,
 *       .formula = "x m",
 *       .apply = dropout_apply,
 *   );
 *
 * This defines the nn_layer_kind `nn_dropout`, with the name "dropout" and these members. It is in the table by that
 * alone: the linker gathers the addresses of the rows in the section nn_kinds. */
#include <gradtape/layers.h>
#include <gradtape/operators.h>

#define NN_LAYER_KIND(row, ...)                                                                                        \
    static const nn_layer_kind *nn_row_##row __attribute__((section("nn_kinds"), used)) = &nn_##row;                   \
    const nn_layer_kind nn_##row = {.name = #row, __VA_ARGS__}

/* Each file of rows says its name, and the table asks for each by the list of files that the build has: a linker takes
 * from a static library only what is asked for. */
#define NN_KINDS_OF(file)                                                                                              \
    extern const char nn_kinds_of_##file;                                                                              \
    const char nn_kinds_of_##file = 0;

/* The options and the parts of a row. */
#define OPTIONS(type, rows) .fields = NN_FIELDS(rows), .options_bytes = sizeof(type)
#define PARTS(array) .parts = array, .n_parts = sizeof(array) / sizeof((array)[0])

#endif
