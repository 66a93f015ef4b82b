#!/bin/sh
# Makes the two files of the lesson on a digit again: sh digit.sh GRADTAPE MNIST FOLDER
# GRADTAPE is the command, MNIST the folder with the data (fetch_mnist.sh), FOLDER where the files go.
#
# MNIST was made by Yann LeCun, Corinna Cortes and Christopher J. C. Burges from data of NIST. It is under the licence
# CC BY-SA 3.0, and so is digit.idx, which is the fifth image of its test data, a 4, unchanged.
set -eu
gradtape=${1:?usage: digit.sh GRADTAPE MNIST FOLDER} mnist=${2:?usage: digit.sh GRADTAPE MNIST FOLDER}
folder=${3:?usage: digit.sh GRADTAPE MNIST FOLDER} image=4

absolute() { (CDPATH='' cd -- "$(dirname -- "$1")" && printf '%s/%s\n' "$(pwd)" "$(basename -- "$1")"); }
gradtape=$(absolute "$gradtape") folder=$(absolute "$folder")
CDPATH='' cd -- "$mnist"

# Few units, so that the file is small. The penalty draws weights to 0 that no image asks for: of pixels at the edge.
"$gradtape" train --data . --hidden-units 10 --scaling constant --batch-size 100 --epochs 12 --seed 4 --threads 1 \
    --optimizer gradient_descent:rate=0.3,l2=0.001 --model "$folder/digit.safetensors"

# IDX: two zero bytes, the type of bytes, the rank; the sizes 1, 28, 28; the pixels.
{
    printf '\000\000\010\003\000\000\000\001\000\000\000\034\000\000\000\034'
    if [ -f t10k-images-idx3-ubyte ]; then cat t10k-images-idx3-ubyte; else gzip -dc t10k-images-idx3-ubyte.gz; fi |
        tail -c +$((17 + image * 784)) | head -c 784
} >"$folder/digit.idx"
