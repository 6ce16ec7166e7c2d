// PNG files read back, for the tests of viewer/.
#ifndef MJIRL_TESTS_VIEWER_PICTURES_H_
#define MJIRL_TESTS_VIEWER_PICTURES_H_

#include <png.h>
#include <stdlib.h>

#include "test.h"

typedef struct picture {
  int width, height;
  unsigned char* rgb;  // (height, width, 3), row 0 on top
} picture;

static inline bool picture_read(picture* p, const char* path) {
  png_image image = {.version = PNG_IMAGE_VERSION};
  *p = (picture){0};
  if (!png_image_begin_read_from_file(&image, path)) {
    return false;
  }
  image.format = PNG_FORMAT_RGB;
  p->width = (int)image.width;
  p->height = (int)image.height;
  p->rgb = malloc(PNG_IMAGE_SIZE(image));
  return p->rgb != NULL && png_image_finish_read(&image, NULL, p->rgb, 0, NULL);
}

static inline void picture_free(picture* p) {
  free(p->rgb);
}

// Largest difference of a channel between a pixel and an sRGB colour in [0, 1], in 1/255.
static inline double picture_differs(const picture* p, int x, int y, const float rgb[3]) {
  double worst = 0.0;
  for (int c = 0; c < 3; c++) {
    double is = p->rgb[3 * (y * p->width + x) + c];
    worst = fmax(worst, fabs(is - 255.0 * (double)rgb[c]));
  }
  return worst;
}

// The same for the pixel nearest in colour within a distance of `reach` pixels.
static inline double picture_nearest(const picture* p, double x, double y, int reach,
                                     const float rgb[3]) {
  double best = 255.0;
  for (int dy = -reach; dy <= reach; dy++) {
    for (int dx = -reach; dx <= reach; dx++) {
      int px = (int)x + dx, py = (int)y + dy;
      if (px >= 0 && py >= 0 && px < p->width && py < p->height) {
        best = fmin(best, picture_differs(p, px, py, rgb));
      }
    }
  }
  return best;
}

#endif  // MJIRL_TESTS_VIEWER_PICTURES_H_
