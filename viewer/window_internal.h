// The window's state, shared by its parts:
//
//   window.c          opening, time, the loop
//   window_draw.c     a frame: picture, and what is laid over it
//   window_words.c    the words over the picture: titles, bar, status, help, what the pointer is at
//   window_actions.c  all that can be done, by key or by panel
//   window_input.c    keys and mouse
//   window_panel.c    the panel at the left (MuJoCo's mjUI)
//   window_capture.c  pictures, films and frames of the window
#ifndef MJIRL_VIEWER_WINDOW_INTERNAL_H_
#define MJIRL_VIEWER_WINDOW_INTERNAL_H_

#include "viewer/context.h"
#include "viewer/field.h"
#include "viewer/film.h"
#include "viewer/frame.h"
#include "viewer/reel.h"
#include "viewer/sheet.h"

// What the pointer is at.
typedef struct irl_pick {
  bool found;
  int group, episode, step;
} irl_pick;

// What the panel's items show and change; mjUI writes into it.
typedef struct irl_settings {
  int paused, loop;
  double speed;  // times real time
  int step;
  int visible[IRL_GROUPS_MAX];
  int focus;   // rollout that stands out, counted from 1; 0: none
  int picked;  // the same as the panel has it, counted from 0; -1: none
  int layer;
  int range_kind;
  double range[2];
  int iteration;  // index among those the reel has
  int follow;
  int field;
  int chart;  // 0: none, 1: timeline, 2: with the figure
  int info;
  int camera;  // 0: free, else the model's, counted from 1
} irl_settings;

typedef enum irl_capture { IRL_CAPTURE_NONE, IRL_CAPTURE_FILM, IRL_CAPTURE_FOLDER } irl_capture;

typedef struct irl_window {
  irl_context gl;
  irl_show show;
  irl_reel* reel;  // or NULL
  const irl_host* host;
  int width, height;  // framebuffer [pixels]
  double ratio;       // pixels a unit of the mouse
  int frames;         // drawn so far
  irl_errinfo* info;
  irl_err failed;  // ends the loop

  irl_settings set;    // as it is to be
  irl_settings drawn;  // as the panel shows it
  irl_range fixed;     // what the range was when it was held
  int generation;      // counts changes of values, for what is kept drawn
  double time;         // of the replay [s]
  double asked;        // when the reel was last asked for news [s]
  bool help;
  bool rearrange;  // the tiles must be laid out again

  bool screenshot;  // one is due
  irl_capture capture;
  irl_film* film;
  char capture_path[64];
  int captured, capture_size[2];

  char notice[256];  // a short message, with the time until which it shows
  double notice_until;
  char told[IRL_SHEET_TEXT];  // status that the host was told last

  double mouse_x, mouse_y;  // last position [pixels]
  bool dragging, scrubbing;
  bool steered;    // the camera is where somebody put it: it is not aimed at the motion again
  double clicked;  // time of the last press, for double clicks [s]
  int clicked_button;
  irl_pick pick;
  irl_lens lens[IRL_GROUPS_MAX];  // of each tile

  irl_field field;
  irl_chart chart;

  struct irl_controls* controls;  // the panel
  bool panel;                     // it is shown
  int panel_width;                // [pixels]

  irl_sheet title[IRL_GROUPS_MAX], corner[4];
  irl_sheet bar, note, status, keys, timeline, cursor, tip, facts;
} irl_window;

//---------------------------------- window.c ------------------------------------------------------

int irl_window_step(const irl_window* window);  // shown now
irl_moment irl_window_moment(const irl_window* window);
unsigned irl_window_hidden(const irl_window* window);

// Shows a message for a few seconds, and tells the host.
void irl_window_notify(irl_window* window, const char* format, ...) IRL_PRINTF(2, 3);

// Takes over what the settings ask for after they have been changed.
void irl_window_recolor(irl_window* window);
void irl_window_choose_iteration(irl_window* window, int index);
void irl_window_look(irl_window* window);  // for news, now

//---------------------------------- window_draw.c, window_words.c ---------------------------------

void irl_window_draw(irl_window* window);

// What belongs to the picture, and what does not: status, help, pointer, panel.
void irl_window_draw_words(irl_window* window);
void irl_window_draw_aids(irl_window* window);
void irl_window_draw_help(irl_window* window);
void irl_window_words_fini(irl_window* window);

// The rollout and step nearest to a place in the window.
irl_pick irl_window_pick(const irl_window* window, double x, double y, double reach);

//---------------------------------- window_actions.c ----------------------------------------------

typedef enum irl_action {
  IRL_DO_PAUSE,
  IRL_DO_BACK,
  IRL_DO_FORWARD,
  IRL_DO_FIRST,
  IRL_DO_LAST,
  IRL_DO_RESET,
  IRL_DO_FASTER,
  IRL_DO_SLOWER,
  IRL_DO_LOOP,
  IRL_DO_FOCUS_NEXT,
  IRL_DO_FOCUS_PREVIOUS,
  IRL_DO_FOCUS_NONE,
  IRL_DO_COLOR_NEXT,
  IRL_DO_COLOR_PREVIOUS,
  IRL_DO_RANGE,
  IRL_DO_ITERATION_NEXT,
  IRL_DO_ITERATION_PREVIOUS,
  IRL_DO_FOLLOW,
  IRL_DO_FIELD,
  IRL_DO_CAMERA_NEXT,
  IRL_DO_CAMERA_PREVIOUS,
  IRL_DO_FREE,
  IRL_DO_ALIGN,
  IRL_DO_SAVE_CAMERA,
  IRL_DO_PANEL,
  IRL_DO_HELP,
  IRL_DO_INFO,
  IRL_DO_CHART,
  IRL_DO_FULL,
  IRL_DO_SCREENSHOT,
  IRL_DO_FILM,
  IRL_DO_FRAMES,
  IRL_DO_COPY,
  IRL_DO_RELOAD,
  IRL_DO_QUIT,
  IRL_DO_GROUP  // and the group's number added
} irl_action;

void irl_window_do(irl_window* window, int action);

//---------------------------------- window_input.c ------------------------------------------------

// The help's rows: names of keys or of the mouse, and what they do. Ends with NULL.
extern const char* const irl_window_help[][2];

void irl_window_listen(irl_window* window);
void irl_window_set_step(irl_window* window, int step);  // pauses there

//---------------------------------- window_panel.c ------------------------------------------------

IRL_NODISCARD irl_err irl_controls_create(irl_window* window);
void irl_controls_destroy(irl_window* window);
void irl_controls_resize(irl_window* window);
// Hands an event of the mouse or a key to the panel; true when it took it.
bool irl_controls_mouse(irl_window* window, int type, int button, double dx, double dy);
bool irl_controls_key(irl_window* window, int key, int mods);
void irl_controls_draw(irl_window* window);

//---------------------------------- window_capture.c ----------------------------------------------

// Takes what is due from the picture that has just been drawn.
void irl_window_capture(irl_window* window);
void irl_window_capture_toggle(irl_window* window, irl_capture kind);
void irl_window_capture_end(irl_window* window);

// A name that is not taken: mjirl-<date>-<time><ending>.
bool irl_window_file_name(char* out, size_t size, const char* ending);

#endif  // MJIRL_VIEWER_WINDOW_INTERNAL_H_
