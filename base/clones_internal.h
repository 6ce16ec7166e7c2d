// Several builds of one hot function for several instruction sets, chosen when the program loads.
//
// The plain build stands alone where the choice cannot be made: other architectures, other
// compilers and C libraries, and under sanitizers, whose run time is not up yet when the dynamic
// loader runs the chooser.
#ifndef MJIRL_BASE_CLONES_INTERNAL_H_
#define MJIRL_BASE_CLONES_INTERNAL_H_

#include <stdlib.h>  // defines __GLIBC__ where that is the C library

#if defined(__x86_64__) && defined(__GNUC__) && __GNUC__ >= 12 && !defined(__clang__) && \
    defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define IRL_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define IRL_CLONES
#endif

#endif  // MJIRL_BASE_CLONES_INTERNAL_H_
