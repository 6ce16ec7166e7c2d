// Parts of a command line that is kept beside what it made, to be given to a POSIX shell again.
#ifndef MJIRL_CLI_RETELL_H_
#define MJIRL_CLI_RETELL_H_

#include <stdio.h>

// Each writes a space first. Words are quoted where a shell would read them otherwise.
void cli_retell_word(FILE* out, const char* word);

// A file or folder by its name alone: where it lies is the affair of one machine.
void cli_retell_file(FILE* out, const char* path);

// A bundled name or a file; one that would pass for a bundled name without its folder gets "./".
void cli_retell_task(FILE* out, const char* task);

// key=value of a task, its model by the file's name.
void cli_retell_setting(FILE* out, const char* setting);

#endif  // MJIRL_CLI_RETELL_H_
