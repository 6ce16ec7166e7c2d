// The panel: MuJoCo's own mjUI, bound to the window's settings. mjUI writes the settings itself;
// what follows from a change is done here, by the same actions as the keys'.
#include <math.h>
#include <mujoco/mjui.h>
#include <mujoco/mujoco.h>
#include <stdio.h>
#include <string.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "base/arena.h"
#include "viewer/theme.h"
#include "viewer/window_internal.h"

enum { MAX_DEFS = 96, PANEL = 1 };  // PANEL: its number among the state's rectangles

typedef struct irl_controls {
  mjUI ui;
  mjuiState state;
  mjuiDef def[MAX_DEFS];
  int ndef;
  bool stale;  // all of it is to be drawn again
} irl_controls;

//---------------------------------- Items ---------------------------------------------------------

static mjuiDef* add(irl_controls* c, int type, const char* name, void* data, const char* other) {
  mjuiDef* def = &c->def[c->ndef < MAX_DEFS - 1 ? c->ndef++ : c->ndef];
  *def = (mjuiDef){.type = type, .state = 1, .pdata = data};
  (void)snprintf(def->name, sizeof def->name, "%s", name);
  (void)snprintf(def->other, sizeof def->other, "%s", other);
  return def;
}

// A section; Alt and the letter open and close it.
static void section(irl_controls* c, const char* name, char letter, bool open) {
  char shortcut[4] = {'A', letter, 0};
  mjuiDef* def = add(c, mjITEM_SECTION, name, NULL, shortcut);
  def->state = open ? mjSECT_OPEN : mjSECT_CLOSED;
}

static void add_playing(irl_controls* c, irl_window* w) {
  char range[48];
  section(c, "Replay", 'R', true);
  add(c, mjITEM_CHECKINT, "Pause", &w->set.paused, "");
  add(c, mjITEM_CHECKINT, "Loop", &w->set.loop, "");
  (void)snprintf(range, sizeof range, "0 %d", w->show.motion.steps);
  add(c, mjITEM_SLIDERINT, "Step", &w->set.step, range);
  add(c, mjITEM_SLIDERNUM, "Speed", &w->set.speed, "0.1 4");
  add(c, mjITEM_BUTTON, "Step back", NULL, "");
  add(c, mjITEM_BUTTON, "Step forward", NULL, "");
  add(c, mjITEM_BUTTON, "First step", NULL, "");
  add(c, mjITEM_BUTTON, "Last step", NULL, "");
}

static int most_rollouts(const irl_window* w) {
  int most = 1;
  for (int g = 0; g < w->show.groups; g++) {
    int n = w->show.motion.replay->groups[g].batch->n;
    most = n > most ? n : most;
  }
  return most;
}

static void add_rollouts(irl_controls* c, irl_window* w) {
  char range[48];
  section(c, "Rollouts", 'O', true);
  for (int g = 0; g < w->show.groups; g++) {
    add(c, mjITEM_CHECKINT, w->show.motion.replay->groups[g].name, &w->set.visible[g], "");
  }
  (void)snprintf(range, sizeof range, "-1 %d", most_rollouts(w) - 1);
  add(c, mjITEM_SLIDERINT, "Focus (-1: all)", &w->set.picked, range);
}

static void add_colours(irl_controls* c, irl_window* w) {
  const irl_replay* replay = w->show.motion.replay;
  char names[mjMAXUITEXT] = "";
  size_t used = 0;
  for (int k = 0; k < replay->nlayers && used < sizeof names - 48; k++) {
    used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", k > 0 ? "\n" : "",
                             replay->layers[k].key);
  }
  if (!w->show.motion.has_cost) {
    return;
  }
  section(c, "Colour", 'C', true);
  if (replay->nlayers > 1) {
    add(c, mjITEM_SELECT, "By", &w->set.layer, names);
  }
  add(c, mjITEM_SELECT, "Range", &w->set.range_kind, "auto\npercentile\nfixed");
  add(c, mjITEM_EDITNUM, "Ends", w->set.range, "2");
}

static void add_learning(irl_controls* c, irl_window* w) {
  const int* there = NULL;
  int n = w->reel != NULL ? irl_reel_iterations(w->reel, &there) : 0;
  char range[48];
  if (w->reel == NULL || irl_reel_cost(w->reel) == NULL) {
    return;
  }
  section(c, "Learning", 'L', true);
  if (n > 1) {
    (void)snprintf(range, sizeof range, "0 %d", n - 1);
    add(c, mjITEM_SLIDERINT, "Iteration", &w->set.iteration, range);
  } else {
    add(c, mjITEM_STATIC, "Iteration", NULL, "newest only");
  }
  add(c, mjITEM_CHECKINT, "Follow", &w->set.follow, "");
  add(c, mjITEM_BUTTON, "Read again", NULL, "");
  if (w->field.env != NULL) {
    add(c, mjITEM_CHECKINT, "Cost field", &w->set.field, "");
    add(c, mjITEM_STATIC, "  shows", NULL, "cost at rest,\npoint moved");
  }
}

static void add_view(irl_controls* c, irl_window* w) {
  const mjModel* m = w->show.motion.model;
  char names[mjMAXUITEXT] = "free";
  size_t used = strlen(names);
  for (int k = 0; k < m->ncam && k < mjMAXUIMULTI - 1 && used < sizeof names - 48; k++) {
    const char* name = mj_id2name(m, mjOBJ_CAMERA, k);
    used += (size_t)snprintf(names + used, sizeof names - used, "\n%.36s",
                             name != NULL ? name : "unnamed");
  }
  section(c, "View", 'V', false);
  add(c, mjITEM_SELECT, "Camera", &w->set.camera, names);
  add(c, mjITEM_SELECT, "Chart", &w->set.chart, "none\ntimeline\nfigure");
  add(c, mjITEM_CHECKINT, "Facts", &w->set.info, "");
  add(c, mjITEM_BUTTON, "Align view", NULL, "");
  add(c, mjITEM_BUTTON, "Save camera", NULL, "");
  add(c, mjITEM_BUTTON, "Full screen", NULL, "");
  add(c, mjITEM_BUTTON, "Help", NULL, "");
}

static void add_pictures(irl_controls* c) {
  section(c, "Pictures", 'P', false);
  add(c, mjITEM_BUTTON, "Picture", NULL, "");
  add(c, mjITEM_BUTTON, "Film", NULL, "");
  add(c, mjITEM_BUTTON, "Frames", NULL, "");
  add(c, mjITEM_BUTTON, "Copy state", NULL, "");
  add(c, mjITEM_BUTTON, "Quit", NULL, "");
}

static const struct {
  const char* name;
  irl_action action;
} BUTTONS[] = {{"Step back", IRL_DO_BACK},
               {"Step forward", IRL_DO_FORWARD},
               {"First step", IRL_DO_FIRST},
               {"Last step", IRL_DO_LAST},
               {"Read again", IRL_DO_RELOAD},
               {"Align view", IRL_DO_ALIGN},
               {"Save camera", IRL_DO_SAVE_CAMERA},
               {"Full screen", IRL_DO_FULL},
               {"Help", IRL_DO_HELP},
               {"Picture", IRL_DO_SCREENSHOT},
               {"Film", IRL_DO_FILM},
               {"Frames", IRL_DO_FRAMES},
               {"Copy state", IRL_DO_COPY},
               {"Quit", IRL_DO_QUIT}};

//---------------------------------- Changes -------------------------------------------------------

// Does what follows from a setting that mjUI has changed; `was` is how it stood before.
static void follow_changes(irl_window* w, const irl_settings* was) {
  irl_settings* set = &w->set;
  static const double heights[] = {0.0, IRL_CHART_LOW, IRL_CHART_TALL};
  if (set->step != was->step) {
    irl_window_set_step(w, set->step);
  }
  for (int g = 0; g < w->show.groups; g++) {
    if (set->visible[g] != was->visible[g]) {
      set->visible[g] = was->visible[g];
      irl_window_do(w, IRL_DO_GROUP + g);
    }
  }
  bool ends = set->range[0] != was->range[0] || set->range[1] != was->range[1];
  if (ends && set->range_kind == IRL_RANGE_AUTO) {
    set->range_kind = IRL_RANGE_FIXED;
    irl_window_recolor(w);
  } else if (set->layer != was->layer || set->range_kind != was->range_kind || ends) {
    if (set->range_kind != was->range_kind) {
      set->range_kind = (set->range_kind + 2) % 3;
      irl_window_do(w, IRL_DO_RANGE);
    }
    irl_window_recolor(w);
  }
  if (set->picked != was->picked) {
    set->focus = set->picked + 1;
  }
  if (set->iteration != was->iteration) {
    irl_window_choose_iteration(w, set->iteration);
  }
  if (set->field != was->field) {
    set->field = was->field;
    irl_window_do(w, IRL_DO_FIELD);
  }
  if (set->chart != was->chart) {
    w->show.chart = heights[set->chart];
    w->rearrange = true;
  }
  if (set->camera != was->camera) {
    w->show.camera.type = set->camera == 0 ? mjCAMERA_FREE : mjCAMERA_FIXED;
    w->show.camera.fixedcamid = set->camera - 1;
  }
}

static void press_button(irl_window* w, const char* name) {
  for (size_t k = 0; k < sizeof BUTTONS / sizeof BUTTONS[0]; k++) {
    if (strcmp(name, BUTTONS[k].name) == 0) {
      irl_window_do(w, (int)BUTTONS[k].action);
    }
  }
}

// Lets mjUI work on the event in its state, and does what follows.
static void work_on_event(irl_window* w) {
  irl_controls* c = w->controls;
  irl_settings was = w->set;
  const mjuiItem* item = mjui_event(&c->ui, &c->state, &w->show.draw.context);
  if (item != NULL && item->type == mjITEM_BUTTON) {
    press_button(w, item->name);
  } else if (item != NULL) {
    follow_changes(w, &was);
  }
}

//---------------------------------- Look ----------------------------------------------------------

static void set_color(float out[3], irl_ink ink) {
  out[0] = ink.r;
  out[1] = ink.g;
  out[2] = ink.b;
}

// MuJoCo's dark theme in the colours of the stage.
static void set_theme(mjUI* ui) {
  mjuiThemeColor* k = &ui->color;
  const irl_ink button = {0.205F, 0.222F, 0.275F, 1.0F}, accent = {0.42F, 0.28F, 0.62F, 1.0F};
  const irl_ink dark = {0.075F, 0.085F, 0.112F, 1.0F};
  *k = mjui_themeColor(1);
  set_color(k->master, IRL_THEME_PAGE);
  set_color(k->thumb, button);
  set_color(k->secttitle, IRL_THEME_WALL);
  set_color(k->secttitle2, IRL_THEME_FLOOR);
  set_color(k->sectfont, IRL_THEME_TITLE);
  set_color(k->sectsymbol, IRL_THEME_TEXT);
  set_color(k->sectpane, IRL_THEME_STAGE);
  set_color(k->separator, button);
  set_color(k->separator2, IRL_THEME_FLOOR);
  set_color(k->fontactive, IRL_THEME_TITLE);
  set_color(k->fontinactive, IRL_THEME_FAINT);
  set_color(k->decorinactive, IRL_THEME_FLOOR);
  set_color(k->decorinactive2, IRL_THEME_FLOOR);
  set_color(k->button, button);
  set_color(k->check, accent);
  set_color(k->radio, accent);
  set_color(k->select, button);
  set_color(k->select2, IRL_THEME_WALL);
  set_color(k->slider, dark);
  set_color(k->slider2, accent);
  set_color(k->edit, dark);
  ui->spacing = mjui_themeSpacing(0);
}

void irl_controls_resize(irl_window* w) {
  irl_controls* c = w->controls;
  if (c == NULL) {
    return;
  }
  mjui_resize(&c->ui, &w->show.draw.context);
  w->panel_width = c->ui.width;
  c->state.nrect = 2;
  c->state.rect[0] = (mjrRect){0, 0, w->width, w->height};
  c->state.rect[PANEL] = (mjrRect){0, 0, c->ui.width, w->height};
  mjr_addAux(0, c->ui.width, c->ui.maxheight, c->ui.spacing.samples, &w->show.draw.context);
  mjr_setBuffer(mjFB_WINDOW, &w->show.draw.context);
  c->stale = true;
}

irl_err irl_controls_create(irl_window* w) {
  irl_controls* c = IRL_NEW(irl_controls, 1);
  if (c == NULL) {
    return IRL_ENOMEM;
  }
  w->controls = c;
  set_theme(&c->ui);
  c->ui.rectid = PANEL;
  c->ui.auxid = 0;
  add_playing(c, w);
  add_rollouts(c, w);
  add_colours(c, w);
  add_learning(c, w);
  add_view(c, w);
  add_pictures(c);
  c->def[c->ndef].type = mjITEM_END;
  mjui_add(&c->ui, c->def);
  irl_controls_resize(w);
  return IRL_OK;
}

void irl_controls_destroy(irl_window* w) {
  irl_free(w->controls);
  w->controls = NULL;
}

void irl_controls_draw(irl_window* w) {
  irl_controls* c = w->controls;
  if (!w->panel) {
    return;
  }
  w->set.step = irl_window_step(w);
  w->set.picked = w->set.focus - 1;
  if (w->set.range_kind == IRL_RANGE_AUTO) {
    w->set.range[0] = w->show.motion.scale.lo;
    w->set.range[1] = w->show.motion.scale.hi;
  }
  const int* there = NULL;
  int n = w->reel != NULL ? irl_reel_iterations(w->reel, &there) : 0;
  for (int s = 0; s < c->ui.nsect; s++) {
    for (int i = 0; i < c->ui.sect[s].nitem; i++) {
      mjuiItem* item = &c->ui.sect[s].item[i];
      // A run that is being followed grows.
      if (item->pdata == &w->set.iteration && item->slider.range[1] != n - 1) {
        item->slider.range[1] = n - 1;
        item->slider.divisions = n - 1;
        c->stale = true;
      }
    }
  }
  if (c->stale || memcmp(&w->set, &w->drawn, sizeof w->set) != 0) {
    mjui_update(-1, -1, &c->ui, &c->state, &w->show.draw.context);
    w->drawn = w->set;
    c->stale = false;
  }
  mjr_setBuffer(mjFB_WINDOW, &w->show.draw.context);
  mjui_render(&c->ui, &c->state, &w->show.draw.context);
}

//---------------------------------- Events --------------------------------------------------------

static int button_of(int glfw) {
  return glfw == GLFW_MOUSE_BUTTON_LEFT    ? mjBUTTON_LEFT
         : glfw == GLFW_MOUSE_BUTTON_RIGHT ? mjBUTTON_RIGHT
                                           : mjBUTTON_MIDDLE;
}

static void set_modifiers(irl_window* w) {
  mjuiState* s = &w->controls->state;
  const int held = irl_context_modifiers(&w->gl);
  s->control = (held & GLFW_MOD_CONTROL) != 0;
  s->shift = (held & GLFW_MOD_SHIFT) != 0;
  s->alt = (held & GLFW_MOD_ALT) != 0;
}

// Buttons and the rectangle that a drag belongs to.
static void set_button(mjuiState* s, int type, int button) {
  bool down = type == mjEVENT_PRESS;
  int which = button_of(button);
  double now = glfwGetTime();
  *(which == mjBUTTON_LEFT ? &s->left : which == mjBUTTON_RIGHT ? &s->right : &s->middle) = down;
  if (down) {
    s->doubleclick = which == s->button && now - s->buttontime < 0.25;
    s->button = which;
    s->buttontime = now;
    if (s->mouserect > 0) {
      s->dragbutton = which;
      s->dragrect = s->mouserect;
    }
  }
}

bool irl_controls_mouse(irl_window* w, int type, int button, double dx, double dy) {
  irl_controls* c = w->controls;
  if (c == NULL || !w->panel) {
    return false;
  }
  mjuiState* s = &c->state;
  s->type = type;
  s->x = w->mouse_x;
  s->y = w->height - w->mouse_y;
  s->dx = type == mjEVENT_MOVE ? dx : 0.0;
  s->dy = type == mjEVENT_MOVE ? -dy : 0.0;
  s->sx = type == mjEVENT_SCROLL ? dx : 0.0;
  s->sy = type == mjEVENT_SCROLL ? dy : 0.0;
  s->mouserect = mjr_findRect((int)s->x, (int)s->y, s->nrect - 1, s->rect + 1) + 1;
  set_modifiers(w);
  if (type == mjEVENT_PRESS || type == mjEVENT_RELEASE) {
    set_button(s, type, button);
  }
  bool ours = s->dragrect == PANEL || (s->dragrect == 0 && s->mouserect == PANEL && !w->dragging);
  if (ours) {
    work_on_event(w);
  }
  if (type == mjEVENT_RELEASE) {
    s->dragrect = 0;
    s->dragbutton = 0;
  }
  return ours;
}

bool irl_controls_key(irl_window* w, int key, int mods) {
  irl_controls* c = w->controls;
  bool editing = c != NULL && c->ui.editsect > 0;
  // Its own keys: sections by Alt and a letter, and the text being edited.
  if (c == NULL || !w->panel || (!editing && mods != GLFW_MOD_ALT)) {
    return false;
  }
  c->state.type = mjEVENT_KEY;
  c->state.key = key;
  c->state.keytime = glfwGetTime();
  set_modifiers(w);
  work_on_event(w);
  return true;
}
