// Strict tables of numbers.
#include "cli/csv.h"

#include "base/arena.h"
#include "base/file.h"
#include "test.h"

static char path[512];
static double* rows;
static int nrows;
static irl_errinfo info;

static irl_err read_bytes(const char* text, size_t size, int columns) {
  const char* folder = test_folder();
  snprintf(path, sizeof path, "%s/csv_test.csv", folder);
  info = (irl_errinfo){0};
  rows = NULL;
  CHECK_OK(irl_file_write(path, text, size, &info));
  return cli_csv_read(path, columns, "actuator", &rows, &nrows, &info);
}

static irl_err read_text(const char* text, int columns) {
  return read_bytes(text, strlen(text), columns);
}

static void refused(const char* text, int columns, irl_err code, const char* part) {
  CHECK(read_text(text, columns) == code);
  CHECK(rows == NULL);
  CHECK_CONTAINS(info.text, part);
  CHECK_CONTAINS(info.text, "csv_test.csv: ");
  CHECK_CONTAINS(info.text, "; ");
}

static void reads_rows(void) {
  CHECK_OK(read_text("1,-2.5e-3\n0.1,+4\n", 2));
  CHECK(nrows == 2 && rows[0] == 1 && rows[1] == -2.5e-3 && rows[2] == 0.1 && rows[3] == 4);
  irl_free(rows);
  CHECK_OK(read_text("1\r\n2", 1));  // ends of lines of any system, or none at the end
  CHECK(nrows == 2 && rows[0] == 1 && rows[1] == 2);
  irl_free(rows);
  CHECK_OK(read_text(" 0.1, 0.2\n0.3\t,\t-4 \r\n", 2));  // blanks around numbers
  CHECK(nrows == 2 && rows[0] == 0.1 && rows[1] == 0.2 && rows[2] == 0.3 && rows[3] == -4);
  irl_free(rows);
  CHECK_OK(read_text("\n \n\n", 0));  // steps of a model without actuators
  CHECK(nrows == 3);
  irl_free(rows);
}

static void keeps_every_bit(void) {
  CHECK_OK(read_text("0.10000000000000001,4.9406564584124654e-324,1.7976931348623157e308\n", 3));
  CHECK(rows[0] == 0.1 && rows[1] == 0x1p-1074 && rows[2] == 0x1.fffffffffffffp1023);
  irl_free(rows);
}

static void refuses_wrong_widths(void) {
  refused("1,2\n3\n", 2, IRL_EDIM, "line 2 has 1 value; give 2, one for each actuator");
  refused("1,2,3\n", 2, IRL_EDIM, "line 1 has 3 values; give 2");
  refused("1,2\n\n3,4\n", 2, IRL_EDIM, "line 2 has 0 values");
  refused("1\n", 0, IRL_EDIM, "line 1 has 1 value; give 0");
  refused("", 2, IRL_ERANGE, "has no rows");
}

static void refuses_what_is_no_number(void) {
  refused("a,b\n1,2\n", 2, IRL_EPARSE, "line 1, value 1: 'a' is not a finite number");
  refused("1,nan\n", 2, IRL_EPARSE, "line 1, value 2: 'nan'");
  refused("1,2\n1,inf\n", 2, IRL_EPARSE, "line 2, value 2: 'inf'");
  refused("1,1e999\n", 2, IRL_EPARSE, "'1e999'");
  refused("0x10\n", 1, IRL_EPARSE, "'0x10'");
  refused("1 2\n", 1, IRL_EPARSE, "'1 2'");
  refused("1, ,3\n", 3, IRL_EPARSE, "value 2: ''");
  refused(" \n", 1, IRL_EDIM, "line 1 has 0 values");
  refused("1-2\n", 1, IRL_EPARSE, "'1-2'");
  refused("1,\n", 2, IRL_EPARSE, "value 2: ''");
  refused("\"1\"\n", 1, IRL_EPARSE, "'\"1\"'");
  CHECK(read_bytes("1\0,2\n", 5, 2) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, "zero byte");
}

static void needs_the_file(void) {
  CHECK(cli_csv_read("nowhere/none.csv", 1, "actuator", &rows, &nrows, &info) == IRL_ENOENT);
  CHECK_CONTAINS(info.text, "nowhere/none.csv");
}

TESTS(TEST(reads_rows), TEST(keeps_every_bit), TEST(refuses_wrong_widths),
      TEST(refuses_what_is_no_number), TEST(needs_the_file))
