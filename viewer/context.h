// OpenGL contexts: without a display by EGL, with a hidden window where EGL has none, or in a
// window.
#ifndef MJIRL_VIEWER_CONTEXT_H_
#define MJIRL_VIEWER_CONTEXT_H_

#include <stdbool.h>

#include "base/err.h"

struct GLFWwindow;

typedef struct irl_context {
  void* display;              // EGLDisplay, or NULL
  void* surface;              // EGLSurface
  void* gl;                   // EGLContext
  struct GLFWwindow* window;  // or NULL
  int max_side;               // largest picture side the driver takes [pixels]
  unsigned (*reset)(void);    // asks the driver whether the context was lost; or NULL
  int restore[4];             // place and size to return to from the full screen [window units]
} irl_context;

// Makes a context current that needs no display, or else one of a hidden window. Errors:
// IRL_EUNSUPPORTED saying what was tried.
IRL_NODISCARD irl_err irl_context_headless(irl_context* context, irl_errinfo* info);

// Opens a visible window with a current context; v-sync on. Errors: IRL_EUNSUPPORTED.
IRL_NODISCARD irl_err irl_context_window(irl_context* context, const char* title, int width,
                                         int height, irl_errinfo* info);

// True when the driver has lost the context (a reset graphics card), and nothing drawn in it will
// be seen again.
bool irl_context_lost(const irl_context* context);

// Has `lost` called, with `user`, when the window's display goes away. Xlib would end the process
// after it: it must not return (longjmp), and nothing of the window may be touched any more. Where
// the display is none of X11's, nothing happens.
void irl_context_guard(const irl_context* context, void (*lost)(void* display, void* user),
                       void* user);

// Switches a window between the full screen and the place that it had before; whether it is on the
// full screen now.
bool irl_context_full_screen(irl_context* context);

// The scale of MuJoCo's own letters (mjtFontScale) for the window's screen: fine ones need larger.
int irl_context_font_scale(const irl_context* context);

// The modifier keys that are held, as GLFW's GLFW_MOD_* bits: Control, Shift and Alt.
int irl_context_modifiers(const irl_context* context);

void irl_context_close(irl_context* context);  // a zeroed context is fine

#endif  // MJIRL_VIEWER_CONTEXT_H_
