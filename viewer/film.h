// Films: raw pictures piped into the ffmpeg program, H.264 in an MP4.
#ifndef MJIRL_VIEWER_FILM_H_
#define MJIRL_VIEWER_FILM_H_

#include "base/err.h"
#include "viewer/canvas.h"

typedef struct irl_film irl_film;

// Starts ffmpeg. The film grows in a temporary file beside path. Errors: IRL_EUNSUPPORTED without
// an ffmpeg program, IRL_EIO, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_film_open(irl_film** film, const char* path, int width, int height,
                                    double fps, irl_errinfo* info);

// Adds one picture of the film's size. When ffmpeg has ended early, its last message is reported.
IRL_NODISCARD irl_err irl_film_add(irl_film* film, const irl_canvas* canvas, irl_errinfo* info);

// Waits for ffmpeg and puts the film in its place; frees the film in any case.
IRL_NODISCARD irl_err irl_film_close(irl_film* film, irl_errinfo* info);

// Stops ffmpeg, removes what it wrote and frees the film. NULL is fine.
void irl_film_abandon(irl_film* film);

#endif  // MJIRL_VIEWER_FILM_H_
