#include "base/random.h"

#include "test.h"

// The known-answer vectors of Random123 1.14 (tests/kat_vectors) for philox4x64 with 10 rounds.
static void known_answers(void) {
  static const struct {
    uint64_t counter[4], key[2], out[4];
  } cases[] = {
      {{0, 0, 0, 0},
       {0, 0},
       {0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}},
      {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
       {UINT64_MAX, UINT64_MAX},
       {0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}},
      {{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
       {0x452821e638d01377, 0xbe5466cf34e90c6c},
       {0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint64_t out[4];
    irl_philox4x64(cases[i].counter, cases[i].key, out);
    CHECK(memcmp(out, cases[i].out, sizeof out) == 0);
  }
}

static void stream_is_the_philox_sequence(void) {
  irl_rng rng = irl_rng_stream(11, IRL_PURPOSE_ACTION, 22, 33, 44);
  const uint64_t key[2] = {11, 2};
  for (uint64_t block = 0; block < 3; block++) {
    const uint64_t counter[4] = {block, 44, 33, 22};
    uint64_t out[4];
    irl_philox4x64(counter, key, out);
    for (int i = 0; i < 4; i++) {
      CHECK(irl_rng_u64(&rng) == out[i]);
    }
  }
}

static int compare_words(const void* a, const void* b) {
  uint64_t x = *(const uint64_t*)a, y = *(const uint64_t*)b;
  return (x > y) - (x < y);
}

// Neighbouring streams share no word in their first blocks. 5 x 11 x 8 x 8 x 8 streams of 4 words:
// by chance two 64-bit words would agree once in 10^9 such tests.
static void streams_differ(void) {
  enum { WORDS = 5 * 11 * 8 * 8 * 8 * 4 };
  uint64_t* words = malloc(WORDS * sizeof *words);
  int n = 0;
  for (uint64_t seed = 0; seed < 5; seed++) {
    for (int purpose = 1; purpose <= 11; purpose++) {
      for (uint64_t k = 0; k < 8 * 8 * 8; k++) {
        irl_rng rng = irl_rng_stream(seed, (irl_purpose)purpose, k / 64, k / 8 % 8, k % 8);
        for (int i = 0; i < 4; i++) {
          words[n++] = irl_rng_u64(&rng);
        }
      }
    }
  }
  CHECK(n == WORDS);
  qsort(words, WORDS, sizeof *words, compare_words);
  int equal = 0;
  for (int i = 1; i < WORDS; i++) {
    equal += words[i] == words[i - 1];
  }
  CHECK(equal == 0);
  free(words);
}

// Moments of N samples within five standard errors: those of x, x², x³, x⁴ are
// sqrt(1, 2, 15, 96)/sqrt(N) for a standard normal.
static void normal_moments(void) {
  enum { N = 2000000 };
  irl_rng rng = irl_rng_stream(1, IRL_PURPOSE_VERIFY, 0, 0, 0);
  double sum[5] = {0}, before = 0.0, lag = 0.0, largest = 0.0;
  int tail = 0;
  for (int i = 0; i < N; i++) {
    double x = irl_rng_normal(&rng);
    sum[1] += x;
    sum[2] += x * x;
    sum[3] += x * x * x;
    sum[4] += x * x * x * x;
    lag += x * before;
    before = x;
    tail += fabs(x) > 3.0;
    largest = fmax(largest, fabs(x));
  }
  const double scale = 5.0 / sqrt(N);
  CHECK_NEAR(sum[1] / N, 0.0, scale);
  CHECK_NEAR(sum[2] / N, 1.0, scale * sqrt(2));
  CHECK_NEAR(sum[3] / N, 0.0, scale * sqrt(15));
  CHECK_NEAR(sum[4] / N, 3.0, scale * sqrt(96));
  CHECK_NEAR(lag / N, 0.0, scale);
  CHECK_NEAR(tail / (double)N, erfc(3 / sqrt(2)), scale * sqrt(erfc(3 / sqrt(2))));
  CHECK(largest > 4.5 && largest < 8.6);  // sqrt(2 · 53 log 2) = 8.57 bounds Box-Muller on 53 bits
}

static void uniform_is_flat(void) {
  enum { N = 1000000, BINS = 100 };
  irl_rng rng = irl_rng_stream(2, IRL_PURPOSE_VERIFY, 0, 0, 0);
  int count[BINS] = {0};
  for (int i = 0; i < N; i++) {
    double u = irl_rng_uniform(&rng);
    CHECK(u >= 0.0 && u < 1.0);
    count[(int)(u * BINS)]++;
  }
  double chi2 = 0.0;
  for (int b = 0; b < BINS; b++) {
    double d = count[b] - (double)N / BINS;
    chi2 += d * d / ((double)N / BINS);
  }
  CHECK_NEAR(chi2, BINS - 1, 5 * sqrt(2.0 * (BINS - 1)));
}

static void below_has_no_bias(void) {
  irl_rng rng = irl_rng_stream(3, IRL_PURPOSE_VERIFY, 0, 0, 0);
  enum { N = 600000 };
  int count[6] = {0};
  for (int i = 0; i < N; i++) {
    uint64_t k = irl_rng_below(&rng, 6);
    CHECK(k < 6);
    count[k]++;
  }
  for (int k = 0; k < 6; k++) {
    CHECK_NEAR(count[k], N / 6, 5 * sqrt(N * 5.0 / 36.0));
  }

  // n = ¾ 2^64: without the rejection half of the numbers would be multiples of three.
  int multiples = 0;
  for (int i = 0; i < N; i++) {
    multiples += irl_rng_below(&rng, UINT64_C(3) << 62) % 3 == 0;
  }
  CHECK_NEAR(multiples, N / 3, 5 * sqrt(N * 2.0 / 9.0));
  CHECK(irl_rng_below(&rng, 1) == 0);
}

// Also from a stream whose second normal of a pair is waiting.
static void normals_in_a_row_are_those_of_single_calls(void) {
  irl_rng one = irl_rng_stream(3, IRL_PURPOSE_ACTION, 1, 2, 4), row = one;
  double numbers[7];
  CHECK_NEAR(irl_rng_normal(&one), irl_rng_normal(&row), 0);
  irl_rng_normals(&row, numbers, 7);
  for (int i = 0; i < 7; i++) {
    CHECK_NEAR(numbers[i], irl_rng_normal(&one), 0);
  }
  CHECK(irl_rng_u64(&one) == irl_rng_u64(&row));
}

TESTS(TEST(normals_in_a_row_are_those_of_single_calls), TEST(known_answers),
      TEST(stream_is_the_philox_sequence), TEST(streams_differ), TEST(normal_moments),
      TEST(uniform_is_flat), TEST(below_has_no_bias))
