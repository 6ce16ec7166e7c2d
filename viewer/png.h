// PNG files.
#ifndef MJIRL_VIEWER_PNG_H_
#define MJIRL_VIEWER_PNG_H_

#include "base/err.h"
#include "viewer/canvas.h"

// Writes an opaque canvas as 8-bit RGB, atomically; `fast` trades size for time. Errors: IRL_EIO,
// IRL_ENOSPC, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_png_write(const char* path, const irl_canvas* canvas, bool fast,
                                    irl_errinfo* info);

#endif  // MJIRL_VIEWER_PNG_H_
