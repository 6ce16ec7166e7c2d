# MuJoCo from -DMUJOCO_ROOT.
set(MUJOCO_ROOT "" CACHE PATH "Folder with include/mujoco and libmujoco.so.*")
file(GLOB MJIRL_MUJOCO_LIBRARY ${MUJOCO_ROOT}/libmujoco.so.* ${MUJOCO_ROOT}/lib/libmujoco.so.*)
list(GET MJIRL_MUJOCO_LIBRARY 0 MJIRL_MUJOCO_LIBRARY)
add_library(mujoco::mujoco SHARED IMPORTED)
set_target_properties(mujoco::mujoco PROPERTIES
  IMPORTED_LOCATION ${MJIRL_MUJOCO_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${MUJOCO_ROOT}/include)
