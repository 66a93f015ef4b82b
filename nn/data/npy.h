#ifndef GRADTAPE_NN_NPY_H
#define GRADTAPE_NN_NPY_H
/* Private to nn: NumPy's format of one array, which members of an .npz archive have, too. */
#include "array.h"

/* Ends messages about damaged files of NumPy. */
#define NN_NPY_REMEDY "save or copy it again"

/* Reads the header of an .npy file from an open source and measures the array. */
ad_status nn_npy_open(nn_source *source, nn_array *array);

/* Reads features; labels, or targets if they are of a floating type. The source stands before the header. `features` is
 * their name in messages. */
ad_status nn_npy_features(nn_source *source, nn_data *data);
ad_status nn_npy_truth(nn_source *source, const char *features, nn_data *data);

#endif
