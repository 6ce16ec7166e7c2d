// Robots for the tests of teleoperation: the same arm of seven joints under different actuators.
#ifndef MJIRL_TESTS_VIEWER_ARMS_H_
#define MJIRL_TESTS_VIEWER_ARMS_H_

#include "envs/live.h"
#include "envs/task.h"
#include "test.h"

// Joints about alternating axes, a tool at the end, gravity on.
#define ARM_BODY                                                                        \
  "<mujoco><compiler angle='radian'/><option timestep='0.004' "                         \
  "integrator='implicitfast'/><default><joint damping='1' "                             \
  "armature='0.05' range='-2.6 2.6' limited='true'/><geom type='capsule' size='0.04' "  \
  "contype='0' conaffinity='0' density='800'/></default><worldbody>"                    \
  "<body pos='0 0 0.2'><joint name='j0' axis='0 0 1'/><geom fromto='0 0 0 0 0 0.15'/>"  \
  "<body pos='0 0 0.15'><joint name='j1' axis='0 1 0'/><geom fromto='0 0 0 0 0 0.2'/>"  \
  "<body pos='0 0 0.2'><joint name='j2' axis='0 0 1'/><geom fromto='0 0 0 0 0 0.2'/>"   \
  "<body pos='0 0 0.2'><joint name='j3' axis='0 1 0'/><geom fromto='0 0 0 0 0 0.2'/>"   \
  "<body pos='0 0 0.2'><joint name='j4' axis='0 0 1'/><geom fromto='0 0 0 0 0 0.15'/>"  \
  "<body pos='0 0 0.15'><joint name='j5' axis='0 1 0'/><geom fromto='0 0 0 0 0 0.08'/>" \
  "<body name='tool' pos='0 0 0.08'><joint name='j6' axis='0 0 1'/>"                    \
  "<geom size='0.02' fromto='0 0 0 0 0 0.1'/><site name='tip' pos='0 0 0.1'/>"          \
  "</body></body></body></body></body></body></body></worldbody>"
#define ARM_START "<keyframe><key name='home' qpos='0 0.6 0 1.2 0 0.8 0'/></keyframe></mujoco>"

#define ARM_EACH(element, more)                                                           \
  "<" element " name='a0' joint='j0' " more "/><" element " name='a1' joint='j1' " more   \
  "/><" element " name='a2' joint='j2' " more "/><" element " name='a3' joint='j3' " more \
  "/><" element " name='a4' joint='j4' " more "/><" element " name='a5' joint='j5' " more \
  "/><" element " name='a6' joint='j6' " more "/>"

#define ARM(element, more) ARM_BODY "<actuator>" ARM_EACH(element, more) "</actuator>" ARM_START

static const char* const arm_torque = ARM("motor", "gear='20' ctrlrange='-4 4' ctrllimited='true'");
static const char* const arm_servo =
    ARM("position", "kp='150' kv='15' ctrlrange='-2.6 2.6' ctrllimited='true'");
static const char* const arm_speed = ARM("velocity", "kv='60' ctrlrange='-4 4' ctrllimited='true'");

static inline irl_task* arm_task(const char* mjcf) {
  irl_errinfo info = {0};
  irl_task* task = NULL;
  CHECK_OK(irl_task_from_text(&task,
                              "{\"name\": \"arm\", \"model\": \"arm.xml\", \"horizon\": 400, "
                              "\"frame_skip\": 5, \"observation\": [{\"qpos\": \"*\"}, "
                              "{\"qvel\": \"*\"}], \"reset\": {\"key\": \"home\"}}",
                              mjcf, &info));
  if (task == NULL) {
    printf("%s\n", info.text);
    exit(100);
  }
  return task;
}

#endif  // MJIRL_TESTS_VIEWER_ARMS_H_
