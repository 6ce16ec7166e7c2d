// What the tests of the pool look at.
#ifndef MJIRL_BASE_POOL_INTERNAL_H_
#define MJIRL_BASE_POOL_INTERNAL_H_

// CPUs that a cgroup's cpu.max allows ("200000 100000": 2, rounded up, at least 1); 0: no limit.
int irl_cpu_quota(const char* text);

#endif  // MJIRL_BASE_POOL_INTERNAL_H_
