// Limits shared by the files of the room.
#ifndef MJIRL_POLICY_POLICY_INTERNAL_H_
#define MJIRL_POLICY_POLICY_INTERNAL_H_

enum {
  IRL_POLICY_MAX_NU = 256,  // actions live in fixed buffers on the stack, so sampling needs no heap
  IRL_POLICY_MAX_NX = 1 << 14,  // so that counts of matrix entries fit an int
  IRL_POLICY_MAX_STEPS = 1 << 24
};

#endif  // MJIRL_POLICY_POLICY_INTERNAL_H_
