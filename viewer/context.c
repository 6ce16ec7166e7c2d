#include "viewer/context.h"

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GL/gl.h>
#include <dlfcn.h>
#include <math.h>
#include <mujoco/mujoco.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

enum { MAX_DEVICES = 16 };

#ifndef GL_MAX_RENDERBUFFER_SIZE
#define GL_MAX_RENDERBUFFER_SIZE 0x84E8
#endif

//---------------------------------- What the renderer needs ---------------------------------------

// MuJoCo's renderer ends in an error from which nobody returns when these are missing: ask first.
static bool usable(char* why, size_t size) {
  const char* version = (const char*)glGetString(GL_VERSION);
  const char* extensions = (const char*)glGetString(GL_EXTENSIONS);
  if (version == NULL || extensions == NULL) {
    (void)snprintf(why, size, "the driver has no OpenGL with the compatibility profile");
    return false;
  }
  if (strtod(version, NULL) < 1.5) {
    (void)snprintf(why, size, "OpenGL %.40s is too old, 1.5 is needed", version);
    return false;
  }
  if (strstr(extensions, "GL_ARB_framebuffer_object") == NULL ||
      strstr(extensions, "GL_ARB_vertex_buffer_object") == NULL) {
    (void)snprintf(why, size, "OpenGL %.40s lacks framebuffer objects", version);
    return false;
  }
  return true;
}

// Largest side that both a viewport and a renderbuffer may have.
static int max_side(void) {
  GLint viewport[2] = {0, 0}, buffer = 0;
  glGetIntegerv(GL_MAX_VIEWPORT_DIMS, viewport);
  glGetIntegerv(GL_MAX_RENDERBUFFER_SIZE, &buffer);
  int least = viewport[0] < viewport[1] ? viewport[0] : viewport[1];
  return least < buffer ? least : buffer;
}

//---------------------------------- EGL -----------------------------------------------------------

// Makes an OpenGL context current on a display, with a tiny surface that nothing is drawn to: we
// draw into a buffer of our own size. Closes what it opened when it fails.
static bool egl_start(irl_context* context, EGLDisplay display) {
  const EGLint wanted[] = {EGL_SURFACE_TYPE,
                           EGL_PBUFFER_BIT,
                           EGL_RENDERABLE_TYPE,
                           EGL_OPENGL_BIT,
                           EGL_RED_SIZE,
                           8,
                           EGL_GREEN_SIZE,
                           8,
                           EGL_BLUE_SIZE,
                           8,
                           EGL_NONE};
  const EGLint tiny[] = {EGL_WIDTH, 16, EGL_HEIGHT, 16, EGL_NONE};
  EGLConfig config;
  EGLint found = 0;
  if (display == EGL_NO_DISPLAY || !eglInitialize(display, NULL, NULL)) {
    return false;
  }
  context->display = display;
  if (eglBindAPI(EGL_OPENGL_API) && eglChooseConfig(display, wanted, &config, 1, &found) &&
      found == 1) {
    context->surface = eglCreatePbufferSurface(display, config, tiny);
    context->gl = eglCreateContext(display, config, EGL_NO_CONTEXT, NULL);
    if (context->surface != EGL_NO_SURFACE && context->gl != EGL_NO_CONTEXT &&
        eglMakeCurrent(display, context->surface, context->surface, context->gl)) {
      return true;
    }
  }
  irl_context_close(context);
  return false;
}

// Displays that need no screen: each graphics device, then Mesa's surfaceless platform.
static bool egl_any(irl_context* context) {
  const char* extensions = eglQueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
  PFNEGLGETPLATFORMDISPLAYEXTPROC get_display = (PFNEGLGETPLATFORMDISPLAYEXTPROC)(void (*)(
      void))eglGetProcAddress("eglGetPlatformDisplayEXT");
  PFNEGLQUERYDEVICESEXTPROC query_devices =
      (PFNEGLQUERYDEVICESEXTPROC)(void (*)(void))eglGetProcAddress("eglQueryDevicesEXT");
  if (extensions == NULL || get_display == NULL) {
    return false;
  }
  EGLDeviceEXT devices[MAX_DEVICES];
  EGLint n = 0;
  if (strstr(extensions, "EGL_EXT_platform_device") != NULL && query_devices != NULL &&
      query_devices(MAX_DEVICES, devices, &n)) {
    for (EGLint i = 0; i < n; i++) {
      if (egl_start(context, get_display(EGL_PLATFORM_DEVICE_EXT, devices[i], NULL))) {
        return true;
      }
    }
  }
  return strstr(extensions, "EGL_MESA_platform_surfaceless") != NULL &&
         egl_start(context, get_display(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, NULL));
}

//---------------------------------- GLFW ----------------------------------------------------------

static const char* glfw_reason(void) {
  const char* text = NULL;
  (void)glfwGetError(&text);
  return text != NULL ? text : "no reason given";
}

// Opens a window, with four samples a pixel if the driver has that.
static bool glfw_start(irl_context* context, const char* title, int width, int height, bool visible,
                       char* why, size_t size) {
  if (!glfwInit()) {
    (void)snprintf(why, size, "%s", glfw_reason());
    return false;
  }
  glfwDefaultWindowHints();
  glfwWindowHint(GLFW_VISIBLE, visible ? GLFW_TRUE : GLFW_FALSE);
  glfwWindowHint(GLFW_SAMPLES, 4);
  glfwWindowHint(GLFW_SCALE_TO_MONITOR, GLFW_TRUE);
  // A driver that can lose a context is asked to say so.
  glfwWindowHint(GLFW_CONTEXT_ROBUSTNESS, GLFW_LOSE_CONTEXT_ON_RESET);
  context->window = glfwCreateWindow(width, height, title, NULL, NULL);
  if (context->window == NULL) {
    glfwWindowHint(GLFW_CONTEXT_ROBUSTNESS, GLFW_NO_ROBUSTNESS);
    context->window = glfwCreateWindow(width, height, title, NULL, NULL);
  }
  if (context->window == NULL) {
    // Some software drivers have no multisampled window.
    glfwWindowHint(GLFW_SAMPLES, 0);
    context->window = glfwCreateWindow(width, height, title, NULL, NULL);
  }
  if (context->window == NULL) {
    (void)snprintf(why, size, "%s", glfw_reason());
    glfwTerminate();
    return false;
  }
  glfwMakeContextCurrent(context->window);
  return true;
}

//---------------------------------- Public --------------------------------------------------------

irl_err irl_context_headless(irl_context* context, irl_errinfo* info) {
  *context = (irl_context){0};
  char why[256] = "", of_egl[256] = "EGL offers no device";
  if (egl_any(context)) {
    if (usable(of_egl, sizeof of_egl)) {
      context->max_side = max_side();
      return IRL_OK;
    }
    irl_context_close(context);
  }
  if (glfw_start(context, "mjirl", 64, 64, false, why, sizeof why)) {
    if (usable(why, sizeof why)) {
      context->max_side = max_side();
      return IRL_OK;
    }
    irl_context_close(context);
  }
  return irl_fail(info, IRL_EUNSUPPORTED,
                  "pictures: no OpenGL: %s, and there is no window either (%s); install Mesa's "
                  "drivers (libegl-mesa0 and libgl1-mesa-dri)",
                  of_egl, why);
}

irl_err irl_context_window(irl_context* context, const char* title, int width, int height,
                           irl_errinfo* info) {
  *context = (irl_context){0};
  char why[256] = "";
  if (!glfw_start(context, title, width, height, true, why, sizeof why)) {
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "window: cannot open one: %s; set DISPLAY, or write a PNG with --offscreen",
                    why);
  }
  if (!usable(why, sizeof why)) {
    irl_context_close(context);
    return irl_fail(info, IRL_EUNSUPPORTED,
                    "window: %s; install Mesa's drivers, or write a PNG with --offscreen", why);
  }
  context->max_side = max_side();
  context->reset = (unsigned (*)(void))glfwGetProcAddress("glGetGraphicsResetStatusARB");
  glfwSwapInterval(1);
  return IRL_OK;
}

bool irl_context_lost(const irl_context* context) {
  return context->reset != NULL && context->reset() != GL_NO_ERROR;
}

//---------------------------------- Loss ----------------------------------------------------------

// Xlib's own handler prints; what there is to say is said by who gets the error.
static int say_nothing(void* display) {
  (void)display;
  return 0;
}

// X11 is GLFW's affair; it is asked for by name so that a GLFW without it serves too.
void irl_context_guard(const irl_context* context, void (*lost)(void* display, void* user),
                       void* user) {
  void* (*display)(void) = NULL;
  void (*on_error)(int (*)(void*)) = NULL;
  void (*on_exit)(void*, void (*)(void*, void*), void*) = NULL;
  void* library = context->window != NULL ? dlopen("libX11.so.6", RTLD_LAZY | RTLD_NOLOAD) : NULL;
  if (library == NULL) {
    return;
  }
  *(void**)&display = dlsym(RTLD_DEFAULT, "glfwGetX11Display");
  *(void**)&on_error = dlsym(library, "XSetIOErrorHandler");
  *(void**)&on_exit = dlsym(library, "XSetIOErrorExitHandler");  // libX11 1.7 and later
  if (display != NULL && on_error != NULL && on_exit != NULL && display() != NULL) {
    on_error(say_nothing);
    on_exit(display(), lost, user);
  }
}

//---------------------------------- Windows -------------------------------------------------------

bool irl_context_full_screen(irl_context* context) {
  GLFWwindow* handle = context->window;
  GLFWmonitor* monitor = glfwGetPrimaryMonitor();
  const GLFWvidmode* mode = monitor != NULL ? glfwGetVideoMode(monitor) : NULL;
  int* r = context->restore;
  if (glfwGetWindowMonitor(handle) != NULL) {
    glfwSetWindowMonitor(handle, NULL, r[0], r[1], r[2], r[3], GLFW_DONT_CARE);
    return false;
  }
  if (mode == NULL) {
    return false;
  }
  glfwGetWindowPos(handle, &r[0], &r[1]);
  glfwGetWindowSize(handle, &r[2], &r[3]);
  glfwSetWindowMonitor(handle, monitor, 0, 0, mode->width, mode->height, mode->refreshRate);
  return true;
}

int irl_context_font_scale(const irl_context* context) {
  float content = 1.0F;
  glfwGetWindowContentScale(context->window, &content, NULL);
  const int scale = 50 * (int)lround(2.0 * (double)content);
  return scale < mjFONTSCALE_100   ? mjFONTSCALE_100
         : scale > mjFONTSCALE_300 ? mjFONTSCALE_300
                                   : scale;
}

int irl_context_modifiers(const irl_context* context) {
  static const int keys[][3] = {
      {GLFW_KEY_LEFT_CONTROL, GLFW_KEY_RIGHT_CONTROL, GLFW_MOD_CONTROL},
      {GLFW_KEY_LEFT_SHIFT, GLFW_KEY_RIGHT_SHIFT, GLFW_MOD_SHIFT},
      {GLFW_KEY_LEFT_ALT, GLFW_KEY_RIGHT_ALT, GLFW_MOD_ALT},
  };
  int held = 0;
  for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
    if (glfwGetKey(context->window, keys[k][0]) == GLFW_PRESS ||
        glfwGetKey(context->window, keys[k][1]) == GLFW_PRESS) {
      held |= keys[k][2];
    }
  }
  return held;
}

void irl_context_close(irl_context* context) {
  if (context->window != NULL) {
    glfwDestroyWindow(context->window);
    glfwTerminate();
  }
  if (context->display != NULL) {
    EGLDisplay display = context->display;
    eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    if (context->gl != NULL) {
      eglDestroyContext(display, context->gl);
    }
    if (context->surface != NULL) {
      eglDestroySurface(display, context->surface);
    }
    eglTerminate(display);
    eglReleaseThread();
  }
  *context = (irl_context){0};
}
