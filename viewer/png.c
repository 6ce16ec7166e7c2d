#include "viewer/png.h"

#include <png.h>

#include "base/arena.h"
#include "base/file.h"

static void copy_rgb(uint8_t* rgb, const irl_canvas* canvas) {
  size_t n = (size_t)canvas->width * (size_t)canvas->height;
  for (size_t i = 0; i < n; i++) {
    for (int c = 0; c < 3; c++) {
      rgb[3 * i + (size_t)c] = canvas->rgba[4 * i + (size_t)c];
    }
  }
}

// Encodes into `out`, whose size becomes that of the file.
static irl_err encode(void* out, png_alloc_size_t* size, const irl_canvas* canvas, const void* rgb,
                      bool fast, const char* path, irl_errinfo* info) {
  png_image image = {.version = PNG_IMAGE_VERSION,
                     .width = (png_uint_32)canvas->width,
                     .height = (png_uint_32)canvas->height,
                     .format = PNG_FORMAT_RGB,
                     .flags = fast ? PNG_IMAGE_FLAG_FAST : 0};
  if (png_image_write_to_memory(&image, out, size, 0, rgb, 0, NULL) == 0) {
    return irl_fail(info, IRL_EIO, "%s: PNG encoding failed: %s; report this", path, image.message);
  }
  return IRL_OK;
}

irl_err irl_png_write(const char* path, const irl_canvas* canvas, bool fast, irl_errinfo* info) {
  size_t raw = 3 * (size_t)canvas->width * (size_t)canvas->height;
  // Stored deflate blocks and a filter byte a row at worst, with room for the chunks.
  png_alloc_size_t size = raw + raw / 1000 + 8 * (size_t)canvas->height + 4096;
  uint8_t* rgb = irl_calloc(raw, 1);
  void* out = irl_calloc(size, 1);
  irl_err err = IRL_OK;
  if (rgb == NULL || out == NULL) {
    err = irl_fail(info, IRL_ENOMEM, "%s: out of memory; choose a smaller size", path);
    goto done;
  }
  copy_rgb(rgb, canvas);
  err = encode(out, &size, canvas, rgb, fast, path, info);
  if (err == IRL_OK) {
    err = irl_file_write(path, out, size, info);
  }
done:
  irl_free(rgb);
  irl_free(out);
  return err;
}
