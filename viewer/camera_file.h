// Saved cameras: a small JSON.
#ifndef MJIRL_VIEWER_CAMERA_FILE_H_
#define MJIRL_VIEWER_CAMERA_FILE_H_

#include <stdbool.h>

#include "base/err.h"

struct mjModel_;
struct mjvCamera_;

// Writes {"format": "mjirl-camera-1", "name": ...} for one of the model's cameras, else
// {"format", "lookat" [m], "distance" [m], "azimuth" [deg], "elevation" [deg]}; an existing file is
// replaced. Errors: IRL_EIO, IRL_ENOSPC, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_camera_save(const struct mjvCamera_* camera, const struct mjModel_* model,
                                      const char* path, irl_errinfo* info);

// The camera that the words of --camera name: NULL or "free" leave it alone; a file that ends in
// .json is read; anything else is a camera of the model. *given: it was set. Errors: IRL_ENOENT,
// IRL_EPARSE.
IRL_NODISCARD irl_err irl_camera_find(struct mjvCamera_* camera, const struct mjModel_* model,
                                      const char* words, bool* given, irl_errinfo* info);

#endif  // MJIRL_VIEWER_CAMERA_FILE_H_
