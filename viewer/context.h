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
} irl_context;

// Makes a context current that needs no display, or else one of a hidden window. Errors:
// IRL_EUNSUPPORTED saying what was tried.
IRL_NODISCARD irl_err irl_context_headless(irl_context* context, irl_errinfo* info);

// Opens a visible window with a current context; v-sync on. Errors: IRL_EUNSUPPORTED.
IRL_NODISCARD irl_err irl_context_window(irl_context* context, const char* title, int width,
                                         int height, irl_errinfo* info);

// True when the driver has lost the context, and nothing drawn in it will be seen again.
bool irl_context_lost(const irl_context* context);

// Has `lost` called, with `user`, when the window's display goes away. Xlib would end the process
// after it: it must not return (longjmp), and nothing of the window may be touched any more. Where
// the display is none of X11's, nothing happens.
void irl_context_guard(const irl_context* context, void (*lost)(void* display, void* user),
                       void* user);

// True when the driver has lost the current context (a reset graphics card).
bool irl_context_is_lost(void);

void irl_context_close(irl_context* context);  // a zeroed context is fine

#endif  // MJIRL_VIEWER_CONTEXT_H_
