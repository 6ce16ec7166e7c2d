// What is laid over the world: where the session stands, what to press next, the timeline, help.
#include <GL/gl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "viewer/cockpit.h"
#include "viewer/theme.h"

#define NOTICE_SECONDS 4.0
#define ALARM_SECONDS 12.0
#define RING_PIXELS 17.0

enum { SHEET_STATUS, SHEET_NOTICE, SHEET_STRIP, SHEET_COUNT, SHEET_HELP, SHEET_KEYS };

static const irl_ink ink_ready = {0.36F, 0.93F, 0.80F, 1.0F};
static const irl_ink ink_wait = {1.0F, 0.78F, 0.25F, 1.0F};
static const irl_ink ink_record = {1.0F, 0.30F, 0.28F, 1.0F};
static const irl_ink ink_review = {0.50F, 0.70F, 1.0F, 1.0F};

//---------------------------------- Sheets --------------------------------------------------------

static irl_pen pen(const irl_cockpit* c, double size, double weight, irl_align align, irl_ink ink) {
  return (irl_pen){fmax(9.0, size * c->unit), weight, align, ink};
}

// Makes the text as small as it must be to fit.
static void fit(irl_pen* p, const char* text, double width) {
  const double wide = irl_text_width(p, text);
  if (wide > width && width > 0) {
    p->size = fmax(5.0, p->size * width / wide);
  }
}

static void ground(irl_sheet* sheet, double radius, float opacity) {
  irl_ink ink = IRL_THEME_PAGE;
  ink.a = opacity;
  irl_canvas_box(&sheet->canvas, (irl_box){0, 0, sheet->canvas.width, sheet->canvas.height}, radius,
                 ink);
}

//---------------------------------- Status --------------------------------------------------------

static irl_ink phase_ink(irl_phase phase) {
  return phase == IRL_PHASE_RECORDING ? ink_record
         : phase == IRL_PHASE_REVIEW  ? ink_review
         : phase == IRL_PHASE_READY   ? ink_ready
                                      : ink_wait;
}

static const char* phase_words(const irl_cockpit* c) {
  switch (c->view.session.phase) {
    case IRL_PHASE_COUNTDOWN:
      return "GET READY";
    case IRL_PHASE_RECORDING:
      return "RECORDING";
    case IRL_PHASE_PAUSED:
      return "PAUSED";
    case IRL_PHASE_REVIEW:
      return "KEEP IT?";
    default:
      return c->view.resting ? "PRACTICE, PAUSED" : "PRACTICE";
  }
}

// "episode 3 of 10   condition 1"
static void episode_words(const irl_cockpit* c, char* out, size_t size) {
  const irl_session* s = &c->view.session;
  const int number = s->kept + (irl_session_done(s) ? 0 : 1);
  int n = snprintf(out, size, "episode %d", number);
  if (s->options.wanted > 0) {
    n += snprintf(out + n, size - (size_t)n, " of %d", s->options.wanted);
  }
  if (s->options.conditions > 1) {
    (void)snprintf(out + n, size - (size_t)n, "   condition %d", s->condition);
  }
}

static void lay_status(irl_cockpit* c) {
  irl_sheet* sheet = &c->sheet[SHEET_STATUS];
  const irl_session* s = &c->view.session;
  const double u = c->unit;
  char episode[80], kept[160], text[400];
  episode_words(c, episode, sizeof episode);
  int n = snprintf(kept, sizeof kept, "%d kept", s->kept);
  if (s->successes > 0) {
    n += snprintf(kept + n, sizeof kept - (size_t)n, " (%d success)", s->successes);
  }
  if (s->discarded > 0) {
    n += snprintf(kept + n, sizeof kept - (size_t)n, "   %d discarded", s->discarded);
  }
  if (c->earlier > 0) {
    (void)snprintf(kept + n, sizeof kept - (size_t)n, "   %d from before", c->earlier);
  }
  (void)snprintf(text, sizeof text, "%s\n%s\n%s", phase_words(c), episode, kept);
  if (irl_sheet_renew(sheet, 330 * u, 96 * u, text)) {
    ground(sheet, 12 * u, 0.80F);
    const irl_ink light = phase_ink(s->phase);
    irl_canvas_box(&sheet->canvas, (irl_box){18 * u, 18 * u, 14 * u, 14 * u}, 7 * u, light);
    irl_pen big = pen(c, 20, 1.4, IRL_ALIGN_LEFT, light);
    irl_pen title = pen(c, 16, 1.0, IRL_ALIGN_LEFT, IRL_THEME_TITLE);
    irl_pen small = pen(c, 14, 1.0, IRL_ALIGN_LEFT, IRL_THEME_TEXT);
    irl_canvas_text(&sheet->canvas, 42 * u, 32 * u, &big, phase_words(c));
    irl_canvas_text(&sheet->canvas, 18 * u, 58 * u, &title, episode);
    irl_canvas_text(&sheet->canvas, 18 * u, 81 * u, &small, kept);
  }
  irl_sheet_lay(sheet, c->height, 16 * u, 16 * u);
}

//---------------------------------- Messages ------------------------------------------------------

void irl_cockpit_notify(irl_cockpit* c, const char* text, bool alarming) {
  (void)snprintf(c->notice, sizeof c->notice, "%s", text);
  c->alarming = alarming;
  c->notice_until = glfwGetTime() + (alarming ? ALARM_SECONDS : NOTICE_SECONDS);
  irl_log(c->host != NULL ? &c->host->sink : NULL, alarming ? IRL_LOG_WARNING : IRL_LOG_INFO, "%s",
          text);
}

// Breaks a sentence in two where it is too long for a line.
static int break_lines(const char* text, const irl_pen* p, double width, char line[2][320]) {
  (void)snprintf(line[0], 320, "%s", text);
  line[1][0] = '\0';
  if (irl_text_width(p, text) <= width) {
    return 1;
  }
  char* space = line[0] + strlen(line[0]);
  while (space > line[0]) {
    space--;
    if (*space == ' ') {
      *space = '\0';
      if (irl_text_width(p, line[0]) <= width) {
        (void)snprintf(line[1], 320, "%s", text + (space - line[0]) + 1);
        return 2;
      }
    }
  }
  return 1;
}

static void lay_notice(irl_cockpit* c) {
  irl_sheet* sheet = &c->sheet[SHEET_NOTICE];
  const double u = c->unit, most = c->width - 420 * u;
  char line[2][320];
  if (glfwGetTime() > c->notice_until || most < 100) {
    return;
  }
  irl_pen p = pen(c, 16, 1.1, IRL_ALIGN_CENTER, c->alarming ? ink_record : ink_wait);
  const int lines = break_lines(c->notice, &p, most - 40 * u, line);
  const double width =
      fmin(most, fmax(irl_text_width(&p, line[0]), irl_text_width(&p, line[1])) + 40 * u);
  const double height = (14 + 24 * lines) * u;
  if (irl_sheet_renew(sheet, width, height, c->notice)) {
    ground(sheet, 12 * u, 0.85F);
    for (int k = 0; k < lines; k++) {
      irl_canvas_text(&sheet->canvas, 0.5 * width, (25 + 24 * k) * u, &p, line[k]);
    }
  }
  irl_sheet_lay(sheet, c->height, 366 * u + 0.5 * (c->width - 382 * u - width), 16 * u);
}

//---------------------------------- Timeline and hints --------------------------------------------

static const char* hint(const irl_cockpit* c) {
  const irl_session* s = &c->view.session;
  if (c->keys != IRL_KEYS_WINDOW) {
    return "the letter keys drive the robot   Esc gives them back   Enter start, stop   F1 help";
  }
  switch (s->phase) {
    case IRL_PHASE_COUNTDOWN:
      return "grasp the yellow ball now   Esc cancel";
    case IRL_PHASE_RECORDING:
      return "Enter stop   Y success   N failure   Space pause   Backspace discard   F1 help";
    case IRL_PHASE_PAUSED:
      return "Space go on from here   Left, Right look back   Enter end it   Backspace discard";
    case IRL_PHASE_REVIEW:
      return "Enter keep   Y success   N failure   Backspace discard   R again   Left look back";
    default:
      return irl_session_done(s)
                 ? "all recorded: Ctrl-Q closes and saves   Enter one more   Delete takes the last "
                   "back"
                 : "Enter record   drag the yellow ball to move the robot   F1 help";
  }
}

static void figures(const irl_cockpit* c, char* out, size_t size) {
  const irl_recorder_view* v = &c->view;
  int n = snprintf(out, size, "%.3g\xC3\x97 real time", v->speed);
  if (isfinite(v->real_time) && fabs(v->real_time - v->speed) > 0.05 * v->speed) {
    n += snprintf(out + n, size - (size_t)n, " (%.2g\xC3\x97 measured)", v->real_time);
  }
  (void)snprintf(out + n, size - (size_t)n,
                 "   late steps %d   dropped frames %d   saved %lld/%lld", v->late, c->dropped,
                 (long long)v->synced, (long long)v->written);
}

static void draw_timeline(const irl_cockpit* c, irl_sheet* sheet, irl_box box) {
  const irl_session* s = &c->view.session;
  const irl_ink bed = {0.3F, 0.33F, 0.4F, 1.0F}, done = phase_ink(s->phase);
  const double share = (double)s->length / s->options.horizon;
  const double cursor = box.x + box.width * s->cursor / s->options.horizon;
  const double r = 0.5 * box.height;
  irl_canvas_box(&sheet->canvas, box, r, bed);
  if (s->length > 0) {
    irl_canvas_box(&sheet->canvas,
                   (irl_box){box.x, box.y, fmax(2 * r, box.width * share), box.height}, r, done);
    irl_canvas_box(&sheet->canvas,
                   (irl_box){cursor - 1.5 * c->unit, box.y - 5 * c->unit, 3 * c->unit,
                             box.height + 10 * c->unit},
                   1.5 * c->unit, IRL_THEME_TITLE);
  }
}

static void lay_strip(irl_cockpit* c) {
  irl_sheet* sheet = &c->sheet[SHEET_STRIP];
  const irl_session* s = &c->view.session;
  const double u = c->unit, height = 74 * u, width = c->width;
  char step[96], right[160], text[500];
  (void)snprintf(step, sizeof step, "step %d of %d   return %.3g%s", s->cursor, s->options.horizon,
                 c->view.result, c->view.success ? "   success" : "");
  if (!irl_session_running(s)) {
    (void)snprintf(step, sizeof step, "%d steps an episode", s->options.horizon);
  }
  figures(c, right, sizeof right);
  (void)snprintf(text, sizeof text, "%s\n%s\n%s\n%d %d", hint(c), step, right, s->phase, s->length);
  c->timeline = (irl_box){24 * u, c->height - height + 14 * u, width - 48 * u, 6 * u};
  if (irl_sheet_renew(sheet, width, height, text)) {
    ground(sheet, 0, 0.80F);
    draw_timeline(c, sheet, (irl_box){24 * u, 14 * u, width - 48 * u, 6 * u});
    irl_pen left = pen(c, 16, 1.1, IRL_ALIGN_LEFT, IRL_THEME_TITLE);
    irl_pen small = pen(c, 13, 1.0, IRL_ALIGN_LEFT, IRL_THEME_TEXT);
    fit(&left, hint(c), width - 48 * u);
    irl_canvas_text(&sheet->canvas, 24 * u, 44 * u, &left, hint(c));
    irl_canvas_text(&sheet->canvas, 24 * u, 65 * u, &small, step);
    const double rest = width - 72 * u - irl_text_width(&small, step);
    small.align = IRL_ALIGN_RIGHT;
    fit(&small, right, rest);
    irl_canvas_text(&sheet->canvas, width - 24 * u, 65 * u, &small, right);
  }
  irl_sheet_lay(sheet, c->height, 0, c->height - (int)height);
}

//---------------------------------- Countdown, keys -----------------------------------------------

static void lay_count(irl_cockpit* c) {
  irl_sheet* sheet = &c->sheet[SHEET_COUNT];
  char text[16];
  const double u = c->unit, side = 150 * u;
  if (c->view.session.phase != IRL_PHASE_COUNTDOWN) {
    return;
  }
  (void)snprintf(text, sizeof text, "%d", (int)ceil(fmax(c->view.session.count, 0.001)));
  if (irl_sheet_renew(sheet, side, side, text)) {
    ground(sheet, 0.5 * side, 0.75F);
    irl_pen p = pen(c, 84, 1.2, IRL_ALIGN_CENTER, ink_wait);
    irl_canvas_text(&sheet->canvas, 0.5 * side, 0.5 * side + 0.35 * p.size, &p, text);
  }
  irl_sheet_lay(sheet, c->height, 0.5 * (c->width - side), 130 * u);
}

static void lay_keys(irl_cockpit* c) {
  irl_sheet* sheet = &c->sheet[SHEET_KEYS];
  const double u = c->unit;
  char text[200];
  if (c->keys == IRL_KEYS_WINDOW) {
    return;
  }
  if (c->keys == IRL_KEYS_HAND) {
    (void)snprintf(text, sizeof text,
                   "KEYBOARD MOVES THE HAND:  W S away, near   A D left, right   E Q up, down   "
                   "I K J L U O turn   G gripper   Esc leaves");
  } else {
    (void)snprintf(text, sizeof text,
                   "KEYBOARD PUSHES ACTUATORS %d-%d:  Q A   W S   E D   R F   T G   ...   "
                   "PgUp PgDn others   Esc leaves",
                   c->bank, c->bank + 9);
  }
  irl_pen p = pen(c, 15, 1.2, IRL_ALIGN_CENTER, ink_wait);
  fit(&p, text, c->width - 60 * u);
  const double width = irl_text_width(&p, text) + 40 * u;
  if (irl_sheet_renew(sheet, width, 36 * u, text)) {
    ground(sheet, 12 * u, 0.85F);
    irl_canvas_text(&sheet->canvas, 0.5 * width, 24 * u, &p, text);
  }
  irl_sheet_lay(sheet, c->height, 0.5 * (c->width - width), c->height - 122 * u);
}

//---------------------------------- Help ----------------------------------------------------------

static const char* const HELP[][2] = {
    {"Enter", "start recording; stop; keep what was recorded"},
    {"Y   N", "end the episode as a success, as a failure"},
    {"Backspace", "discard the episode; in practice: back to the start"},
    {"R", "discard it and record once more from the same start"},
    {"Delete", "discard the last kept episode; again: take that back"},
    {"Space", "pause; go on, also from an earlier step (what came after is taken back)"},
    {"Left   Right", "look a step back, forward (Shift: 10)   Home   End: first, last"},
    {"+   -", "faster, slower"},
    {",   .", "last, next condition (in practice)"},
    {"", ""},
    {"Drag the ball", "the hand follows, by its own actuators (wheel: nearer, farther)"},
    {"Double-click", "a body: the ball is tied to that point; the floor: to the hand again"},
    {"PgUp", "the ball is tied to the next body towards the root"},
    {"Ctrl-drag", "right: pull the body (Shift: level)   left: turn it"},
    {"K   Shift-K", "the keyboard moves the hand; pushes each actuator; Esc gives the keys back"},
    {"G", "gripper open, closed"},
    {"H   U   B", "hold posture or go limp   keep the hand upright   carry the weight"},
    {"", ""},
    {"Drag left, right", "turn, move the view (Shift: level)   wheel or middle: zoom"},
    {"Right double-click", "look there   with Ctrl: follow the body"},
    {"[   ]   Esc", "cameras of the model   free camera"},
    {"Tab   Ctrl-A   F5", "panel at the right   frame the robot   full screen"},
    {"Ctrl-P   Ctrl-Q", "picture to a file   close and save"},
    {"F1", "this help"},
};

static void lay_help(irl_cockpit* c) {
  enum { ROWS = sizeof HELP / sizeof HELP[0] };
  irl_sheet* sheet = &c->sheet[SHEET_HELP];
  const double u = fmin(c->unit, fmin(c->height / 640.0, (c->width - 8) / 800.0));
  const double width = 800 * u;
  const double height = (ROWS * 25.0 + 36) * u;
  if (!c->help) {
    return;
  }
  if (irl_sheet_renew(sheet, width, height, "help")) {
    ground(sheet, 12 * u, 0.94F);
    irl_pen key = {fmax(8.0, 15 * u), 1.25, IRL_ALIGN_LEFT, IRL_THEME_TITLE};
    irl_pen what = {fmax(8.0, 15 * u), 1.0, IRL_ALIGN_LEFT, IRL_THEME_TEXT};
    for (int k = 0; k < ROWS; k++) {
      const double y = (36 + 25.0 * k) * u;
      irl_canvas_text(&sheet->canvas, 24 * u, y, &key, HELP[k][0]);
      irl_canvas_text(&sheet->canvas, 190 * u, y, &what, HELP[k][1]);
    }
  }
  irl_sheet_lay(sheet, c->height, 0.5 * (c->width - width), fmax(0, 0.5 * (c->height - height)));
}

//---------------------------------- The ball ------------------------------------------------------

// A ring around the target, over everything, so that it can be found wherever it is.
static void draw_ring(const irl_cockpit* c) {
  enum { SIDES = 48 };
  const bool held = c->grip == IRL_GRIP_TARGET;
  const double* target = held ? c->target : c->view.pose.target;
  const float p[3] = {(float)target[0], (float)target[1], (float)target[2]};
  const irl_phase phase = c->view.session.phase;
  float seen[3];
  if (c->view.pose.body < 0 || phase == IRL_PHASE_PAUSED || phase == IRL_PHASE_REVIEW ||
      !irl_lens_project(&c->lens, p, seen)) {
    return;
  }
  glMatrixMode(GL_PROJECTION);
  glPushMatrix();
  glLoadIdentity();
  glOrtho(0, c->width, c->height, 0, -1, 1);
  glMatrixMode(GL_MODELVIEW);
  glPushMatrix();
  glLoadIdentity();
  const double inner = RING_PIXELS * c->unit, outer = inner + 3.5 * c->unit;
  glBegin(GL_TRIANGLE_STRIP);
  for (int k = 0; k <= SIDES; k++) {
    const double angle = 2 * 3.14159265358979 * k / SIDES;
    glColor4f(1.0F, held ? 0.45F : 0.72F, 0.1F, 1.0F);
    glVertex2d((double)seen[0] + inner * cos(angle), (double)seen[1] + inner * sin(angle));
    glVertex2d((double)seen[0] + outer * cos(angle), (double)seen[1] + outer * sin(angle));
  }
  glEnd();
  glPopMatrix();
  glMatrixMode(GL_PROJECTION);
  glPopMatrix();
  glMatrixMode(GL_MODELVIEW);
}

//---------------------------------- Public --------------------------------------------------------

void irl_cockpit_hud(irl_cockpit* c) {
  irl_sheets_begin(c->width, c->height);
  draw_ring(c);
  lay_status(c);
  lay_notice(c);
  lay_strip(c);
  lay_count(c);
  lay_keys(c);
  lay_help(c);
  irl_sheets_end();
}

void irl_cockpit_hud_fini(irl_cockpit* c) {
  for (int i = 0; i < IRL_SHEETS; i++) {
    irl_canvas_destroy(&c->sheet[i].canvas);
  }
}
