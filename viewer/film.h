// Films: raw pictures piped into the ffmpeg program, H.264 in an MP4.
#ifndef MJIRL_VIEWER_FILM_H_
#define MJIRL_VIEWER_FILM_H_

#include "base/err.h"
#include "viewer/canvas.h"

typedef struct irl_film irl_film;

// Starts ffmpeg for pictures of that size [pixels], fps of them a second; an odd side gets one more
// row or column. The film grows in a temporary file beside path. Errors: IRL_EUNSUPPORTED without
// an ffmpeg program, IRL_EIO, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_film_open(irl_film** film, const char* path, int width, int height,
                                    double fps, irl_errinfo* info);

// Adds one picture of the film's size. Errors: IRL_EIO, with ffmpeg's last message, when
// it has ended early.
IRL_NODISCARD irl_err irl_film_add(irl_film* film, const irl_canvas* canvas, irl_errinfo* info);

// Waits for ffmpeg and puts the film in its place; frees the film in any case. Errors: IRL_EIO,
// IRL_ENOSPC; no file is left then.
IRL_NODISCARD irl_err irl_film_close(irl_film* film, irl_errinfo* info);

// Stops ffmpeg, removes what it wrote and frees the film. NULL is fine.
void irl_film_abandon(irl_film* film);

#endif  // MJIRL_VIEWER_FILM_H_
