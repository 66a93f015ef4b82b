#include "tape/tape.h"
