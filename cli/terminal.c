#include "cli/terminal.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/pool.h"
#include "cli/cli.h"

// A signal handler reaches nothing but globals: this one is the program's only one.
static atomic_bool stop_requested;

static const double redraw_interval = 0.1;  // [s]

// on_signal asks for a stop; asked again it ends the program with the shell's code for the signal.
static void on_signal(int number) {
  if (atomic_exchange(&stop_requested, true)) {
    _exit(128 + number);
  }
}

// catch_signals restarts interrupted calls, so that no write in progress fails because of a signal.
static void catch_signals(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

// draw writes the progress line over itself, cut to the terminal's width so that it never wraps.
static void draw(cli_terminal* terminal) {
  char line[sizeof terminal->text + 32];
  snprintf(line, sizeof line, "%6.1f s  %s", irl_now() - terminal->start, terminal->text);
  fprintf(stderr, "\r%.*s\x1b[K", terminal->columns - 1, line);
  fflush(stderr);
  terminal->shown = true;
  terminal->last = irl_now();
}

// write_message is the sink of every message. Progress is for terminals only, and drawn ten times a
// second at most; what is merely interesting is left out where no person is looking.
static void write_message(void* user, irl_level level, const char* text) {
  cli_terminal* terminal = user;
  if (level == IRL_LOG_PROGRESS) {
    snprintf(terminal->text, sizeof terminal->text, "%s", text);
    if (terminal->live && irl_now() - terminal->last >= redraw_interval) {
      draw(terminal);
    }
    return;
  }
  if (level == IRL_LOG_INFO && !terminal->live) {
    return;
  }
  fprintf(stderr, "%s%s%s\n", terminal->shown ? "\r\x1b[K" : "",
          level == IRL_LOG_WARNING ? "mjirl: warning: " : "", text);
  terminal->shown = false;
}

void cli_terminal_init(cli_terminal* terminal) {
  struct winsize size = {0};
  *terminal = (cli_terminal){.live = isatty(STDERR_FILENO) == 1, .columns = 80, .start = irl_now()};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) {
    terminal->columns = size.ws_col;
  }
}

void cli_terminal_fini(cli_terminal* terminal) {
  if (terminal->shown) {
    draw(terminal);
    fputc('\n', stderr);
    terminal->shown = false;
  }
}

irl_host cli_terminal_host(cli_terminal* terminal, bool stops) {
  irl_host host = {.sink = {.write = write_message, .user = terminal}};
  if (stops) {
    catch_signals();
    host.stop = &stop_requested;
  }
  return host;
}

irl_err cli_say_stopped(cli_context* cli, irl_err err, const char* what) {
  return err != IRL_ECANCELED
             ? err
             : irl_fail(&cli->info, err,
                        "%s: stopped before its end; nothing is saved, run it again", what);
}

void cli_print_error(const char* sentence) {
  fputs("mjirl: ", stderr);
  for (const char* c = sentence; *c != '\0'; c++) {
    const bool control = (unsigned char)*c < ' ' || *c == 0x7f;
    fputc(control ? '?' : *c, stderr);
  }
  fputc('\n', stderr);
}
