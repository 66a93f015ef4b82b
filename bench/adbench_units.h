#ifndef BENCH_ADBENCH_UNITS_H
#define BENCH_ADBENCH_UNITS_H
/* The units of the benchmark: the two objectives of ADBench as plain scalar loops, each compiled at -O2 and at -O3. */
#include "gmm_objective.h"
#include "lstm_objective.h"

double gmm_unit_O2(const gmm *g);
double gmm_unit_O3(const gmm *g);
double lstm_unit_O2(const lstm *s);
double lstm_unit_O3(const lstm *s);

#endif
