// The recording window's state, shared by its loop (record.c), what it shows of the world
// (cockpit_scene.c) and of the session (cockpit_hud.c), and its input (cockpit_input.c).
#ifndef MJIRL_VIEWER_COCKPIT_H_
#define MJIRL_VIEWER_COCKPIT_H_

#include <mujoco/mujoco.h>

#include "viewer/canvas.h"
#include "viewer/context.h"
#include "viewer/gamepad.h"
#include "viewer/record.h"
#include "viewer/recorder.h"
#include "viewer/sheet.h"
#include "viewer/view.h"

// What the mouse drags.
typedef enum irl_grip {
  IRL_GRIP_NONE,
  IRL_GRIP_VIEW,      // the camera
  IRL_GRIP_TARGET,    // the target
  IRL_GRIP_TURN,      // the target's orientation
  IRL_GRIP_TIMELINE,  // the step that is shown
} irl_grip;

// Who has the letter keys.
typedef enum irl_keys {
  IRL_KEYS_WINDOW,    // the window's own
  IRL_KEYS_HAND,      // they move the hand
  IRL_KEYS_CONTROLS,  // each pair pushes a control
} irl_keys;

enum { IRL_SHEETS = 8 };

typedef struct irl_console irl_console;

typedef struct irl_cockpit {
  irl_context gl;
  const irl_task* task;
  const irl_record_options* options;
  const irl_host* host;
  irl_recorder* recorder;
  irl_recorder_view view;
  irl_command command;  // as last sent

  mjModel* look;  // the task's model with our quality
  mjData* d;      // what is shown
  mjvScene scene;
  mjvOption option;
  mjvCamera camera;
  mjrContext context;
  irl_lens lens;

  irl_console* console;  // the panel at the right
  bool shown;            // it is
  bool levels;           // its sliders set the controls, until the ball or a key takes over
  int full;              // width of the framebuffer [pixels]
  int width, height;     // of what shows the world, the panel's width less [pixels]
  double scale;          // framebuffer pixels a window unit
  double unit;           // pixels a design pixel of a 1280 x 720 picture
  irl_box timeline;      // where it is [pixels]; width 0: nowhere
  int earlier;           // episodes that the dataset had before
  bool help;
  bool screenshot;
  irl_gamepad_map map;       // what the gamepad means
  irl_gamepad_state before;  // its state at the last frame
  int gamepad;               // GLFW's number of it, -1: none
  irl_keys keys;
  int bank;  // first control that the keys push

  irl_grip grip;
  int button;          // that holds it
  bool pulls;          // by simulate's meaning of Ctrl-drag: relative, in view planes
  mjvPerturb perturb;  // of such a drag
  double mouse[2];     // last position [window units]
  double offset[2];    // from the target's picture to the mouse when it was gripped [pixels]
  double target[3];    // where it is dragged to [m]
  double pressed_at;   // time of the last press [s]
  int pressed_button;  // of it

  unsigned messages;  // of the recorder, seen so far
  char notice[320];
  bool alarming;
  double notice_until;  // [s]

  int dropped;  // frames that came late
  int frames;
  char title[200];
  irl_sheet sheet[IRL_SHEETS];
} irl_cockpit;

//---------------------------------- cockpit_scene.c -----------------------------------------------

// What is drawn of the world: model, scene and context, the cockpit's from here to _fini. Errors:
// IRL_ENOMEM.
IRL_NODISCARD irl_err irl_cockpit_scene_init(irl_cockpit* c, irl_errinfo* info);
void irl_cockpit_scene_fini(irl_cockpit* c);

// Points the free camera at the robot.
void irl_cockpit_aim(irl_cockpit* c);

// Draws the world of the view, the target and its string into the current buffer.
void irl_cockpit_draw(irl_cockpit* c);

// Whether a point of the picture (x right, y down, pixels; here and below) is on the target.
bool irl_cockpit_on_target(const irl_cockpit* c, double x, double y);

// Where the target goes when its picture is moved to (x, y): within the robot's plane if it has
// one, else within the vertical plane that faces the person, or the horizontal one if level or seen
// from above.
void irl_cockpit_drag(irl_cockpit* c, double x, double y, bool level);

// The body at a point of the picture, and the point on it [m]; -1: none.
int irl_cockpit_pick(irl_cockpit* c, double x, double y, double point[3]);

//---------------------------------- cockpit_hud.c -------------------------------------------------

// Lays the words, the timeline and the help over the picture.
void irl_cockpit_hud(irl_cockpit* c);
void irl_cockpit_hud_fini(irl_cockpit* c);

// Shows a notice for some seconds, and says it on the host's log too.
void irl_cockpit_notify(irl_cockpit* c, const char* text, bool alarming);

//---------------------------------- cockpit_input.c -----------------------------------------------

// Installs keys and mouse; their callbacks reach the cockpit by GLFW's user pointer.
void irl_cockpit_listen(irl_cockpit* c);

// Reads held keys and the gamepad, and sends the command.
void irl_cockpit_command(irl_cockpit* c);

// Ties the target to a point of a body (in its frame), or to the hand with body -1; what no
// actuator moves is refused with a notice.
void irl_cockpit_tie(irl_cockpit* c, int body, const double local[3]);

//---------------------------------- cockpit_mouse.c -----------------------------------------------

void irl_cockpit_listen_mouse(irl_cockpit* c);

// The robot was put somewhere else: the ball that is held goes there too.
void irl_cockpit_regrip(irl_cockpit* c);

//---------------------------------- cockpit_console.c ---------------------------------------------

IRL_NODISCARD irl_err irl_cockpit_console_init(irl_cockpit* c);
void irl_cockpit_console_fini(irl_cockpit* c);
int irl_cockpit_console_width(const irl_cockpit* c);  // pixels, 0 while it is not shown
void irl_cockpit_console_draw(irl_cockpit* c);

// Input, in pixels with y down; true when it was meant for the panel.
bool irl_cockpit_console_press(irl_cockpit* c, double x, double y);
bool irl_cockpit_console_move(irl_cockpit* c, double x, double y);
bool irl_cockpit_console_release(irl_cockpit* c);
bool irl_cockpit_console_scroll(irl_cockpit* c, double dy);
bool irl_cockpit_console_key(irl_cockpit* c, int key, int mods);

#endif  // MJIRL_VIEWER_COCKPIT_H_
