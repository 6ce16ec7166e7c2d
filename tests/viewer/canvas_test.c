#include "viewer/canvas.h"

#include "test.h"
#include "viewer/glyphs.h"

static const irl_ink WHITE = {1.0F, 1.0F, 1.0F, 1.0F};

static const uint8_t* at(const irl_canvas* c, int x, int y) {
  return c->rgba + 4 * (y * c->width + x);
}

// Sum of the opacity of all pixels, in pixels.
static double covered(const irl_canvas* c) {
  double sum = 0.0;
  for (int i = 0; i < c->width * c->height; i++) {
    sum += c->rgba[4 * i + 3] / 255.0;
  }
  return sum;
}

static irl_canvas blank(int width, int height) {
  irl_canvas c = {0};
  CHECK_OK(irl_canvas_create(&c, width, height));
  return c;
}

static void sizes_are_checked(void) {
  irl_canvas c;
  CHECK(irl_canvas_create(&c, 0, 5) == IRL_ERANGE);
  CHECK(irl_canvas_create(&c, 5, 20000) == IRL_ERANGE);
}

// Exact coverage: areas come out as geometry says. Distances are taken to one edge at a time, so
// corners are off by a fraction of a pixel.
static void shapes_cover_their_area(void) {
  irl_canvas c = blank(100, 80);
  irl_canvas_box(&c, (irl_box){10.3, 12.7, 50.5, 30.25}, 0.0, WHITE);
  CHECK_NEAR(covered(&c), 50.5 * 30.25, 1.0);
  irl_canvas_clear(&c, (irl_ink){0});
  CHECK(covered(&c) == 0.0);
  irl_canvas_box(&c, (irl_box){10.0, 10.0, 40.0, 40.0}, 20.0, WHITE);  // a disc
  CHECK_NEAR(covered(&c), 3.14159265 * 400.0, 3.0);
  irl_canvas_clear(&c, (irl_ink){0});
  const double corners[6] = {5.0, 70.0, 85.0, 70.0, 45.0, 10.0};
  irl_canvas_triangle(&c, corners, WHITE);
  CHECK_NEAR(covered(&c), 0.5 * 80.0 * 60.0, 8.0);
  irl_canvas_destroy(&c);
}

static void ink_mixes_and_stays_premultiplied(void) {
  irl_canvas c = blank(4, 4);
  irl_canvas_clear(&c, (irl_ink){0.0F, 0.0F, 1.0F, 1.0F});
  irl_canvas_box(&c, (irl_box){-5, -5, 20, 20}, 0.0, (irl_ink){1.0F, 0.0F, 0.0F, 0.5F});
  const uint8_t* p = at(&c, 2, 2);
  CHECK_NEAR(p[0], 127.5, 1.0);
  CHECK_NEAR(p[2], 127.5, 1.0);
  CHECK(p[3] == 255);
  irl_canvas_clear(&c, (irl_ink){1.0F, 1.0F, 1.0F, 0.25F});
  CHECK_NEAR(at(&c, 0, 0)[0], 64.0, 1.0);
  irl_canvas_destroy(&c);
}

static void drawing_outside_is_cut(void) {
  irl_canvas c = blank(20, 20);
  irl_pen pen = {60.0, 2.0, IRL_ALIGN_CENTER, WHITE};
  const double corners[6] = {-90.0, -90.0, 900.0, -5.0, 10.0, 300.0};
  irl_canvas_text(&c, 10.0, 10.0, &pen, "Wide text, far beyond");
  irl_canvas_text(&c, -500.0, 1e4, &pen, "x");
  irl_canvas_triangle(&c, corners, WHITE);
  irl_canvas_frame(&c, (irl_box){-10, -10, 60, 60}, 9.0, WHITE);
  CHECK(covered(&c) > 0.0);
  irl_canvas_destroy(&c);
}

static void text_stands_where_it_should(void) {
  irl_canvas c = blank(200, 60);
  irl_pen pen = {30.0, 1.0, IRL_ALIGN_RIGHT, WHITE};
  irl_canvas_text(&c, 150.0, 40.0, &pen, "HHH");
  double width = irl_text_width(&pen, "HHH");
  int left = 1000, right = -1, top = 1000, bottom = -1;
  for (int y = 0; y < 60; y++) {
    for (int x = 0; x < 200; x++) {
      if (at(&c, x, y)[3] > 64) {
        left = x < left ? x : left;
        right = x > right ? x : right;
        top = y < top ? y : top;
        bottom = y > bottom ? y : bottom;
      }
    }
  }
  CHECK_NEAR(bottom, 40.0, 2.0);         // the baseline
  CHECK_NEAR(top, 40.0 - 21.0, 2.0);     // capitals are 0.7 em
  CHECK_NEAR(left, 150.0 - width, 4.0);  // half of the spacing is air
  CHECK_NEAR(right, 150.0, 4.0);
  irl_canvas_destroy(&c);
}

static void every_character_has_ink_inside_its_cell(void) {
  for (unsigned code = 33; code < 127; code++) {
    irl_canvas c = blank(80, 80);
    irl_pen pen = {40.0, 1.0, IRL_ALIGN_LEFT, WHITE};
    const char text[2] = {(char)code, 0};
    irl_canvas_text(&c, 20.0, 50.0, &pen, text);
    CHECK(covered(&c) > 4.0);
    double inside = 0.0, end = 20.0 + irl_text_width(&pen, text);
    for (int i = 0; i < 80 * 80; i++) {
      bool in = i % 80 >= 18 && i % 80 <= end + 2.0;
      inside += in ? c.rgba[4 * i + 3] / 255.0 : 0.0;
    }
    CHECK_NEAR(inside, covered(&c), 0.5);
    irl_canvas_destroy(&c);
  }
}

static void utf8_is_read_and_bad_bytes_are_replaced(void) {
  const char* text = "a\xC2\xB7\xE2\x88\x92\xF0\x9F\x98\x80";
  CHECK(irl_utf8_next(&text) == 'a');
  CHECK(irl_utf8_next(&text) == 0xB7);
  CHECK(irl_utf8_next(&text) == 0x2212);
  CHECK(irl_utf8_next(&text) == 0x1F600);
  CHECK(irl_utf8_next(&text) == 0);
  const char* cut = "\xE2\x88";  // ends inside of a character
  CHECK(irl_utf8_next(&cut) == 0xFFFD);
  CHECK(irl_utf8_next(&cut) == 0);
  const char* stray = "\x80z";
  CHECK(irl_utf8_next(&stray) == 0xFFFD);
  CHECK(irl_utf8_next(&stray) == 'z');
}

// The box filter is the mean of the block, and OpenGL's bottom row comes first.
static void shrinking_takes_block_means(void) {
  uint8_t rgb[4 * 4 * 3];
  for (int i = 0; i < 48; i++) {
    rgb[i] = (uint8_t)(i * 5);
  }
  irl_canvas c = blank(3, 3);
  irl_canvas_shrink(&c, 1, 1, rgb, 2, 2, 2);
  for (int y = 0; y < 2; y++) {
    for (int x = 0; x < 2; x++) {
      for (int k = 0; k < 3; k++) {
        double mean = 0.0;
        for (int j = 0; j < 4; j++) {
          mean += rgb[((2 * (1 - y) + j / 2) * 4 + 2 * x + j % 2) * 3 + k] / 4.0;
        }
        CHECK_NEAR(at(&c, 1 + x, 1 + y)[k], mean, 0.5);
      }
    }
  }
  CHECK(at(&c, 0, 0)[3] == 0);
  irl_canvas_shrink(&c, -1, 2, rgb, 2, 2, 2);  // partly outside
  irl_canvas_destroy(&c);
}

TESTS(TEST(sizes_are_checked), TEST(shapes_cover_their_area),
      TEST(ink_mixes_and_stays_premultiplied), TEST(drawing_outside_is_cut),
      TEST(text_stands_where_it_should), TEST(every_character_has_ink_inside_its_cell),
      TEST(utf8_is_read_and_bad_bytes_are_replaced), TEST(shrinking_takes_block_means))
