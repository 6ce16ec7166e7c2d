// Process-wide state of the library, set once by the host program.
#ifndef MJIRL_IRL_RUNTIME_H_
#define MJIRL_IRL_RUNTIME_H_

#ifdef __cplusplus
extern "C" {
#endif

// Call once before anything else: MuJoCo's messages no longer go to a file in the user's folder and
// its errors no longer exit; OpenBLAS runs single-threaded (our threads share out the blocks).
void irl_runtime_init(void);

// What OpenBLAS says of itself: version, build and the kernels it chose. Never NULL.
const char* irl_runtime_blas(void);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_IRL_RUNTIME_H_
