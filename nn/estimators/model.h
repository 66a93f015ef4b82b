#ifndef GRADTAPE_NN_MODEL_H
#define GRADTAPE_NN_MODEL_H
/* Private to nn: an estimator as the content of a file, and back. What a file has is described in docs/models.md. */
#include <gradtape/model.h>

#include "../files/safetensors.h"
#include "../network/node.h"
#include "estimator.h"

/* The newest format that is written and read. */
enum { NN_MODEL_FORMAT = 1 };

/* ---- Tensors (model_tensors.c) ----------------------------------------------------------------------------------- */

/* A tensor of an estimator beside its place in a file. */
typedef struct nn_model_tensor_at {
    nn_file_tensor file; /* with its array, which is the leaf's if there is one */
    ad_tensor leaf;      /* changed by ad_assign; inert: the array itself is */
    bool is_weight;      /* its numbers are finite */
    bool is_count;       /* it is one whole number, from 0 on */
} nn_model_tensor_at;

/* All of them, in a store. */
typedef struct nn_model_tensors {
    nn_store *store;
    nn_model_tensor_at *at; /* [room], n are there */
    size_t n, room;
    bool failed; /* memory is out */
} nn_model_tensors;

/* Adds one, without a leaf. The name is copied. */
void nn_model_add(nn_model_tensors *list, const char *name, nn_file_type type, int rank, const int64_t *sizes,
                  const void *data);

/* Lists parts, slots and the weights that are kept beside them. On an error of the estimator's tape (tensors that are
 * no slots were made on it) it returns AD_BAD_STATE. */
ad_status nn_model_list(nn_model_tensors *list, const nn_estimator *estimator);

/* Lists the parts of its network: parameters and states, as files have them. */
ad_status nn_model_list_parts(nn_model_tensors *list, const nn_estimator *estimator);

/* Returns how many numbers the optimiser keeps beside each of a parameter. */
size_t nn_model_slots(const nn_estimator *estimator);

/* Returns whether all numbers of an f32 or f64 array are finite. */
bool nn_model_is_finite(nn_file_type type, const void *data, size_t n);

/* ---- State of the training (model_state.c) ----------------------------------------------------------------------- */

/* Writes the object "training". */
void nn_model_write_state(nn_json_writer *w, const nn_estimator *estimator);

/* Adds the tensors of the history, which are copied into the store of the list. */
void nn_model_list_history(nn_model_tensors *list, const nn_estimator *estimator);

/* ---- Reading (model_file.c) -------------------------------------------------------------------------------------- */

/* A file that is read. What was read lies in the store until the reader is closed. */
typedef struct nn_model_reader {
    const char *path;
    nn_load_options load;
    const nn_load_options *options;
    ad_memory memory;
    nn_store store;
    nn_safetensors file;
    const nn_json *root;
    ad_status status; /* the first error */
    char message[NN_ESTIMATOR_MESSAGE];
} nn_model_reader;

/* Opens a file: it is a model, of a format that is known, and its checksum holds, unless `is_look` says that this is
 * not asked for. Returns reader->status. It is closed in each case. */
ad_status nn_model_open(nn_model_reader *reader, const char *path, const nn_load_options *options, bool is_look);

/* Opens any safetensors file, without looking at its metadata. It is closed in the same way. */
ad_status nn_model_open_tensors(nn_model_reader *reader, const char *path, const nn_load_options *options);
void nn_model_close(nn_model_reader *reader);

/* Keeps an error, unless there is one already: "PATH: " is put before it. Returns `status`. */
ad_status nn_model_fail(nn_model_reader *reader, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

/* Return a member of an object. It must be there, and of this type; texts that are `is_optional` may be missing or
 * null, which is NULL. Texts have no 0 within. After an error they return 0. */
const char *nn_model_text(nn_model_reader *reader, const nn_json *object, const char *key, bool is_optional);
int64_t nn_model_whole(nn_model_reader *reader, const nn_json *object, const char *key, int64_t most);
uint64_t nn_model_unsigned(nn_model_reader *reader, const nn_json *object, const char *key);
double nn_model_real(nn_model_reader *reader, const nn_json *object, const char *key);
bool nn_model_flag(nn_model_reader *reader, const nn_json *object, const char *key);

/* Returns a whole number that files of earlier libraries do not have; 0 if it is missing. */
int64_t nn_model_later_whole(nn_model_reader *reader, const nn_json *object, const char *key, int64_t most);

/* Returns the tensor of a name, which must be of this type and rank; NULL, and an error, if it is not. */
const nn_file_tensor *nn_model_find(nn_model_reader *reader, const char *name, nn_file_type type, int rank);

/* Read a tensor into an array; into new memory of the store. They return false or NULL, and keep an error, if that
 * fails. */
bool nn_model_read_into(nn_model_reader *reader, const nn_file_tensor *tensor, void *to);
void *nn_model_read(nn_model_reader *reader, const nn_file_tensor *tensor);

/* Reads and checks the object "training" and the history. The history's arrays are then the estimator's. */
bool nn_model_read_state(nn_model_reader *reader, nn_estimator *estimator);

/* ---- Layers (model_layers.c) ------------------------------------------------------------------------------------- */

/* Write and read the members "layers" and "groups". */
void nn_model_write_layers(nn_json_writer *w, const nn_estimator_options *options, nn_store *store);
bool nn_model_read_layers(nn_model_reader *reader, nn_layers *layers, const nn_group **groups, size_t *n_groups);

/* ---- Columns (model_columns.c) ----------------------------------------------------------------------------------- */

void nn_model_write_schema(nn_json_writer *w, nn_schema schema);
bool nn_model_read_schema(nn_model_reader *reader, nn_schema *schema);

/* ---- Notes (model_note.c) ---------------------------------------------------------------------------------------- */

/* Writes the member "note", if there is a note; returns it, "" without one; gives it to an estimator. */
void nn_model_write_note(nn_json_writer *w, const nn_estimator *estimator);
const char *nn_model_read_note(nn_model_reader *reader);
void nn_model_take_note(nn_model_reader *reader, nn_estimator *estimator);

/* ---- Saving (model_save.c) --------------------------------------------------------------------------------------- */

/* Saves an estimator; without a path, only tries whether it could be. The error is kept as that of `who`. */
ad_status nn_estimator_save(const nn_estimator *estimator, const char *path, int64_t keep, const char *who);

/* ---- Warm start (warm_start.c) ----------------------------------------------------------------------------------- */

/* Gives the parts of a network that was just made the values that a safetensors file has under their names. The error
 * is kept as that of a fit. After it some parts may have new values. */
ad_status nn_warm_start(nn_estimator *estimator, const char *path);

#endif
