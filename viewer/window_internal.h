// The window's state, shared by its loop (window.c), its input (window_input.c) and what is laid
// over the picture (window_panels.c).
#ifndef MJIRL_VIEWER_WINDOW_INTERNAL_H_
#define MJIRL_VIEWER_WINDOW_INTERNAL_H_

#include "viewer/context.h"
#include "viewer/frame.h"

// A flat picture laid over the window, redrawn only when its words or its size change.
typedef struct irl_panel {
  irl_canvas canvas;
  char text[256];  // what it shows now
} irl_panel;

typedef struct irl_window {
  irl_context gl;
  irl_show show;
  const irl_host* host;
  int width, height;  // framebuffer [pixels]
  int frames;         // drawn so far

  bool paused;
  double speed;  // times real time
  double time;   // of the replay [s]
  int focus;     // rollout that stands out, or -1
  bool visible[IRL_GROUPS_MAX];
  bool help;
  bool rearrange;       // the tiles must be laid out again
  bool screenshot;      // one is due
  char notice[256];     // a short message, with the time until which it shows
  double notice_until;  // [s] of glfwGetTime

  double mouse_x, mouse_y;  // last position while dragging [window units]

  irl_panel title[IRL_GROUPS_MAX];
  irl_panel bar, status, keys;
} irl_window;

// Length of the replay [s], and the step shown now.
double irl_window_duration(const irl_window* window);
int irl_window_step(const irl_window* window);

// Installs the keys and the mouse; the callbacks reach the window by GLFW's user pointer.
void irl_window_listen(irl_window* window);

// Shows a message for a few seconds.
void irl_window_notify(irl_window* window, const char* text);

// Lays titles, colour bar, status line and help over the drawn tiles. shown (ntiles): group of a
// tile.
void irl_window_overlay(irl_window* window, const int* shown);
void irl_window_panels_fini(irl_window* window);

#endif  // MJIRL_VIEWER_WINDOW_INTERNAL_H_
