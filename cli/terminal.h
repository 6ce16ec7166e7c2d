// The program's two ways to the person in front of it: messages with a progress line, and signals.
#ifndef MJIRL_CLI_TERMINAL_H_
#define MJIRL_CLI_TERMINAL_H_

#include <stdbool.h>

#include "base/log.h"

typedef struct cli_terminal {
  bool live;       // stderr is a terminal: there is a progress line
  bool shown;      // the progress line stands on the screen
  int columns;     // width of the terminal
  double start;    // [s]
  double last;     // when the progress line was last drawn [s]
  char text[256];  // newest progress line
} cli_terminal;

void cli_terminal_init(cli_terminal* terminal);

// Ends the progress line, so that whatever follows starts on a line of its own.
void cli_terminal_fini(cli_terminal* terminal);

// A host that writes to the terminal; stops asks it to catch SIGINT and SIGTERM: the first one asks
// the work to stop, the second one ends the program at once.
irl_host cli_terminal_host(cli_terminal* terminal, bool stops);

// "mjirl: <sentence>" on stderr, one line whatever the sentence holds.
void cli_print_error(const char* sentence);

#endif  // MJIRL_CLI_TERMINAL_H_
