#include "viewer/stage.h"

#include <math.h>
#include <string.h>

#include "viewer/theme.h"

#define FIELD_OF_VIEW 30.0  // [deg], narrow: little distortion towards the corners

enum { MAX_GEOMS = 60000, GRID_GEOMS = 1024 };

//---------------------------------- Life ----------------------------------------------------------

// Of the ball around all that moves, or around what is seen of it on the way [m].
static double motion_radius(const irl_motion* motion) {
  if (motion->far) {
    return 3.0 * motion->radius;
  }
  double squared = 0.0;
  for (int k = 0; k < 3; k++) {
    double side = motion->high[k] - motion->low[k];
    squared += 0.25 * side * side;
  }
  return fmax(sqrt(squared), 1e-3);
}

static void set_look(irl_stage* stage, bool fine) {
  mjModel* m = stage->look;
  m->stat.extent = stage->radius;
  m->vis.global.fovy = (float)FIELD_OF_VIEW;
  m->vis.map.znear = 0.02F;
  m->vis.map.zfar = 60.0F;
  m->vis.map.shadowclip = 1.4F;
  // Films and windows draw many pictures, perhaps without a graphics card.
  m->vis.quality.shadowsize = fine ? 4096 : 1024;
  m->vis.quality.numslices = fine ? 32 : 18;
  m->vis.quality.numstacks = fine ? 16 : 9;
  m->vis.quality.offsamples = 4;
  const irl_ink fog = IRL_THEME_STAGE;
  const float rgba[4] = {fog.r, fog.g, fog.b, 1.0F};
  memcpy(m->vis.rgba.fog, rgba, sizeof rgba);
}

irl_err irl_stage_create(irl_stage* stage, const irl_motion* motion, int poses, bool fine,
                         irl_errinfo* info) {
  *stage = (irl_stage){.motion = motion, .radius = motion_radius(motion)};
  irl_colormap_init(&stage->map);
  irl_colormap_init_diverging(&stage->diverging);
  mjv_defaultOption(&stage->option);
  mjv_defaultScene(&stage->scene);
  stage->option.flags[mjVIS_SKIN] = 0;  // a scene holds one pose of a skin only
  stage->look = mj_copyModel(NULL, motion->model);
  if (stage->look == NULL) {
    return irl_fail(info, IRL_ENOMEM, "replay: out of memory; show fewer episodes");
  }
  set_look(stage, fine);
  const mjModel* m = motion->model;
  long each = (long)m->ngeom + m->nsite + 8L * m->ntendon + m->nflex + 16;
  long wanted = each * (poses + 1L) + 64 + GRID_GEOMS;
  mjv_makeScene(stage->look, &stage->scene, (int)(wanted < MAX_GEOMS ? wanted : MAX_GEOMS));
  return IRL_OK;
}

void irl_stage_destroy(irl_stage* stage) {
  mjv_freeScene(&stage->scene);
  mj_deleteModel(stage->look);
  *stage = (irl_stage){0};
}

//---------------------------------- Surroundings --------------------------------------------------

// A plain, matt paint in the place of a geom's own material; its opacity is left alone.
static void paint(mjvGeom* geom, irl_ink ink) {
  geom->rgba[0] = ink.r;
  geom->rgba[1] = ink.g;
  geom->rgba[2] = ink.b;
  geom->matid = -1;
  geom->texid = -1;
  geom->reflectance = 0.0F;
  geom->specular = 0.0F;
  geom->emission = 0.0F;
}

// Moves a plane's middle under what the camera looks at and its edge out of sight: MuJoCo's planes
// have no end for what touches them.
static void unroll(mjvGeom* plane, const double lookat[3], double radius) {
  double normal[3], away[3];
  for (int k = 0; k < 3; k++) {
    normal[k] = (double)plane->mat[3 * k + 2];
    away[k] = lookat[k] - (double)plane->pos[k];
  }
  mju_addToScl3(away, normal, -mju_dot3(away, normal));
  for (int k = 0; k < 3; k++) {
    plane->pos[k] += (float)away[k];
  }
  plane->size[0] = plane->size[1] = (float)(60.0 * radius);
}

// A power of ten of metres, about as long as what moves.
static double grid_cell(double radius) {
  return pow(10.0, floor(log10(radius) + 0.5));
}

// Lines on a level ground, a cell apart: flat boxes, the tenth ones brighter.
static void add_grid(mjvScene* scene, const mjvGeom* ground, const double lookat[3],
                     double radius) {
  const double cell = grid_cell(radius / 3.0), reach = 10.0 * radius, width = 0.004 * radius;
  const double flat = 0.1 * width;
  const double half[2][3] = {{width, reach, flat}, {reach, width, flat}};
  for (int axis = 0; axis < 2; axis++) {
    const long first = (long)ceil((lookat[axis] - reach) / cell);
    const long last = (long)floor((lookat[axis] + reach) / cell);
    for (long i = first; i <= last && scene->ngeom < scene->maxgeom; i++) {
      double at[3] = {lookat[0], lookat[1], (double)ground->pos[2]};
      at[axis] = cell * (double)i;
      mjvGeom* line = &scene->geoms[scene->ngeom++];
      mjv_initGeom(line, mjGEOM_BOX, half[axis], at, NULL, NULL);
      paint(line, i % 10 == 0 ? IRL_THEME_FAINT : IRL_THEME_LINE);
      line->dataid = -1;
      line->castshadow = 0;
      line->category = mjCAT_STATIC;
    }
  }
}

// The first plane that lies level, -1 without one.
static int find_ground(const mjvScene* scene) {
  for (int i = 0; i < scene->ngeom; i++) {
    if (scene->geoms[i].type == mjGEOM_PLANE && scene->geoms[i].mat[8] > 0.999F) {
      return i;
    }
  }
  return -1;
}

static void lay_ground(const irl_stage* stage, mjvScene* scene, const double lookat[3]) {
  const int ground = find_ground(scene);
  for (int i = 0; i < scene->ngeom; i++) {
    if (scene->geoms[i].type == mjGEOM_PLANE) {
      unroll(&scene->geoms[i], lookat, stage->radius);
    }
  }
  if (ground >= 0) {
    add_grid(scene, &scene->geoms[ground], lookat, stage->radius);
  }
}

static void dress_surroundings(const irl_motion* motion, mjvScene* scene) {
  for (int i = 0; i < scene->ngeom; i++) {
    mjvGeom* geom = &scene->geoms[i];
    bool floor = geom->type == mjGEOM_PLANE || geom->type == mjGEOM_HFIELD;
    bool mark = geom->objtype == mjOBJ_SITE ||
                (geom->objtype == mjOBJ_GEOM && irl_motion_is_goal(motion, geom->objid));
    paint(geom, floor ? IRL_THEME_FLOOR : mark ? IRL_THEME_TARGET : IRL_THEME_WALL);
    geom->castshadow = 0;
  }
}

// A wall far behind everything: the fog makes it the colour of the stage, so that see-through
// bodies mix with that colour and not with the renderer's black.
static void add_backdrop(mjvScene* scene, const mjvGLCamera* camera) {
  double back[3], place[3], mat[9], quat[4];
  for (int k = 0; k < 3; k++) {
    back[k] = -(double)camera->forward[k];
    place[k] = (double)camera->pos[k] - 0.9 * (double)camera->frustum_far * back[k];
  }
  double side = 2.0 * (double)camera->frustum_far;
  mju_quatZ2Vec(quat, back);
  mju_quat2Mat(mat, quat);
  if (scene->ngeom < scene->maxgeom) {
    mjvGeom* geom = &scene->geoms[scene->ngeom++];
    mjv_initGeom(geom, mjGEOM_PLANE, (double[3]){side, side, 1}, place, mat, NULL);
    paint(geom, IRL_THEME_STAGE);
    geom->dataid = -1;
    geom->castshadow = 0;
    geom->category = mjCAT_STATIC;
  }
}

// A light from far away, falling along dir.
static void set_light(mjvLight* light, const float dir[3], float ambient, float diffuse,
                      float specular) {
  *light = (mjvLight){.id = -1, .type = mjLIGHT_DIRECTIONAL, .texid = -1};
  light->attenuation[0] = 1.0F;
  light->cutoff = 180.0F;
  for (int k = 0; k < 3; k++) {
    light->dir[k] = dir[k];
    light->ambient[k] = ambient;
    light->diffuse[k] = diffuse;
    light->specular[k] = specular;
  }
}

// A soft light from the camera and a key light from above its left shoulder, which throws shadows.
// What faces upwards receives about 1 in all, so that paints look as they are named.
static void set_lights(irl_stage* stage, const mjvCamera* camera) {
  mjvScene* scene = &stage->scene;
  const mjvGLCamera* eye = &scene->camera[0];
  const float* f = eye->forward;
  const float* u = eye->up;
  float right[3] = {f[1] * u[2] - f[2] * u[1], f[2] * u[0] - f[0] * u[2],
                    f[0] * u[1] - f[1] * u[0]};
  float key[3], length = 0.0F;
  for (int k = 0; k < 3; k++) {
    float flat = k < 2 ? 1.0F : 0.0F;
    key[k] = 0.45F * right[k] + 0.25F * (f[k] + u[k]) * flat - (k == 2 ? 1.0F : 0.0F);
    length += key[k] * key[k];
  }
  for (int k = 0; k < 3; k++) {
    key[k] /= sqrtf(length);
  }
  set_light(&scene->lights[0], f, 0.38F, 0.18F, 0.0F);
  scene->lights[0].headlight = 1;
  set_light(&scene->lights[1], key, 0.0F, 0.56F, 0.25F);
  scene->lights[1].castshadow = 1;
  for (int k = 0; k < 3; k++) {
    scene->lights[1].pos[k] = (float)(camera->lookat[k] - 4.0 * stage->radius * (double)key[k]);
  }
  scene->nlight = 2;
}

// Raises the frustum's top so that the part of the picture below the head shows what all would.
static void make_head_room(mjvScene* scene, double head) {
  for (int eye = 0; eye < 2; eye++) {
    mjvGLCamera* camera = &scene->camera[eye];
    float tall = camera->frustum_top - camera->frustum_bottom;
    camera->frustum_top = camera->frustum_bottom + tall / (float)(1.0 - head);
    camera->frustum_width = 0.0F;  // follows the picture
  }
}

void irl_stage_begin(irl_stage* stage, mjvCamera* camera, double head) {
  mjvScene* scene = &stage->scene;
  mjv_updateScene(stage->look, stage->motion->data, &stage->option, NULL, camera, mjCAT_STATIC,
                  scene);
  dress_surroundings(stage->motion, scene);
  if (stage->motion->far) {
    lay_ground(stage, scene, camera->lookat);
  }
  make_head_room(scene, head);
  add_backdrop(scene, &scene->camera[0]);
  set_lights(stage, camera);
  scene->flags[mjRND_SKYBOX] = 0;
  scene->flags[mjRND_HAZE] = 0;
  scene->flags[mjRND_REFLECTION] = 0;
  scene->flags[mjRND_FOG] = 1;
  scene->flags[mjRND_SHADOW] = 1;
}

//---------------------------------- Poses ---------------------------------------------------------

const irl_colormap* irl_stage_map(const irl_stage* stage) {
  return irl_motion_diverging(stage->motion) ? &stage->diverging : &stage->map;
}

void irl_stage_color(const irl_stage* stage, double cost, float rgb[3]) {
  const irl_ink plain = IRL_THEME_PLAIN;
  if (!stage->motion->has_cost) {
    rgb[0] = plain.r;
    rgb[1] = plain.g;
    rgb[2] = plain.b;
    return;
  }
  irl_colormap_at(irl_stage_map(stage), irl_scale_place(&stage->motion->scale, cost), rgb);
}

static int body_of(const mjModel* model, const mjvGeom* geom) {
  switch (geom->objtype) {
    case mjOBJ_GEOM:
      return model->geom_bodyid[geom->objid];
    case mjOBJ_SITE:
      return model->site_bodyid[geom->objid];
    default:
      return -1;  // tendons and the like: taken as moving
  }
}

// True when the same part stands in the scene already at the same place.
static bool already_there(const mjvScene* scene, int n, const mjvGeom* geom) {
  for (int i = 0; i < n; i++) {
    const mjvGeom* other = &scene->geoms[i];
    if (other->objtype == geom->objtype && other->objid == geom->objid &&
        memcmp(other->pos, geom->pos, sizeof geom->pos) == 0 &&
        memcmp(other->mat, geom->mat, sizeof geom->mat) == 0) {
      return true;
    }
  }
  return false;
}

void irl_stage_add(irl_stage* stage, int group, int episode, int t, float alpha) {
  const irl_motion* motion = stage->motion;
  mjvScene* scene = &stage->scene;
  int kept = scene->ngeom;
  irl_motion_pose(motion, group, episode, t);
  mjv_addGeoms(stage->look, motion->data, &stage->option, NULL, mjCAT_DYNAMIC, scene);
  irl_ink ink = {.a = 1.0F};
  float rgb[3];
  irl_stage_color(stage, irl_motion_cost(motion, group, episode, t), rgb);
  ink.r = rgb[0];
  ink.g = rgb[1];
  ink.b = rgb[2];
  for (int i = kept; i < scene->ngeom; i++) {
    mjvGeom geom = scene->geoms[i];
    int body = body_of(motion->model, &geom);
    bool moves = body < 0 || irl_motion_moves(motion, group, episode, body);
    if (geom.rgba[3] == 0.0F || (!moves && already_there(scene, kept, &geom))) {
      continue;
    }
    paint(&geom, moves ? ink : IRL_THEME_TARGET);
    geom.emission = moves ? 0.15F : 0.25F;
    geom.specular = moves ? 0.3F : 0.1F;
    geom.shininess = 0.5F;
    geom.rgba[3] *= moves ? alpha : 1.0F;
    geom.castshadow = geom.rgba[3] > 0.4F;  // a ghost's full shadow would outweigh it
    scene->geoms[kept++] = geom;
  }
  scene->ngeom = kept;
}
