// The cost over time: the timeline painted as a heat strip for each group, and over it a figure of
// the same values as curves, both along the same time axis.
#ifndef MJIRL_VIEWER_CHART_H_
#define MJIRL_VIEWER_CHART_H_

#include "viewer/canvas.h"
#include "viewer/layout.h"

struct irl_show;
struct irl_moment;

#define IRL_CHART_LOW 66.0    // height with the heat strips alone [design pixels]
#define IRL_CHART_TALL 168.0  // with the figure over them

// In pixels of the whole picture, y down.
typedef struct irl_chart {
  irl_box plot;                   // of the figure; height 0: none
  irl_box strip[IRL_GROUPS_MAX];  // heat strip of each visible group
  int nstrips;
  double x, width;  // of the time axis, from the first step's beginning to the last one's end
  int steps;        // most steps of any rollout
} irl_chart;

// Where its parts stand in the show's layout.
void irl_chart_place(irl_chart* chart, const struct irl_show* show);

// Place of a step's beginning [pixels], and the step at a place, clamped to 0 .. steps. Both may be
// fractions.
double irl_chart_x(const irl_chart* chart, double step);
double irl_chart_step(const irl_chart* chart, double x);

// Draws all that does not change from moment to moment, on a canvas whose corner is at (x, y) of
// the picture. focus: rollout that stands out, or -1.
void irl_chart_draw(irl_canvas* canvas, const struct irl_show* show, const irl_chart* chart,
                    int focus, double x, double y);

// Draws the cursor at a moment; x and y as above, unit as in irl_layout.
void irl_chart_cursor(irl_canvas* canvas, const irl_chart* chart, double step, double x, double y,
                      double unit);

// Colour of a group's curve.
irl_ink irl_chart_ink(int group);

#endif  // MJIRL_VIEWER_CHART_H_
