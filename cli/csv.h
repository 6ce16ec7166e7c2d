// Tables of numbers in text: one row a line, commas and blanks between, no header, no
// quotes.
#ifndef MJIRL_CLI_CSV_H_
#define MJIRL_CLI_CSV_H_

#include "base/err.h"

// Reads a file of rows with exactly `columns` finite numbers; `each` names what a column stands for
// in messages ("actuator"). *rows (nrows, columns) is heap memory (irl_free). Errors: IRL_ENOENT,
// IRL_EIO, IRL_EPARSE (with the line), IRL_EDIM (a row of another width), IRL_ENOMEM.
IRL_NODISCARD irl_err cli_csv_read(const char* path, int columns, const char* each, double** rows,
                                   int* nrows, irl_errinfo* info);

#endif  // MJIRL_CLI_CSV_H_
