#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "base/json_internal.h"

enum { MAX_NAME = 64 };

static int min3(int a, int b, int c) {
  int m = a < b ? a : b;
  return m < c ? m : c;
}

static bool same_letter(char a, char b) {
  return tolower((unsigned char)a) == tolower((unsigned char)b);
}

// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours, by rows of
// the usual table.
int irl_name_distance(const char* a, const char* b) {
  int table[3][MAX_NAME + 1];  // the row, the one above it, and the one above that, in turn
  int na = (int)strnlen(a, MAX_NAME + 1);
  int nb = (int)strnlen(b, MAX_NAME + 1);
  if (na > MAX_NAME || nb > MAX_NAME) {
    return strcmp(a, b) == 0 ? 0 : MAX_NAME;
  }
  for (int j = 0; j <= nb; j++) {
    table[0][j] = j;
  }
  for (int i = 1; i <= na; i++) {
    int* row = table[i % 3];
    const int* above = table[(i + 2) % 3];
    const int* above2 = table[(i + 1) % 3];
    row[0] = i;
    for (int j = 1; j <= nb; j++) {
      bool same = same_letter(a[i - 1], b[j - 1]);
      row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + !same);
      if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]) &&
          above2[j - 2] + 1 < row[j]) {
        row[j] = above2[j - 2] + 1;
      }
    }
  }
  return table[na % 3][nb];
}

// About one mistake in two letters of a short word, three in a long one; a word that would have to
// change altogether is not near.
bool irl_name_is_near(const char* word, int distance) {
  int length = (int)strnlen(word, MAX_NAME);
  return distance <= (length < 3 ? 1 : length < 6 ? 2 : 3) && distance < length;
}

const char* irl_closest_name(const char* word, const char* const* names) {
  const char* best = NULL;
  int least = MAX_NAME;
  for (; *names != NULL; names++) {
    int distance = irl_name_distance(word, *names);
    if (distance < least && irl_name_is_near(word, distance)) {
      least = distance;
      best = *names;
    }
  }
  return best;
}
