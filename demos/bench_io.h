// Speed of datasets against the disk's own, for `mjirl bench`.
#ifndef MJIRL_DEMOS_BENCH_IO_H_
#define MJIRL_DEMOS_BENCH_IO_H_

#include <stdint.h>

#include "base/err.h"
#include "envs/task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct irl_bench_io {
  double bytes;         // of main_data.hdf5
  double write_rate;    // irl_demos_save, with reading back and comparing [bytes/s]
  double disk_rate;     // one write and fsync of as many bytes beside it [bytes/s]
  double open_seconds;  // irl_demos_open
  double read_seconds;  // irl_demos_read_episode from the disk, the median over episodes all over
  double read_seconds_max;
} irl_bench_io;

// Makes up a dataset of about `bytes` for a task in a new folder inside dir, which is removed
// again. Errors: IRL_EIO, IRL_ENOSPC, IRL_ENOMEM.
IRL_NODISCARD irl_err irl_bench_io_run(irl_bench_io* bench, const irl_task* task, const char* dir,
                                       int64_t bytes, irl_errinfo* info);

#ifdef __cplusplus
}
#endif
#endif  // MJIRL_DEMOS_BENCH_IO_H_
