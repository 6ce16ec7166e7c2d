#define GL_GLEXT_PROTOTYPES
#include <GL/gl.h>
#include <GL/glext.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "viewer/theme.h"
#include "viewer/window_internal.h"

//---------------------------------- Panels --------------------------------------------------------

// True when the panel must be drawn again: it has another size or other words than now.
static bool renew(irl_panel* panel, int width, int height, const char* text) {
  width = width < 1 ? 1 : width;
  height = height < 1 ? 1 : height;
  bool same_size = panel->canvas.width == width && panel->canvas.height == height;
  if (same_size && strcmp(panel->text, text) == 0) {
    return false;
  }
  if (!same_size) {
    irl_canvas_destroy(&panel->canvas);
    if (irl_canvas_create(&panel->canvas, width, height) != IRL_OK) {
      return false;  // nothing is laid over; the picture below goes on
    }
  }
  (void)snprintf(panel->text, sizeof panel->text, "%s", text);
  irl_canvas_clear(&panel->canvas, (irl_ink){0});
  return true;
}

// Lays the panel over the window with its top left corner at (x, y), y down.
static void lay(const irl_window* window, const irl_panel* panel, int x, int y) {
  if (panel->canvas.rgba == NULL || x < 0 || y < 0) {
    return;
  }
  glPixelZoom(1.0F, -1.0F);
  glWindowPos2i(x, window->height - y);
  glDrawPixels(panel->canvas.width, panel->canvas.height, GL_RGBA, GL_UNSIGNED_BYTE,
               panel->canvas.rgba);
  glPixelZoom(1.0F, 1.0F);
}

static void lay_title(irl_window* window, int tile_number, int group, const irl_moment* moment) {
  const irl_tile* tile = &window->show.layout.tile[tile_number];
  irl_panel* panel = &window->title[tile_number];
  const char* name = window->show.motion.replay->groups[group].name;
  char caption[160], text[256];
  irl_show_caption(&window->show, group, moment, caption, sizeof caption);
  (void)snprintf(text, sizeof text, "%.80s\n%s", name, caption);
  if (renew(panel, tile->width, tile->head, text)) {
    irl_box box = {0.0, 0.0, tile->width, tile->head};
    irl_draw_title(&panel->canvas, box, window->show.layout.unit, name, caption);
  }
  lay(window, panel, tile->x, tile->y);
}

static void lay_bar(irl_window* window) {
  const irl_layout* layout = &window->show.layout;
  int top = (int)(layout->bar.y - 12.0 * layout->unit);
  if (layout->bar.width > 0.0) {
    if (renew(&window->bar, layout->width, layout->height - top, "bar")) {
      irl_draw_bar(&window->bar.canvas, &window->show, 0.0, top,
                   irl_task_get(window->show.motion.replay->task)->name);
    }
    lay(window, &window->bar, 0, top);
  }
}

// A short message while there is one, else time, step, speed and focus.
static void lay_status(irl_window* window) {
  const irl_layout* layout = &window->show.layout;
  char text[256];
  if (glfwGetTime() < window->notice_until) {
    (void)snprintf(text, sizeof text, "%s", window->notice);
  } else {
    char focus[32] = "";
    if (window->focus >= 0) {
      (void)snprintf(focus, sizeof focus, "   rollout %d", window->focus);
    }
    (void)snprintf(text, sizeof text, "t = %.2f s   step %d / %d   %g\xC3\x97%s%s",
                   fmin(window->time, irl_window_duration(window)), irl_window_step(window),
                   window->show.motion.steps, window->speed, focus,
                   window->paused ? "   paused" : "");
  }
  int height = (int)(22.0 * layout->unit) + 2, width = layout->width - (int)(40.0 * layout->unit);
  if (renew(&window->status, width, height, text)) {
    irl_pen pen = {fmax(10.0, 14.5 * layout->unit), 1.0, IRL_ALIGN_LEFT, IRL_THEME_TEXT};
    irl_canvas_text(&window->status.canvas, 0.0, 0.72 * height, &pen, text);
  }
  lay(window, &window->status, (int)(20.0 * layout->unit), layout->height - height);
}

//---------------------------------- Help ----------------------------------------------------------

static const char* const KEYS[][2] = {
    {"Space", "pause, play"},
    {"\xE2\x86\x90  \xE2\x86\x92", "one step back, forward"},
    {"+  -", "faster, slower"},
    {"Backspace", "from the beginning"},
    {"Tab, Shift-Tab", "next, last rollout in focus"},
    {"1 ... 9", "show, hide a group"},
    {"Drag left, right", "turn, move the view"},
    {"Wheel", "zoom"},
    {"[  ]", "cameras of the model"},
    {"Esc", "free camera, all rollouts"},
    {"Ctrl-P", "picture to a file"},
    {"F1", "this help"},
    {"Ctrl-Q", "quit"},
};

static void lay_help(irl_window* window) {
  enum { ROWS = sizeof KEYS / sizeof KEYS[0] };
  double unit = window->show.layout.unit;
  int width = (int)(440.0 * unit), height = (int)((ROWS * 26.0 + 40.0) * unit);
  if (renew(&window->keys, width, height, "help")) {
    irl_canvas* canvas = &window->keys.canvas;
    irl_ink ground = IRL_THEME_PAGE;
    ground.a = 0.93F;
    irl_canvas_box(canvas, (irl_box){0, 0, width, height}, 12.0 * unit, ground);
    irl_pen key = {fmax(9.0, 16.0 * unit), 1.25, IRL_ALIGN_LEFT, IRL_THEME_TITLE};
    irl_pen what = {fmax(9.0, 16.0 * unit), 1.0, IRL_ALIGN_LEFT, IRL_THEME_TEXT};
    for (int k = 0; k < ROWS; k++) {
      double y = (38.0 + 26.0 * k) * unit;
      irl_canvas_text(canvas, 24.0 * unit, y, &key, KEYS[k][0]);
      irl_canvas_text(canvas, 190.0 * unit, y, &what, KEYS[k][1]);
    }
  }
  lay(window, &window->keys, (window->width - width) / 2, (window->height - height) / 2);
}

//---------------------------------- Public --------------------------------------------------------

void irl_window_overlay(irl_window* window, const int* shown) {
  irl_moment moment = {.step = irl_window_step(window), .focus = window->focus};
  glPushAttrib(GL_ALL_ATTRIB_BITS);
  glViewport(0, 0, window->width, window->height);
  glDisable(GL_LIGHTING);
  glDisable(GL_DEPTH_TEST);
  glDisable(GL_FOG);
  glDisable(GL_TEXTURE_2D);
  glEnable(GL_BLEND);
  glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA);  // panels are premultiplied
  for (int i = 0; i < window->show.layout.ntiles; i++) {
    lay_title(window, i, shown[i], &moment);
  }
  lay_bar(window);
  lay_status(window);
  if (window->help) {
    lay_help(window);
  }
  glPopAttrib();
}

void irl_window_panels_fini(irl_window* window) {
  for (int i = 0; i < IRL_GROUPS_MAX; i++) {
    irl_canvas_destroy(&window->title[i].canvas);
  }
  irl_canvas_destroy(&window->bar.canvas);
  irl_canvas_destroy(&window->status.canvas);
  irl_canvas_destroy(&window->keys.canvas);
}
