// A host program of the library: loads a bundled task and says how large it is.
#include <mjirl/envs/task.h>
#include <mjirl/irl/runtime.h>
#include <mjirl/irl/train.h>
#include <stdio.h>

#ifdef WITH_MUJOCO
#include <mujoco/mujoco.h>
#endif

int main(void) {
  irl_errinfo info = {IRL_OK, ""};
  irl_task* task = NULL;
  irl_runtime_init();
  if (irl_task_load(&task, "reacher", NULL, 0, &info) != IRL_OK) {
    fprintf(stderr, "consumer: %s\n", info.text);
    return 1;
  }
#ifdef WITH_MUJOCO
  printf("MuJoCo %s, %d bodies\n", mj_versionString(), (int)irl_task_model(task)->nbody);
#endif
  printf("%s: nx = %d, nu = %d\n", irl_task_get(task)->name, irl_task_get(task)->nx,
         irl_task_get(task)->nu);
  irl_task_destroy(task);
  return 0;
}
