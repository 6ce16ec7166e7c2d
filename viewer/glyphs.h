// A single-stroke typeface of our own: each glyph is a few lines and arcs, to be drawn with a round
// pen at any size. Latin letters, digits, and the signs that numbers and units need.
#ifndef MJIRL_VIEWER_GLYPHS_H_
#define MJIRL_VIEWER_GLYPHS_H_

// Heights in glyph units above the baseline.
#define IRL_GLYPH_EM 20.0
#define IRL_GLYPH_CAP 14.0
#define IRL_GLYPH_X 10.0
#define IRL_GLYPH_DESCENT 4.4

// Receives one straight piece of a stroke, in glyph units, y up.
typedef void (*irl_glyph_line)(void* arg, double x0, double y0, double x1, double y1);

// Decodes one UTF-8 character and moves *text past it; 0 at the end, U+FFFD for a bad byte.
unsigned irl_utf8_next(const char** text);

// Width from this glyph's origin to the next one's.
double irl_glyph_advance(unsigned code);

// Emits the glyph's strokes with its left edge at x = 0; unknown characters are drawn as a box.
void irl_glyph_strokes(unsigned code, irl_glyph_line line, void* arg);

#endif  // MJIRL_VIEWER_GLYPHS_H_
