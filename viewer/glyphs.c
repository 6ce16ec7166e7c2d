#include "viewer/glyphs.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

// Paths: M x y moves, L x y draws a line, A cx cy rx ry from to draws an elliptic arc (degrees,
// counter-clockwise when to > from) after a line to its start, Q cx cy x y a quadratic curve, a
// semicolon lifts the pen.
typedef struct glyph {
  unsigned code;
  double width;  // of the ink, without the pen's thickness
  const char* path;
} glyph;

#define BOWL "A 4.3 5 4.3 5 0 360"
#define SPACING 3.6  // between the ink of neighbours
#define FIGURE 8.6   // ink width of all digits, so that numbers line up

// Ordered by code.
static const glyph GLYPHS[] = {
    {' ', 2.4, ""},
    {'!', 0.0, "M 0 14 L 0 4.6 ; M 0 0.2 L 0 0.3"},
    {'"', 3.0, "M 0 14 L 0 10.4 ; M 3 14 L 3 10.4"},
    {'#', 9.0, "M 3.4 14 L 1.8 0 ; M 7.2 14 L 5.6 0 ; M 0.4 9.6 L 9 9.6 ; M 0 4.4 L 8.6 4.4"},
    {'$', 8.0, "A 4 10.2 3.7 3 30 270 A 4 3.8 4 3.4 90 -150 ; M 4 15.4 L 4 -1.6"},
    {'%', 12., "A 2.6 11 2.6 3 0 360 ; A 9.4 3 2.6 3 0 360 ; M 10.4 14 L 1.6 0"},
    {'&', 10.,
     "M 10 0 L 2.3 9 A 4.3 11.2 2.7 2.8 225 -60 L 2 6.6 A 3.9 3.6 3.9 3.6 125 300 L 9.6 6.4"},
    {'\'', 0.0, "M 0 14 L 0 10.4"},
    {'(', 2.6, "M 2.6 15 Q -2.6 5.6 2.6 -3.6"},
    {')', 2.6, "M 0 15 Q 5.2 5.6 0 -3.6"},
    {'*', 6.0, "M 3 14 L 3 8 ; M 0.4 12.5 L 5.6 9.5 ; M 0.4 9.5 L 5.6 12.5"},
    {'+', FIGURE, "M 4.3 2 L 4.3 10.4 ; M 0.1 6.2 L 8.5 6.2"},
    {',', 0.8, "M 0.8 0.3 L 0 -2.4"},
    {'-', 5.0, "M 0 5.4 L 5 5.4"},
    {'.', 0.0, "M 0 0.1 L 0 0.2"},
    {'/', 6.0, "M 0 -2 L 6 15"},
    {'0', FIGURE, "A 4.3 7 4.3 7 0 360"},
    {'1', FIGURE, "M 1.4 11.2 L 5 14 L 5 0"},
    {'2', FIGURE, "A 4.2 10 3.9 4 165 -35 L 0.3 0 L 8.5 0"},
    {'3', FIGURE, "A 4.1 10.5 3.6 3.5 150 -90 A 4.1 3.6 4.2 3.6 90 -150"},
    {'4', FIGURE, "M 6.4 0 L 6.4 14 L 0 4 L 8.6 4"},
    {'5', FIGURE, "M 7.6 14 L 1.7 14 L 1.1 7.7 A 4.1 4.5 4.3 4.5 130 -150"},
    {'6', FIGURE, "A 4.3 4.4 4.2 4.4 0 360 ; M 6.6 14 Q 0.5 10.6 0.1 4.4"},
    {'7', FIGURE, "M 0.2 14 L 8.4 14 L 3 0"},
    {'8', FIGURE, "A 4.3 10.5 3.5 3.5 0 360 ; A 4.3 3.6 4.2 3.6 0 360"},
    {'9', FIGURE, "A 4.3 9.6 4.2 4.4 0 360 ; M 2 0 Q 8.1 3.4 8.5 9.6"},
    {':', 0.0, "M 0 0.6 L 0 0.7 ; M 0 8.6 L 0 8.7"},
    {';', 0.8, "M 0.8 0.3 L 0 -2.4 ; M 0.8 8.6 L 0.8 8.7"},
    {'<', 7.6, "M 7.6 10.2 L 0 6.2 L 7.6 2.2"},
    {'=', FIGURE, "M 0.1 8.2 L 8.5 8.2 ; M 0.1 4.2 L 8.5 4.2"},
    {'>', 7.6, "M 0 10.2 L 7.6 6.2 L 0 2.2"},
    {'?', 7.0, "A 3.5 10.4 3.5 3.6 160 -40 L 3.6 6.6 L 3.6 4.6 ; M 3.6 0.2 L 3.6 0.3"},
    {'@', 13.,
     "A 6.6 5.6 2.8 3 0 360 ; M 9.4 8.6 L 9.4 4.4 A 11.2 4.4 1.8 1.8 180 360 L 13 6 A 6.5 6 "
     "6.5 7.4 0 305"},
    {'A', 11., "M 0 0 L 5.5 14 L 11 0 ; M 2 4.8 L 9 4.8"},
    {'B', 8.6,
     "M 0 7.4 L 4.6 7.4 A 4.6 10.7 3.3 3.3 -90 90 L 0 14 L 0 0 L 4.9 0 A 4.9 3.7 3.7 3.7 "
     "-90 90"},
    {'C', 10.2, "A 6 7 6 7 48 312"},
    {'D', 10.2, "M 0 0 L 0 14 L 4 14 A 4 7 6.2 7 90 -90 L 0 0"},
    {'E', 7.6, "M 7.6 14 L 0 14 L 0 0 L 7.6 0 ; M 0 7.3 L 6.6 7.3"},
    {'F', 7.4, "M 7.4 14 L 0 14 L 0 0 ; M 0 7 L 6.4 7"},
    {'G', 11.6, "A 6 7 6 7 48 270 A 6 5.8 5.6 5.8 270 360 L 11.6 6.6 L 7 6.6"},
    {'H', 9.6, "M 0 0 L 0 14 ; M 9.6 0 L 9.6 14 ; M 0 7.2 L 9.6 7.2"},
    {'I', 0.0, "M 0 0 L 0 14"},
    {'J', 5.5, "M 5.5 14 L 5.5 3.4 A 2.4 3.4 3.1 3.4 0 -150"},
    {'K', 9.2, "M 0 0 L 0 14 ; M 9 14 L 0 5 ; M 3.2 8.2 L 9.2 0"},
    {'L', 7.0, "M 0 14 L 0 0 L 7 0"},
    {'M', 12., "M 0 0 L 0 14 L 6 5 L 12 14 L 12 0"},
    {'N', 9.8, "M 0 0 L 0 14 L 9.8 0 L 9.8 14"},
    {'O', 12.4, "A 6.2 7 6.2 7 0 360"},
    {'P', 8.4, "M 0 0 L 0 14 L 4.4 14 A 4.4 10.2 4 3.8 90 -90 L 0 6.4"},
    {'Q', 12.4, "A 6.2 7 6.2 7 0 360 ; M 8 3.4 L 12 -0.6"},
    {'R', 8.8, "M 0 0 L 0 14 L 4.4 14 A 4.4 10.2 4 3.8 90 -90 L 0 6.4 ; M 4.6 6.4 L 8.8 0"},
    {'S', 8.0, "A 4 10.6 3.7 3.4 32 270 A 4 3.6 4 3.6 90 -150"},
    {'T', 9.6, "M 0 14 L 9.6 14 ; M 4.8 14 L 4.8 0"},
    {'U', 9.4, "M 0 14 L 0 4.7 A 4.7 4.7 4.7 4.7 180 360 L 9.4 14"},
    {'V', 10.6, "M 0 14 L 5.3 0 L 10.6 14"},
    {'W', 15., "M 0 14 L 3.9 0 L 7.5 12 L 11.1 0 L 15 14"},
    {'X', 9.6, "M 0 14 L 9.6 0 ; M 9.6 14 L 0 0"},
    {'Y', 10., "M 0 14 L 5 6.6 L 10 14 ; M 5 6.6 L 5 0"},
    {'Z', 9.0, "M 0 14 L 9 14 L 0 0 L 9 0"},
    {'[', 2.8, "M 2.8 15 L 0 15 L 0 -3.6 L 2.8 -3.6"},
    {'\\', 6.0, "M 0 15 L 6 -2"},
    {']', 2.8, "M 0 15 L 2.8 15 L 2.8 -3.6 L 0 -3.6"},
    {'^', 7.0, "M 0 9.4 L 3.5 14 L 7 9.4"},
    {'_', 8.6, "M 0 -2 L 8.6 -2"},
    {'`', 2.0, "M 0 14 L 2 11.6"},
    {'a', 8.6, BOWL " ; M 8.6 10 L 8.6 0"},
    {'b', 8.6, BOWL " ; M 0 14.6 L 0 0"},
    {'c', 7.5, "A 4.4 5 4.4 5 46 314"},
    {'d', 8.6, BOWL " ; M 8.6 14.6 L 8.6 0"},
    {'e', 8.6, "M 0.2 5.2 L 8.6 5.2 A 4.3 5 4.3 5 2 318"},
    {'f', 4.8, "A 4.6 11.6 2.9 2.9 72 180 L 1.7 0 ; M -0.6 10 L 4.8 10"},
    {'g', 8.6, BOWL " ; M 8.6 10 L 8.6 -0.4 A 4.3 -0.4 4.3 3.9 0 -150"},
    {'h', 7.8, "M 0 14.6 L 0 0 ; M 0 5.8 A 3.9 6.1 3.9 3.9 180 0 L 7.8 0"},
    {'i', 0.0, "M 0 10 L 0 0 ; M 0 13.7 L 0 13.8"},
    {'j', 1.4, "M 1.4 10 L 1.4 -1.4 A -1.2 -1.4 2.6 2.8 0 -85 ; M 1.4 13.7 L 1.4 13.8"},
    {'k', 7.2, "M 0 14.6 L 0 0 ; M 6.8 10 L 0 3.6 ; M 2.6 6 L 7.2 0"},
    {'l', 2.2, "M 0 14.6 L 0 2.2 A 2.2 2.2 2.2 2.2 180 275"},
    {'m', 12.8,
     "M 0 10 L 0 0 ; M 0 6.4 A 3.2 6.7 3.2 3.3 180 0 L 6.4 0 ; M 6.4 6.4 A 9.6 6.7 3.2 3.3 "
     "180 0 L 12.8 0"},
    {'n', 7.8, "M 0 10 L 0 0 ; M 0 5.8 A 3.9 6.1 3.9 3.9 180 0 L 7.8 0"},
    {'o', 9.0, "A 4.5 5 4.5 5 0 360"},
    {'p', 8.6, BOWL " ; M 0 10 L 0 -4.2"},
    {'q', 8.6, BOWL " ; M 8.6 10 L 8.6 -4.2"},
    {'r', 4.4, "M 0 10 L 0 0 ; M 0 5.6 A 4 5.9 4 4.1 180 82"},
    {'s', 6.4, "A 3.2 7.5 3 2.5 28 270 A 3.2 2.5 3.2 2.5 90 -152"},
    {'t', 4.8, "M 1.8 13 L 1.8 2.6 A 4.2 2.6 2.4 2.6 180 285 ; M -0.4 10 L 4.8 10"},
    {'u', 7.8, "M 0 10 L 0 3.9 A 3.9 3.9 3.9 3.9 180 360 L 7.8 10 ; M 7.8 10 L 7.8 0"},
    {'v', 8.2, "M 0 10 L 4.1 0 L 8.2 10"},
    {'w', 12., "M 0 10 L 3.1 0 L 6 8.8 L 8.9 0 L 12 10"},
    {'x', 7.6, "M 0 10 L 7.6 0 ; M 7.6 10 L 0 0"},
    {'y', 8.2, "M 0 10 L 4.1 0 ; M 8.2 10 L 2.6 -4.2"},
    {'z', 7.2, "M 0 10 L 7 10 L 0 0 L 7.2 0"},
    {'{', 3.4,
     "M 3.4 15 Q 1.4 15 1.4 12.6 L 1.4 8 Q 1.4 5.8 0 5.8 Q 1.4 5.8 1.4 3.6 L 1.4 -1.2 Q 1.4 "
     "-3.6 3.4 -3.6"},
    {'|', 0.0, "M 0 15 L 0 -3.6"},
    {'}', 3.4, "M 0 15 Q 2 15 2 12.6 L 2 8 Q 2 5.8 3.4 5.8 Q 2 5.8 2 3.6 L 2 -1.2 Q 2 -3.6 0 -3.6"},
    {'~', 8.4, "M 0 5.4 Q 2.2 8.4 4.2 6.2 Q 6.2 4 8.4 7"},
    {0x00B0, 4.6, "A 2.3 11.7 2.3 2.3 0 360"},  // degree
    {0x00B1, FIGURE,
     "M 4.3 3.6 L 4.3 11 ; M 0.1 7.4 L 8.5 7.4 ; M 0.1 0.6 L 8.5 0.6"},            // plus-minus
    {0x00B2, 4.6, "A 2.3 11.8 2.1 2.2 160 -35 L 0.2 6.4 L 4.6 6.4"},               // squared
    {0x00B3, 4.6, "A 2.2 12 2 2 150 -90 A 2.2 8.4 2.3 2 90 -150"},                 // cubed
    {0x00B7, 0.0, "M 0 5.6 L 0 5.7"},                                              // middle dot
    {0x00D7, 7.0, "M 0 9.6 L 7 2.6 ; M 7 9.6 L 0 2.6"},                            // times
    {0x03B8, 8.0, "A 4 7 4 7 0 360 ; M 0.1 7 L 7.9 7"},                            // theta
    {0x03C4, 8.0, "M 0 10 L 8 10 ; M 3.6 10 L 3.6 2.4 A 6 2.4 2.4 2.4 180 290"},   // tau
    {0x2013, 8.0, "M 0 5.6 L 8 5.6"},                                              // en dash
    {0x2014, 14., "M 0 5.6 L 14 5.6"},                                             // em dash
    {0x2026, 8.4, "M 0 0.1 L 0 0.2 ; M 4.2 0.1 L 4.2 0.2 ; M 8.4 0.1 L 8.4 0.2"},  // ellipsis
    {0x2190, 11., "M 4 10.4 L 0 6.2 L 4 2 ; M 0 6.2 L 11 6.2"},                    // left arrow
    {0x2192, 11., "M 7 10.4 L 11 6.2 L 7 2 ; M 11 6.2 L 0 6.2"},                   // right arrow
    {0x2212, FIGURE, "M 0.6 6.2 L 8 6.2"},                                         // minus
    {0x2264, 8.0, "M 8 12 L 0 8 L 8 4 ; M 0 0.8 L 8 0.8"},                         // at most
    {0x2265, 8.0, "M 0 12 L 8 8 L 0 4 ; M 0 0.8 L 8 0.8"},                         // at least
};

static const glyph UNKNOWN = {0xFFFD, 7.0, "M 0 0 L 0 12 L 7 12 L 7 0 L 0 0"};

unsigned irl_utf8_next(const char** text) {
  const unsigned char* s = (const unsigned char*)*text;
  if (s[0] == 0) {
    return 0;
  }
  int more = s[0] < 0x80 ? 0 : s[0] >= 0xF0 ? 3 : s[0] >= 0xE0 ? 2 : s[0] >= 0xC0 ? 1 : -1;
  if (more < 0 || s[0] > 0xF4) {
    *text += 1;
    return 0xFFFD;
  }
  unsigned code = more == 0 ? s[0] : s[0] & (0x3FU >> more);
  for (int k = 1; k <= more; k++) {
    if ((s[k] & 0xC0) != 0x80) {  // also stops at the end of the text
      *text += k;
      return 0xFFFD;
    }
    code = code << 6 | (s[k] & 0x3F);
  }
  *text += more + 1;
  return code;
}

// Binary search; the box for unknown characters.
static const glyph* find(unsigned code) {
  size_t lo = 0, hi = sizeof GLYPHS / sizeof GLYPHS[0];
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (GLYPHS[mid].code < code) {
      lo = mid + 1;
    } else {
      hi = mid;
    }
  }
  return lo < sizeof GLYPHS / sizeof GLYPHS[0] && GLYPHS[lo].code == code ? &GLYPHS[lo] : &UNKNOWN;
}

double irl_glyph_advance(unsigned code) {
  return find(code)->width + SPACING;
}

// The pen while a path is read.
typedef struct pen {
  bool down;
  double x, y;
  irl_glyph_line line;
  void* arg;
} pen;

// Moves the pen there, with a line when it is down, and lowers it.
static void draw_to(pen* p, double x, double y) {
  if (p->down) {
    p->line(p->arg, p->x, p->y, x, y);
  }
  p->down = true;
  p->x = x;
  p->y = y;
}

static void draw_arc(pen* p, const double v[6]) {
  const double degree = 3.14159265358979323846 / 180.0;
  int pieces = (int)ceil(fabs(v[5] - v[4]) / 12.0);
  for (int k = 0; k <= pieces; k++) {
    double angle = (v[4] + (v[5] - v[4]) * k / pieces) * degree;
    draw_to(p, v[0] + v[2] * cos(angle), v[1] + v[3] * sin(angle));
  }
}

static void draw_curve(pen* p, const double v[4]) {
  enum { PIECES = 8 };
  double x0 = p->x, y0 = p->y;
  for (int k = 1; k <= PIECES; k++) {
    double t = (double)k / PIECES, s = 1.0 - t;
    draw_to(p, s * s * x0 + 2 * s * t * v[0] + t * t * v[2],
            s * s * y0 + 2 * s * t * v[1] + t * t * v[3]);
  }
}

// Not strtod, which reads what the host's locale calls a decimal point.
static const char* read_number(const char* path, double* out) {
  double value = 0.0, place = 0.0;
  while (*path == ' ') {
    path++;
  }
  double sign = *path == '-' ? -1.0 : 1.0;
  path += *path == '-';
  for (; (*path >= '0' && *path <= '9') || *path == '.'; path++) {
    if (*path == '.') {
      place = 1.0;
      continue;
    }
    place *= 0.1;
    value = place > 0.0 ? value + place * (*path - '0') : value * 10.0 + (*path - '0');
  }
  *out = sign * value;
  return path;
}

static const char* read_numbers(const char* path, double* out, int n) {
  for (int k = 0; k < n; k++) {
    path = read_number(path, &out[k]);
  }
  return path;
}

void irl_glyph_strokes(unsigned code, irl_glyph_line line, void* arg) {
  pen p = {.line = line, .arg = arg};
  double v[6];
  for (const char* path = find(code)->path; *path != 0;) {
    switch (*path++) {
      case ';':
        p.down = false;
        break;
      case 'M':
        path = read_numbers(path, v, 2);
        p.down = false;
        draw_to(&p, v[0], v[1]);
        break;
      case 'L':
        path = read_numbers(path, v, 2);
        draw_to(&p, v[0], v[1]);
        break;
      case 'A':
        path = read_numbers(path, v, 6);
        draw_arc(&p, v);
        break;
      case 'Q':
        path = read_numbers(path, v, 4);
        draw_curve(&p, v);
        break;
      default:  // a space
        break;
    }
  }
}
