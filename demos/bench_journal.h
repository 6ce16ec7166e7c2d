// What recording costs the control loop.
#ifndef MJIRL_DEMOS_BENCH_JOURNAL_H_
#define MJIRL_DEMOS_BENCH_JOURNAL_H_

#include "base/err.h"
#include "demos/journal.h"
#include "envs/task.h"

#ifdef __cplusplus
extern "C" {
#endif

// Time that irl_journal_step takes, syncs included [s].
typedef struct irl_journal_bench {
  double mean, median, p95, worst;
} irl_journal_bench;

// Records `steps` steps of the task to a journal in a new folder below dir, one every `period`
// seconds (0: at once), with syncs as irl_journal_options.sync_ms says; removes it again. Errors:
// those of irl_journal_create and irl_journal_step, IRL_EIO.
IRL_NODISCARD irl_err irl_journal_bench_run(irl_journal_bench* bench, const irl_task* task,
                                            const char* dir, int sync_ms, int steps, double period,
                                            irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_DEMOS_BENCH_JOURNAL_H_
