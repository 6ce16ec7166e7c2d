// A command's result is one JSON object; with --json it is printed as it is, else for people.
#ifndef MJIRL_CLI_OUTPUT_H_
#define MJIRL_CLI_OUTPUT_H_

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

// Prints the object in text on stdout. Errors: IRL_EIO when stdout cannot be written.
IRL_NODISCARD irl_err cli_print_result(const char* text, size_t size, bool json, irl_errinfo* info);

// Flushes stdout. Errors: IRL_EIO when something did not get through.
IRL_NODISCARD irl_err cli_finish_output(irl_errinfo* info);

#endif  // MJIRL_CLI_OUTPUT_H_
