// The panel at the right: what the keys do, as buttons, boxes and sliders of MuJoCo's own UI.
#include <math.h>
#include <stdio.h>
#include <string.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

#include "base/arena.h"
#include "viewer/cockpit.h"

enum { SECTION_SESSION, SECTION_ROBOT, SECTION_VIEW, SECTION_CONTROL };
enum { RECT_WINDOW, RECT_CONSOLE, RECT_SCENE, RECTS };
enum { WHEN_READY = 2, WHEN_RUNNING, WHEN_CONDITIONS, WHEN_GRIPPER };

// Items that are buttons, by their user ids.
enum {
  ITEM_RECORD = 1,
  ITEM_PAUSE,
  ITEM_SUCCESS,
  ITEM_FAILURE,
  ITEM_DISCARD,
  ITEM_RETRY,
  ITEM_UNDO,
  ITEM_EARLIER,
  ITEM_LATER,
  ITEM_HAND,
  ITEM_AIM,
  ITEM_PICTURE,
  ITEM_HELP,
  ITEM_FULL,
  ITEM_QUIT,
};

struct irl_console {
  mjUI ui;
  mjuiState state;
  // What the items show and change.
  int hold, upright, weightless, closed, keys, speed, camera;
  double strength;
  char label[mjMAXUITEXT];
  double control[IRL_TELEOP_RATES];
  unsigned seen;  // sum of what was drawn last
};

//---------------------------------- Items ---------------------------------------------------------

// When an item can be used; MuJoCo asks with the category it was given.
static int enabled(int category, void* data) {
  const irl_cockpit* c = data;
  const irl_phase phase = c->view.session.phase;
  switch (category) {
    case WHEN_READY:
      return phase == IRL_PHASE_READY;
    case WHEN_RUNNING:
      return irl_session_running(&c->view.session);
    case WHEN_CONDITIONS:
      return phase == IRL_PHASE_READY && c->view.session.options.conditions > 1;
    case WHEN_GRIPPER:
      return irl_teleop_get(irl_recorder_teleop(c->recorder))->grippers > 0;
    default:
      return 1;
  }
}

// Adds an item; `id` names buttons.
static void add(mjUI* ui, int type, const char* name, int when, void* data, const char* other,
                int id) {
  mjuiDef def[2] = {{.type = type, .state = when, .pdata = data}, {.type = mjITEM_END}};
  (void)snprintf(def[0].name, sizeof def[0].name, "%s", name);
  (void)snprintf(def[0].other, sizeof def[0].other, "%s", other);
  const int section = ui->nsect - 1;
  if (type == mjITEM_SECTION) {
    mjui_add(ui, def);
    return;
  }
  mjui_addToSection(ui, section, def);
  mjuiSection* s = &ui->sect[section];
  if (id > 0 && s->nitem > 0) {
    s->item[s->nitem - 1].userid = id;
  }
}

static void add_session(irl_console* k) {
  mjUI* ui = &k->ui;
  add(ui, mjITEM_SECTION, "Session", mjSECT_OPEN, NULL, "AS", 0);
  add(ui, mjITEM_BUTTON, "Record", 1, NULL, "", ITEM_RECORD);
  add(ui, mjITEM_BUTTON, "Pause / go on", 1, NULL, "", ITEM_PAUSE);
  add(ui, mjITEM_BUTTON, "Success", WHEN_RUNNING, NULL, "", ITEM_SUCCESS);
  add(ui, mjITEM_BUTTON, "Failure", WHEN_RUNNING, NULL, "", ITEM_FAILURE);
  add(ui, mjITEM_BUTTON, "Discard", WHEN_RUNNING, NULL, "", ITEM_DISCARD);
  add(ui, mjITEM_BUTTON, "Once more", WHEN_RUNNING, NULL, "", ITEM_RETRY);
  add(ui, mjITEM_BUTTON, "Last one: drop", WHEN_READY, NULL, "", ITEM_UNDO);
  add(ui, mjITEM_BUTTON, "Condition -", WHEN_CONDITIONS, NULL, "", ITEM_EARLIER);
  add(ui, mjITEM_BUTTON, "Condition +", WHEN_CONDITIONS, NULL, "", ITEM_LATER);
  add(ui, mjITEM_SELECT, "Speed", 1, &k->speed, "0.01\n0.02\n0.05\n0.1\n0.2\n0.5\n1\n2\n4", 0);
  add(ui, mjITEM_EDITTXT, "Label", 1, k->label, "", 0);
  add(ui, mjITEM_BUTTON, "Save, close", 1, NULL, "", ITEM_QUIT);
}

static void add_robot(irl_console* k) {
  mjUI* ui = &k->ui;
  add(ui, mjITEM_SECTION, "Robot", mjSECT_OPEN, NULL, "AR", 0);
  add(ui, mjITEM_CHECKINT, "Hold posture", 1, &k->hold, "", 0);
  add(ui, mjITEM_CHECKINT, "Carry weight", 1, &k->weightless, "", 0);
  add(ui, mjITEM_CHECKINT, "Keep upright", 1, &k->upright, "", 0);
  add(ui, mjITEM_CHECKINT, "Gripper", WHEN_GRIPPER, &k->closed, "", 0);
  add(ui, mjITEM_SLIDERNUM, "Strength", 1, &k->strength, "0.05 1", 0);
  add(ui, mjITEM_SELECT, "Keyboard", 1, &k->keys, "Window\nHand\nActuators", 0);
  add(ui, mjITEM_BUTTON, "Ball to hand", 1, NULL, "", ITEM_HAND);
}

static void add_view(irl_console* k, irl_cockpit* c) {
  mjUI* ui = &k->ui;
  char cameras[mjMAXUITEXT] = "Free";
  size_t used = strlen(cameras);
  for (int i = 0; i < c->look->ncam && i < mjMAXUIMULTI - 1 && used < sizeof cameras - 48; i++) {
    const char* name = mj_id2name(c->look, mjOBJ_CAMERA, i);
    used += (size_t)snprintf(cameras + used, sizeof cameras - used, "\n%.38s",
                             name != NULL ? name : "unnamed");
  }
  add(ui, mjITEM_SECTION, "View", mjSECT_OPEN, NULL, "AV", 0);
  add(ui, mjITEM_SELECT, "Camera", 1, &k->camera, cameras, 0);
  add(ui, mjITEM_BUTTON, "Frame robot", 1, NULL, "", ITEM_AIM);
  add(ui, mjITEM_BUTTON, "Picture", 1, NULL, "", ITEM_PICTURE);
  add(ui, mjITEM_BUTTON, "Help", 1, NULL, "", ITEM_HELP);
  add(ui, mjITEM_BUTTON, "Full screen", 1, NULL, "", ITEM_FULL);
  add(ui, mjITEM_CHECKBYTE, "Transparent", 1, &c->option.flags[mjVIS_TRANSPARENT], "", 0);
  add(ui, mjITEM_CHECKBYTE, "Joints", 1, &c->option.flags[mjVIS_JOINT], "", 0);
  add(ui, mjITEM_CHECKBYTE, "Actuators", 1, &c->option.flags[mjVIS_ACTUATOR], "", 0);
  add(ui, mjITEM_CHECKBYTE, "Contacts", 1, &c->option.flags[mjVIS_CONTACTPOINT], "", 0);
  add(ui, mjITEM_CHECKBYTE, "Forces", 1, &c->option.flags[mjVIS_CONTACTFORCE], "", 0);
  add(ui, mjITEM_CHECKBYTE, "Shadow", 1, &c->scene.flags[mjRND_SHADOW], "", 0);
}

// A slider a control: it shows the action, and sets it when it is moved.
static void add_control(irl_console* k, const irl_cockpit* c) {
  const double* low = irl_task_action_low(c->task);
  const double* high = irl_task_action_high(c->task);
  add(&k->ui, mjITEM_SECTION, "Control", mjSECT_CLOSED, NULL, "AC", 0);
  for (int i = 0; i < c->look->nu && i < IRL_TELEOP_RATES; i++) {
    char name[32], range[64];
    const char* given =
        c->look->nu == c->look->nactuator ? mj_id2name(c->look, mjOBJ_ACTUATOR, i) : NULL;
    (void)snprintf(name, sizeof name, given != NULL ? "%.30s" : "control %s%d",
                   given != NULL ? given : "", i);
    (void)snprintf(range, sizeof range, "%g %g", isfinite(low[i]) ? low[i] : -1,
                   isfinite(high[i]) ? high[i] : 1);
    add(&k->ui, mjITEM_SLIDERNUM, name, 1, &k->control[i], range, 0);
  }
}

//---------------------------------- Values --------------------------------------------------------

static const double speeds[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4};
enum { NSPEEDS = sizeof speeds / sizeof speeds[0] };

// The items show what is, whoever changed it.
static void refresh(irl_console* k, const irl_cockpit* c) {
  k->hold = !c->command.relax;
  k->upright = c->command.upright;
  k->weightless = c->command.weightless;
  k->closed = c->command.closed;
  k->strength = c->command.strength;
  k->keys = (int)c->keys;
  k->camera = c->camera.type == mjCAMERA_FIXED ? c->camera.fixedcamid + 1 : 0;
  k->speed = 0;
  while (k->speed < NSPEEDS - 1 && speeds[k->speed] < c->view.speed * 0.999) {
    k->speed++;
  }
  for (int i = 0; i < c->look->nu && i < IRL_TELEOP_RATES; i++) {
    k->control[i] = c->view.u[i];
  }
  const irl_phase phase = c->view.session.phase;
  (void)snprintf(k->ui.sect[SECTION_SESSION].item[0].name, mjMAXUINAME, "%s",
                 phase == IRL_PHASE_READY       ? "Record"
                 : phase == IRL_PHASE_COUNTDOWN ? "Cancel"
                 : phase == IRL_PHASE_REVIEW    ? "Keep"
                                                : "Stop");
}

// A sum that differs when anything to be seen does.
static unsigned fingerprint(const irl_console* k, const irl_cockpit* c) {
  const double values[] = {k->hold,   k->upright,  k->weightless,
                           k->closed, k->strength, k->keys,
                           k->camera, k->speed,    (double)c->view.session.phase};
  unsigned sum = 2166136261U;
  const unsigned char* bytes = (const unsigned char*)values;
  for (size_t i = 0; i < sizeof values; i++) {
    sum = (sum ^ bytes[i]) * 16777619U;
  }
  bytes = (const unsigned char*)k->control;
  const bool shown = k->ui.sect[SECTION_CONTROL].state == mjSECT_OPEN;
  for (size_t i = 0; i < sizeof k->control && shown; i++) {
    sum = (sum ^ bytes[i]) * 16777619U;
  }
  return sum;
}

//---------------------------------- What items do -------------------------------------------------

static void push_button(irl_cockpit* c, int id) {
  const double nowhere[3] = {0, 0, 0};
  static const struct {
    int id;
    irl_event event;
    int argument;
  } events[] = {
      {ITEM_RECORD, IRL_EVENT_RECORD, 0},   {ITEM_PAUSE, IRL_EVENT_PAUSE, 0},
      {ITEM_SUCCESS, IRL_EVENT_SUCCESS, 0}, {ITEM_FAILURE, IRL_EVENT_FAILURE, 0},
      {ITEM_DISCARD, IRL_EVENT_DISCARD, 0}, {ITEM_RETRY, IRL_EVENT_RETRY, 0},
      {ITEM_UNDO, IRL_EVENT_DISCARD, 0},    {ITEM_EARLIER, IRL_EVENT_CONDITION, -1},
      {ITEM_LATER, IRL_EVENT_CONDITION, 1},
  };
  for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
    if (events[i].id == id) {
      irl_recorder_send(c->recorder, events[i].event, events[i].argument);
    }
  }
  switch (id) {
    case ITEM_HAND:
      irl_cockpit_tie(c, -1, nowhere);
      break;
    case ITEM_AIM:
      irl_cockpit_aim(c);
      break;
    case ITEM_PICTURE:
      c->screenshot = true;
      break;
    case ITEM_HELP:
      c->help = !c->help;
      break;
    case ITEM_FULL:
      (void)irl_context_full_screen(&c->gl);
      break;
    case ITEM_QUIT:
      glfwSetWindowShouldClose(c->gl.window, GLFW_TRUE);
      break;
    default:
      break;
  }
}

// Takes over what the person changed.
static void take(irl_console* k, irl_cockpit* c, const mjuiItem* item) {
  if (item->sectionid == SECTION_CONTROL) {
    memcpy(c->command.level, k->control, sizeof k->control);
    c->levels = true;
    return;
  }
  if (item->type == mjITEM_BUTTON) {
    push_button(c, item->userid);
  } else if (item->pdata == &k->speed) {
    irl_recorder_set_speed(c->recorder, speeds[k->speed]);
  } else if (item->pdata == k->label) {
    irl_recorder_set_label(c->recorder, k->label);
  } else if (item->pdata == &k->camera) {
    c->camera.type = k->camera > 0 ? mjCAMERA_FIXED : mjCAMERA_FREE;
    c->camera.fixedcamid = k->camera - 1;
  }
  c->command.relax = !k->hold;
  c->command.upright = k->upright;
  c->command.weightless = k->weightless;
  c->command.closed = k->closed;
  c->command.strength = k->strength;
  c->keys = (irl_keys)k->keys;
}

static void event(irl_cockpit* c, int type) {
  irl_console* k = c->console;
  k->state.type = type;
  const mjuiItem* item = mjui_event(&k->ui, &k->state, &c->context);
  if (item != NULL) {
    take(k, c, item);
  }
}

//---------------------------------- Input ---------------------------------------------------------

static void place(irl_cockpit* c, double x, double y) {
  mjuiState* s = &c->console->state;
  s->dx = x - s->x;
  s->dy = (c->height - y) - s->y;
  s->x = x;
  s->y = c->height - y;
  s->mouserect = c->shown && x >= c->width ? RECT_CONSOLE : RECT_SCENE;
}

bool irl_cockpit_console_press(irl_cockpit* c, double x, double y) {
  mjuiState* s = &c->console->state;
  place(c, x, y);
  if (s->mouserect != RECT_CONSOLE) {
    if (c->console->ui.editsect > 0) {  // a click elsewhere ends the typing
      s->button = mjBUTTON_LEFT;
      s->key = mjKEY_ENTER;
      event(c, mjEVENT_KEY);
    }
    return false;
  }
  const double now = glfwGetTime();
  s->doubleclick = now - s->buttontime < 0.25;
  s->buttontime = now;
  s->left = 1;
  s->button = mjBUTTON_LEFT;
  s->dragbutton = mjBUTTON_LEFT;
  s->dragrect = RECT_CONSOLE;
  event(c, mjEVENT_PRESS);
  return true;
}

bool irl_cockpit_console_move(irl_cockpit* c, double x, double y) {
  place(c, x, y);
  if (c->console->state.dragrect != RECT_CONSOLE) {
    return false;
  }
  event(c, mjEVENT_MOVE);
  return true;
}

bool irl_cockpit_console_release(irl_cockpit* c) {
  mjuiState* s = &c->console->state;
  if (s->dragrect != RECT_CONSOLE) {
    return false;
  }
  s->left = 0;
  s->button = mjBUTTON_LEFT;
  event(c, mjEVENT_RELEASE);
  s->dragrect = s->dragbutton = 0;
  return true;
}

bool irl_cockpit_console_scroll(irl_cockpit* c, double dy) {
  mjuiState* s = &c->console->state;
  if (s->mouserect != RECT_CONSOLE) {
    return false;
  }
  s->sy = dy;
  event(c, mjEVENT_SCROLL);
  return true;
}

bool irl_cockpit_console_key(irl_cockpit* c, int key, int mods) {
  mjuiState* s = &c->console->state;
  const bool typing = c->shown && c->console->ui.editsect > 0;
  s->alt = (mods & GLFW_MOD_ALT) != 0;
  s->shift = (mods & GLFW_MOD_SHIFT) != 0;
  s->control = (mods & GLFW_MOD_CONTROL) != 0;
  if (!typing && !(s->alt && c->shown)) {
    return false;
  }
  s->key = key;
  event(c, mjEVENT_KEY);
  return true;
}

//---------------------------------- Drawing -------------------------------------------------------

static void arrange(irl_cockpit* c) {
  irl_console* k = c->console;
  mjuiState* s = &k->state;
  s->nrect = RECTS;
  s->rect[RECT_WINDOW] = (mjrRect){0, 0, c->full, c->height};
  s->rect[RECT_CONSOLE] = (mjrRect){c->width, 0, c->full - c->width, c->height};
  s->rect[RECT_SCENE] = (mjrRect){0, 0, c->width, c->height};
}

int irl_cockpit_console_width(const irl_cockpit* c) {
  return c->console != NULL && c->shown ? c->console->ui.width : 0;
}

void irl_cockpit_console_draw(irl_cockpit* c) {
  irl_console* k = c->console;
  if (!c->shown || c->full <= c->width) {
    return;
  }
  if (k->state.dragrect != RECT_CONSOLE && k->ui.editsect == 0) {
    refresh(k, c);
  }
  arrange(c);
  const unsigned now = fingerprint(k, c) + 31U * (unsigned)c->height;
  if (now != k->seen) {
    mjui_update(-1, -1, &k->ui, &k->state, &c->context);
    k->seen = now;
  }
  mjui_render(&k->ui, &k->state, &c->context);
}

//---------------------------------- Life ----------------------------------------------------------

irl_err irl_cockpit_console_init(irl_cockpit* c) {
  irl_console* k = IRL_NEW(irl_console, 1);
  if (k == NULL) {
    return IRL_ENOMEM;
  }
  c->console = k;
  c->shown = true;
  k->ui.spacing = mjui_themeSpacing(1);
  k->ui.color = mjui_themeColor(1);
  k->ui.predicate = enabled;
  k->ui.userdata = c;
  k->ui.rectid = RECT_CONSOLE;
  k->ui.auxid = 0;
  if (c->options->label != NULL) {
    (void)snprintf(k->label, sizeof k->label, "%.120s", c->options->label);
  }
  add_session(k);
  add_robot(k);
  add_view(k, c);
  add_control(k, c);
  mjui_resize(&k->ui, &c->context);
  mjr_addAux(k->ui.auxid, k->ui.width, k->ui.maxheight, k->ui.spacing.samples, &c->context);
  return IRL_OK;
}

void irl_cockpit_console_fini(irl_cockpit* c) {
  irl_free(c->console);
}
