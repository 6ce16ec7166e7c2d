#include <math.h>
#include <stdio.h>
#include <string.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "viewer/theme.h"
#include "viewer/window_internal.h"

//---------------------------------- Of the picture ------------------------------------------------

static void lay_title(irl_window* window, int tile_number, const irl_moment* moment) {
  const irl_tile* tile = &window->show.layout.tile[tile_number];
  irl_sheet* sheet = &window->title[tile_number];
  int group = window->show.shown[tile_number];
  const char* name = window->show.motion.replay->groups[group].name;
  char caption[160], text[IRL_SHEET_TEXT];
  irl_show_caption(&window->show, group, moment, caption, sizeof caption);
  (void)snprintf(text, sizeof text, "%.80s\n%s", name, caption);
  if (irl_sheet_renew(sheet, tile->width, tile->head, text)) {
    irl_box box = {0.0, 0.0, tile->width, tile->head};
    irl_draw_title(&sheet->canvas, box, window->show.layout.unit, name, caption);
  }
  irl_sheet_lay(sheet, window->height, tile->x, tile->y);
}

// Rounds the tiles' corners off: what lies outside of the circle is the page.
static void lay_corners(irl_window* window) {
  const irl_layout* l = &window->show.layout;
  int side = (int)ceil(l->radius) + 1;
  for (int c = 0; c < 4; c++) {
    if (irl_sheet_renew(&window->corner[c], side, side, "corner")) {
      irl_box box = {c % 2 == 0 ? 0.0 : side - 4.0 * side, c / 2 == 0 ? 0.0 : side - 4.0 * side,
                     4.0 * side, 4.0 * side};
      irl_canvas_frame(&window->corner[c].canvas, box, l->radius, IRL_THEME_PAGE);
    }
    for (int i = 0; i < l->ntiles; i++) {
      const irl_tile* tile = &l->tile[i];
      irl_sheet_lay(&window->corner[c], window->height, tile->x + (c % 2) * (tile->width - side),
                    tile->y + (c / 2) * (tile->height - side));
    }
  }
}

static void lay_bar(irl_window* window, const irl_moment* moment) {
  const irl_show* show = &window->show;
  const irl_layout* layout = &show->layout;
  int top = (int)(layout->bar.y - 12.0 * layout->unit);
  if (layout->bar.width <= 0.0) {
    return;
  }
  char text[IRL_SHEET_TEXT], note[96];
  (void)snprintf(text, sizeof text, "%d %.200s", window->generation,
                 irl_motion_quantity(&show->motion));
  if (irl_sheet_renew(&window->bar, layout->width - layout->left, layout->height - top, text)) {
    irl_draw_bar(&window->bar.canvas, show, layout->left, top);
  }
  irl_sheet_lay(&window->bar, window->height, layout->left, top);
  irl_show_note(show, moment, note, sizeof note);
  int width = (int)(0.2 * layout->width), height = (int)(30.0 * layout->unit);
  int x = layout->width - width;
  if (irl_sheet_renew(&window->note, width, height, note)) {
    irl_draw_note(&window->note.canvas, show, x, top, note);
  }
  irl_sheet_lay(&window->note, window->height, x, top);
}

// The chart is drawn anew when what it is of changes; its cursor each time it moves.
static void lay_chart(irl_window* window, const irl_moment* moment) {
  const irl_layout* l = &window->show.layout;
  irl_box box = l->chart;
  char text[IRL_SHEET_TEXT];
  if (box.height <= 0.0) {
    return;
  }
  (void)snprintf(text, sizeof text, "%d %d %u %.1f", window->generation, moment->focus,
                 irl_window_hidden(window), window->show.chart);
  if (irl_sheet_renew(&window->timeline, (int)box.width, (int)box.height, text)) {
    irl_chart_draw(&window->timeline.canvas, &window->show, &window->chart, moment->focus, box.x,
                   box.y);
  }
  irl_sheet_lay(&window->timeline, window->height, (int)box.x, (int)box.y);
  int width = (int)(8.0 * l->unit) + 2;
  double at = irl_chart_x(&window->chart, moment->step);
  int x = (int)at - width / 2;
  (void)snprintf(text, sizeof text, "%.2f %.1f", at - x, window->show.chart);
  if (irl_sheet_renew(&window->cursor, width, (int)box.height, text)) {
    irl_chart_cursor(&window->cursor.canvas, &window->chart, moment->step, x, box.y, l->unit);
  }
  irl_sheet_lay(&window->cursor, window->height, x, (int)box.y);
}

void irl_window_draw_words(irl_window* window) {
  irl_moment moment = irl_window_moment(window);
  irl_sheets_begin(window->width, window->height);
  lay_corners(window);
  for (int i = 0; i < window->show.layout.ntiles; i++) {
    lay_title(window, i, &moment);
  }
  lay_chart(window, &moment);
  lay_bar(window, &moment);
  irl_sheets_end();
}

//---------------------------------- Beside the picture --------------------------------------------

// Step, speed and focus. While it stands still the host is told too, as of all that is done.
static void status_words(irl_window* window, char* out, size_t size) {
  char focus[32] = "";
  if (window->set.focus > 0) {
    (void)snprintf(focus, sizeof focus, "   rollout %d", window->set.focus - 1);
  }
  (void)snprintf(out, size, "step %d / %d   %g\xC3\x97%s%s%s", irl_window_step(window),
                 window->show.motion.steps, window->set.speed, focus,
                 window->set.paused ? "   paused" : "",
                 window->capture == IRL_CAPTURE_FILM     ? "   filming"
                 : window->capture == IRL_CAPTURE_FOLDER ? "   taking frames"
                                                         : "");
  if (!window->set.paused) {
    window->told[0] = 0;
  } else if (strcmp(out, window->told) != 0) {
    (void)snprintf(window->told, sizeof window->told, "%s", out);
    irl_log(window->host != NULL ? &window->host->sink : NULL, IRL_LOG_PROGRESS, "%s", out);
  }
}

static void lay_status(irl_window* window) {
  const irl_layout* layout = &window->show.layout;
  char text[IRL_SHEET_TEXT];
  status_words(window, text, sizeof text);
  if (glfwGetTime() < window->notice_until) {
    (void)snprintf(text, sizeof text, "%s", window->notice);
  }
  int height = (int)(22.0 * layout->unit) + 2;
  int width = layout->width - layout->left - (int)(40.0 * layout->unit);
  if (irl_sheet_renew(&window->status, width, height, text)) {
    irl_pen pen = {fmax(10.0, 14.5 * layout->unit), 1.0, IRL_ALIGN_LEFT, IRL_THEME_TEXT};
    irl_canvas_text(&window->status.canvas, 0.0, 0.72 * height, &pen, text);
  }
  irl_sheet_lay(&window->status, window->height, layout->left + (int)(20.0 * layout->unit),
                layout->height - height);
}

// Lines of words in a box; the first stands out.
static void draw_lines(irl_canvas* canvas, double unit, const char* text) {
  irl_ink ground = IRL_THEME_PAGE;
  ground.a = 0.90F;
  irl_canvas_box(canvas, (irl_box){0, 0, canvas->width, canvas->height}, 8.0 * unit, ground);
  for (int line = 0; text != NULL && *text != 0; line++) {
    char piece[160];
    size_t n = strcspn(text, "\n");
    (void)snprintf(piece, sizeof piece, "%.*s", (int)n, text);
    irl_pen pen = {fmax(9.0, 14.0 * unit), line == 0 ? 1.25 : 1.0, IRL_ALIGN_LEFT,
                   line == 0 ? IRL_THEME_TITLE : IRL_THEME_TEXT};
    irl_canvas_text(canvas, 12.0 * unit, (22.0 + 20.0 * line) * unit, &pen, piece);
    text += n + (text[n] == '\n');
  }
}

// Makes the sheet as large as its words and draws them. The widest line decides; bold letters are
// taken for all, so that none is cut.
static void renew_lines(irl_sheet* sheet, double unit, const char* text) {
  int lines = 1;
  double wide = 0.0;
  for (const char* at = text; *at != 0; lines += *at == '\n', at += *at != 0) {
    char piece[160];
    size_t n = strcspn(at, "\n");
    (void)snprintf(piece, sizeof piece, "%.*s", (int)n, at);
    irl_pen pen = {.size = fmax(9.0, 14.0 * unit), .weight = 1.25};
    wide = fmax(wide, irl_text_width(&pen, piece));
    at += n;
    if (*at == 0) {
      break;
    }
  }
  int height = (int)((lines * 20.0 + 14.0) * unit);
  if (irl_sheet_renew(sheet, (int)(wide + 24.0 * unit), height, text)) {
    draw_lines(&sheet->canvas, unit, text);
  }
}

// Step and all values where the pointer is.
static void lay_tip(irl_window* window) {
  const irl_pick* p = &window->pick;
  const irl_show* show = &window->show;
  const irl_replay* replay = show->motion.replay;
  if (!p->found || window->help) {
    return;
  }
  const irl_replay_group* g = &replay->groups[p->group];
  int last = g->batch->length[p->episode] - 1, step = p->step < last ? p->step : last;
  double dt = irl_task_get(replay->task)->dt;
  char text[IRL_SHEET_TEXT];
  int used = snprintf(text, sizeof text, "%.40s %d, step %d, %.2f s", g->name,
                      g->first + p->episode, p->step, p->step * dt);
  for (int k = 0; k < replay->nlayers && used < (int)sizeof text - 80; k++) {
    const double* value = replay->layers[k].value[p->group];
    char number[32];
    if (value != NULL && step >= 0 && strcmp(replay->layers[k].key, "weight") != 0) {
      irl_format_number(number, sizeof number, value[(long)p->episode * g->batch->horizon + step]);
      used += snprintf(text + used, sizeof text - (size_t)used, "\n%s %s", replay->layers[k].word,
                       number);
    }
  }
  if (g->weight != NULL) {
    char number[32];
    irl_format_number(number, sizeof number, g->weight[p->episode]);
    (void)snprintf(text + used, sizeof text - (size_t)used, "\nweight %s", number);
  }
  renew_lines(&window->tip, show->layout.unit, text);
  int x = (int)(window->mouse_x + 16.0 * show->layout.unit), y = (int)window->mouse_y;
  const irl_canvas* c = &window->tip.canvas;
  x = x + c->width > window->width ? (int)window->mouse_x - c->width - 8 : x;
  y = y + c->height > window->height ? window->height - c->height : y;
  irl_sheet_lay(&window->tip, window->height, x < 0 ? 0 : x, y < 0 ? 0 : y);
}

// F2: what is shown.
static void lay_facts(irl_window* window) {
  const irl_show* show = &window->show;
  const irl_replay* replay = show->motion.replay;
  const irl_task_info* task = irl_task_get(replay->task);
  const int* there = NULL;
  int n = window->reel != NULL ? irl_reel_iterations(window->reel, &there) : 0;
  char text[IRL_SHEET_TEXT], field[128] = "";
  int used = snprintf(text, sizeof text, "%.60s\n%d steps of %g s\n%s", task->name,
                      show->motion.steps, task->dt, irl_motion_quantity(&show->motion));
  if (n > 0 && used < (int)sizeof text) {
    used += snprintf(text + used, sizeof text - (size_t)used, "\ncost after iteration %d of %d",
                     there[irl_reel_chosen(window->reel)], there[n - 1]);
  }
  if (window->set.field && window->field.env != NULL && used < (int)sizeof text) {
    irl_field_describe(&window->field, field, sizeof field);
    (void)snprintf(text + used, sizeof text - (size_t)used, "\n%s", field);
  }
  renew_lines(&window->facts, show->layout.unit, text);
  const irl_tile* tile = &show->layout.tile[0];
  irl_sheet_lay(
      &window->facts, window->height, tile->x + (int)(14.0 * show->layout.unit),
      tile->y + tile->height - window->facts.canvas.height - (int)(14.0 * show->layout.unit));
}

// Two columns, so that all of it fits into a small window.
static void lay_help(irl_window* window) {
  double unit = window->show.layout.unit;
  int rows = 0;
  while (irl_window_help[rows][0] != NULL) {
    rows++;
  }
  int half = (rows + 1) / 2;
  int width = (int)(1010.0 * unit), height = (int)((half * 27.0 + 44.0) * unit);
  if (irl_sheet_renew(&window->keys, width, height, "help")) {
    irl_canvas* canvas = &window->keys.canvas;
    irl_ink ground = IRL_THEME_PAGE;
    ground.a = 0.94F;
    irl_canvas_box(canvas, (irl_box){0, 0, width, height}, 12.0 * unit, ground);
    irl_pen key = {fmax(7.0, 15.0 * unit), 1.25, IRL_ALIGN_LEFT, IRL_THEME_TITLE};
    irl_pen what = {fmax(7.0, 15.0 * unit), 1.0, IRL_ALIGN_LEFT, IRL_THEME_TEXT};
    for (int k = 0; k < rows; k++) {
      double x = (k < half ? 24.0 : 514.0) * unit, y = (42.0 + 27.0 * (k % half)) * unit;
      irl_canvas_text(canvas, x, y, &key, irl_window_help[k][0]);
      irl_canvas_text(canvas, x + 180.0 * unit, y, &what, irl_window_help[k][1]);
    }
  }
  int x = (window->width - width) / 2, y = (window->height - height) / 2;
  irl_sheet_lay(&window->keys, window->height, x < 0 ? 0 : x, y < 0 ? 0 : y);
}

void irl_window_draw_aids(irl_window* window) {
  irl_sheets_begin(window->width, window->height);
  lay_status(window);
  if (window->set.info) {
    lay_facts(window);
  }
  lay_tip(window);
  irl_sheets_end();
}

void irl_window_draw_help(irl_window* window) {
  if (window->help) {
    irl_sheets_begin(window->width, window->height);
    lay_help(window);
    irl_sheets_end();
  }
}

void irl_window_words_fini(irl_window* window) {
  for (int i = 0; i < IRL_GROUPS_MAX; i++) {
    irl_canvas_destroy(&window->title[i].canvas);
  }
  for (int c = 0; c < 4; c++) {
    irl_canvas_destroy(&window->corner[c].canvas);
  }
  irl_sheet* all[] = {&window->bar,      &window->note,   &window->status, &window->keys,
                      &window->timeline, &window->cursor, &window->tip,    &window->facts};
  for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
    irl_canvas_destroy(&all[k]->canvas);
  }
}
