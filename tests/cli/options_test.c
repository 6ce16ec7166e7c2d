// The option parser: what it takes, and one clear sentence for everything that it does not.
#include "cli/options.h"

#include "test.h"

typedef struct sample_args {
  bool json;
  const char* out;
  const char* source;
  cli_texts set;
  int n;
  uint64_t seed;
  int algo;
  cli_pixels size;
  cli_span span;
} sample_args;

static const char* const algos[] = {"gcl", "gcl-q", NULL};

static const cli_option table[] = {
    {.kind = CLI_TEXT,
     .metavar = "TASK",
     .help = "task",
     .offset = offsetof(sample_args, source),
     .required = true},
    {.kind = CLI_TEXT,
     .name = "out",
     .letter = 'o',
     .metavar = "DIR",
     .help = "output",
     .offset = offsetof(sample_args, out),
     .required = true},
    {.kind = CLI_FLAG, .name = "json", .help = "json", .offset = offsetof(sample_args, json)},
    {.kind = CLI_SETTINGS,
     .name = "set",
     .metavar = "key=value",
     .help = "setting",
     .offset = offsetof(sample_args, set)},
    {.kind = CLI_INT,
     .letter = 'n',
     .metavar = "N",
     .help = "number",
     .offset = offsetof(sample_args, n),
     .lo = 1,
     .hi = 1000},
    {.kind = CLI_U64,
     .name = "seed",
     .metavar = "N",
     .help = "seed",
     .offset = offsetof(sample_args, seed)},
    {.kind = CLI_CHOICE,
     .name = "algo",
     .metavar = "A",
     .help = "algorithm",
     .offset = offsetof(sample_args, algo),
     .choices = algos},
    {.kind = CLI_PIXELS,
     .name = "size",
     .metavar = "WxH",
     .help = "size",
     .offset = offsetof(sample_args, size)},
    {.kind = CLI_SPAN,
     .name = "episodes",
     .metavar = "A-B",
     .help = "span",
     .offset = offsetof(sample_args, span)},
    {.help = NULL},
};

enum { MAX_WORDS = 32 };

static sample_args args;
static irl_errinfo info;
static bool help;

// parse splits the line at spaces; '_' stands for an empty word.
static irl_err parse(const char* line) {
  static char text[512];
  char* words[MAX_WORDS];
  int n = 0;
  snprintf(text, sizeof text, "%s", line);
  for (char* word = strtok(text, " "); word != NULL && n < MAX_WORDS; word = strtok(NULL, " ")) {
    words[n++] = strcmp(word, "_") == 0 ? word + 1 : word;
  }
  args = (sample_args){.n = 20, .algo = 0};
  info = (irl_errinfo){0};
  return cli_options_parse(table, "demo", n, words, &args, &help, &info);
}

// refused checks that the line is refused with a sentence that holds `part`.
static void refused(const char* line, const char* part) {
  if (parse(line) != IRL_EPARSE) {
    printf("not refused: %s\n", line);
    CHECK(false);
    return;
  }
  CHECK_CONTAINS(info.text, part);
  CHECK_CONTAINS(info.text, ": ");
  CHECK_CONTAINS(info.text, "; ");
  CHECK(strchr(info.text, '\n') == NULL);
}

static void takes_all_spellings(void) {
  CHECK_OK(parse("reacher --out a --seed 18446744073709551615 -n 7 --size 640x480 --json"));
  CHECK(strcmp(args.source, "reacher") == 0 && strcmp(args.out, "a") == 0);
  CHECK(args.seed == UINT64_MAX && args.n == 7 && args.json);
  CHECK(args.size.width == 640 && args.size.height == 480);
  CHECK_OK(parse("--out=a=b -n7 --episodes=3-9 reacher --algo gcl-q"));
  CHECK(strcmp(args.out, "a=b") == 0 && args.n == 7 && args.algo == 1 && !args.json);
  CHECK(args.span.given && args.span.first == 3 && args.span.last == 9);
  CHECK_OK(parse("-o a --episodes 4 -- --reacher"));
  CHECK(args.span.first == 4 && args.span.last == 4 && strcmp(args.source, "--reacher") == 0);
  CHECK_OK(parse("--out=--strange reacher"));
  CHECK(strcmp(args.out, "--strange") == 0);
}

static void keeps_defaults(void) {
  CHECK_OK(parse("reacher -o a"));
  CHECK(args.n == 20 && args.algo == 0 && args.seed == 0 && !args.span.given);
}

static void collects_repeated_texts(void) {
  CHECK_OK(parse("reacher -o a --set x=1 --set=y=2"));
  CHECK(args.set.count == 2);
  CHECK(strcmp(args.set.item[0], "x=1") == 0 && strcmp(args.set.item[1], "y=2") == 0);
  CHECK_OK(parse("reacher -o a --set domain.mass=1.5 --set x= --set x==..a --set x.y=.."));
  CHECK(args.set.count == 4);
}

static void finds_help_anywhere(void) {
  CHECK_OK(parse("--help"));
  CHECK(help);
  CHECK_OK(parse("reacher -h --nonsense"));
  CHECK(help);
  refused("--nonsense --help", "--nonsense");
  CHECK_OK(parse("-o a -- --help"));
  CHECK(!help && strcmp(args.source, "--help") == 0);
}

static void refuses_unknown_options(void) {
  refused("reacher -o a --seeed 3", "did you mean --seed?");
  refused("reacher -o a --ouput=3", "did you mean --out");
  refused("reacher -o a --zzzzzzzzzz", "'mjirl demo --help' lists all");
  refused("reacher -o a -x", "-x");
  refused("reacher -o a --see 1", "--see");  // no abbreviations
  refused("reacher -o a --SEED 1", "--SEED");
  refused("reacher -o a more", "more");
}

static void refuses_missing_and_repeated(void) {
  refused("-o a", "TASK: missing");
  refused("reacher", "--out: missing; add --out DIR");
  refused("reacher -o", "--out: its value is missing");
  refused("reacher --out --json", "'--json' is an option; write --out=DIR");
  refused("reacher -o a --seed 1 --seed 1", "--seed: given twice");
  refused("reacher -o a --json --json", "--json: given twice");
  refused("reacher -o a --json=1", "--json: takes no value");
  refused("reacher -o a --algo=", "--algo: the value is empty");
  refused("_ -o a", "TASK: the value is empty");
}

static void refuses_bad_values(void) {
  refused("reacher -o a -n 0", "-n: 0 is out of range; give 1 to 1000");
  refused("reacher -o a -n -5", "out of range");
  refused("reacher -o a -n 1001", "out of range");
  refused("reacher -o a -n 7x", "'7x' is not a whole number");
  refused("reacher -o a -n 7.0", "not a whole number");
  refused("reacher -o a -n 1e2", "not a whole number");
  refused("reacher -o a -n 99999999999999999999", "not a whole number");
  refused("reacher -o a --seed -1", "--seed: '-1' is not a whole number");
  refused("reacher -o a --seed +1", "not a whole number");
  refused("reacher -o a --seed 0x10", "not a whole number");
  refused("reacher -o a --seed 18446744073709551616", "not a whole number");
  refused("reacher -o a --algo sac", "'sac' is not known; give one of gcl, gcl-q");
  refused("reacher -o a --size 640", "not a size in pixels");
  refused("reacher -o a --size 640x", "not a size in pixels");
  refused("reacher -o a --size x480", "not a size in pixels");
  refused("reacher -o a --size 640x480x3", "not a size in pixels");
  refused("reacher -o a --size 0x480", "out of range");
  refused("reacher -o a --size 99999x480", "out of range");
  refused("reacher -o a --episodes 9-3", "runs backwards");
  refused("reacher -o a --episodes -3", "below 0");
  refused("reacher -o a --episodes 1-2-3", "not a range");
  refused("reacher -o a --set horizon", "--set: 'horizon' is not of the form key=value");
  refused("reacher -o a --set =3", "not of the form");
  refused("reacher -o a --set .mass=3", "not of the form");
  refused("reacher -o a --set domain.=3", "not of the form");
  refused("reacher -o a --set domain..mass=3", "not of the form");
}

static void limits_repeated_texts(void) {
  char* words[2 * CLI_MAX_TEXTS + 8];
  int n = 0;
  static char set[] = "--set=k=v";
  for (int i = 0; i <= CLI_MAX_TEXTS; i++) {
    words[n++] = set;
  }
  args = (sample_args){0};
  CHECK(cli_options_parse(table, "demo", n, words, &args, &help, &info) == IRL_EPARSE);
  CHECK_CONTAINS(info.text, "given too often");
}

static void long_words_stay_short_in_messages(void) {
  static char word[4000];
  memset(word, 'a', sizeof word - 1);
  word[0] = word[1] = '-';
  char* words[] = {word};
  args = (sample_args){0};
  CHECK(cli_options_parse(table, "demo", 1, words, &args, &help, &info) == IRL_EPARSE);
  CHECK(strlen(info.text) < 300);
}

static void help_names_every_row(void) {
  char* text = NULL;
  size_t size = 0;
  FILE* file = open_memstream(&text, &size);
  cli_options_usage(file, table, "demo");
  fputc('\n', file);
  cli_options_help(file, table);
  fclose(file);
  CHECK_CONTAINS(text, "mjirl demo TASK --out DIR [options]\n");
  CHECK_CONTAINS(text, "-o, --out DIR");
  CHECK_CONTAINS(text, "-n N ");
  CHECK_CONTAINS(text, "    --set key=value");
  CHECK_CONTAINS(text, "-h, --help");
  CHECK_CONTAINS(text, "\nArguments:\n  TASK");
  free(text);
}

TESTS(TEST(takes_all_spellings), TEST(keeps_defaults), TEST(collects_repeated_texts),
      TEST(finds_help_anywhere), TEST(refuses_unknown_options), TEST(refuses_missing_and_repeated),
      TEST(refuses_bad_values), TEST(limits_repeated_texts),
      TEST(long_words_stay_short_in_messages), TEST(help_names_every_row))
