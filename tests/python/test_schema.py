"""The schema of task files says what the loader says: all bundled tasks are valid, and both refuse the same
mistakes. What only the model can tell (names, sizes) is the loader's alone."""

import copy
import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest

MJIRL = os.environ["MJIRL"]
ROOT = pathlib.Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "envs" / "schema" / "task.schema.json").read_text())
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
TASKS = sorted((ROOT / "envs" / "tasks").glob("*.json"))

MODEL = """
<mujoco>
  <worldbody>
    <body name="arm">
      <joint name="hinge" axis="0 1 0"/><geom name="rod" size="0.02" type="capsule" fromto="0 0 0 0.3 0 0"/>
      <site name="tip" pos="0.3 0 0"/>
      <body name="bob" pos="0 0 -0.5"><joint name="ball" type="ball"/><geom size="0.1"/></body>
    </body>
    <body name="goal" mocap="true"><geom size="0.01" contype="0" conaffinity="0"/></body>
  </worldbody>
  <actuator>
    <motor name="turn" joint="hinge"/>
    <general name="slow" joint="hinge" dyntype="filter" dynprm="0.1"/>
  </actuator>
  <sensor><jointvel name="speed" joint="hinge"/><user name="Reach" dim="1" user="0 2 0 1"/></sensor>
  <keyframe><key name="home"/></keyframe>
</mujoco>
"""

TASK = {
    "name": "t",
    "model": "t.xml",
    "horizon": 3,
    "observation": [{"qpos": "hinge"}],
    "reward": [{"name": "Reach", "residual": {"qpos": "hinge"}}],
}
REACH = TASK["reward"]


def reward(**term):
    return {"reward": REACH + [{"name": "r"} | term]}


def check(**check):
    return {"healthy": [{"qpos": "hinge"} | check]}


def noise(**draw):
    return {"reset": {"noise": [draw]}}


GOOD = {
    "plain": {},
    "one entry": {"observation": {"sensor": "speed"}},
    "schema": {"$schema": "task.schema.json", "description": "d"},
    "modifiers": {"observation": {"site": "tip", "minus": [1, 2, 3], "components": [0], "clip": [-1, 1]}},
    "difference": {"observation": {"site": "tip", "minus": {"body": "bob"}, "transform": "sin"}},
    "tangent": {"observation": {"qpos": "ball", "tangent": True}},
    "parts": {"observation": [{"quat": "bob"}, {"act": "slow"}, {"actuator_force": "*"}, {"com": ["arm", "bob"]}]},
    "velocity": reward(norm="l2", residual={"velocity": {"site": "tip"}, "components": [0], "clip": [-1, 1]}),
    "action": reward(norm="square", weight=-1, residual="action", max=3),
    "alive": reward(norm="constant", weight=-1) | check(min=-1),
    "while": {"reward": REACH + [{"name": "r", "norm": "constant", "while": "healthy"}]} | check(min=-1),
    "log": reward(norm="log", parameter=0.1, residual=[{"qpos": "hinge"}, {"qvel": "hinge"}]),
    "l22": reward(norm="l22", exponent=1, residual="action"),
    "checks": check(above=-1, below=1) | {"success": {"when": [{"qpos": "*", "finite": True}], "hold": 3}},
    "reset": {"reset": {"key": "home", "qpos": {"hinge": 1, "ball": [1, 0, 0, 0]}, "act": {"slow": 0.5}}},
    "noise": noise(qvel="*", uniform=[-0.1, [0.1, 0.1, 0.1, 0.1]], norm_below=9),
    "normal": noise(mocap="goal", normal=[0.1, 0.1, 0], replace=True),
    "conditions": {"conditions": [{"name": "c", "mocap": {"goal": [0, 0, 1]}}, {"key": "home"}]},
    "domain": {"domain": {"mass": 2, "gravity": [0.5, 1], "gain": [{"actuator": "turn", "scale": 0.5}]}},
    "domain ranges": {"domain": {"damping": {"joint": "*", "scale": [0, 1], "each": True}, "gravity": {"scale": 2}}},
    "disable": {"domain": {"disable": {"actuator": "*", "joint": ["hinge"]}}},
    "trajectory": {"expert": {"iterations": 3, "restarts": 1, "rounds": 0, "samples": 2, "entropy": 0.5}},
    "natural gradient": {"expert": {"method": "natural_gradient", "kl": 0.1, "samples": 1, "discount": 0.9,
                                    "products": True, "floor": 0.1, "last": 0.5, "judge": 4, "restarts": 3,
                                    "spread": 0.5, "then": {"spread": 1, "kl": 0.01, "samples": 3, "then": {"floor": 0.5}}}},
    "random search": {"expert": {"method": "random_search", "directions": 3, "best": 2, "alive": True, "last": 0.1,
                                 "judge": 2, "restarts": 2, "audition": 3, "observed": 1,
                                 "spread": 1.5, "average": 8,
                                 "then": {"step": 0.1, "iterations": 2, "spread": 1, "average": 1}}},
}

BAD = {
    "unknown key": {"horizont": 3},
    "name": {"name": "a/b"},
    "empty name": {"name": ""},
    "horizon 0": {"horizon": 0},
    "horizon 1.5": {"horizon": 1.5},
    "frame_skip": {"frame_skip": "5"},
    "timing": {"timing": "gym"},
    "temperature": {"temperature": 0},
    "description": {"description": 7},
    "schema": {"$schema": 3},
    "no observation": {"observation": []},
    "observation text": {"observation": "qpos"},
    "no quantity": {"observation": [{"minus": [1]}]},
    "two quantities": {"observation": [{"qpos": "hinge", "qvel": "hinge"}]},
    "quantity misspelt": {"observation": [{"qposs": "hinge"}]},
    "names number": {"observation": [{"qpos": 3}]},
    "names empty": {"observation": [{"qpos": []}]},
    "observed velocity": {"observation": [{"velocity": {"site": "tip"}}]},
    "components empty": {"observation": [{"site": "tip", "components": []}]},
    "components negative": {"observation": [{"site": "tip", "components": [-1]}]},
    "transform": {"observation": [{"qpos": "hinge", "transform": "tan"}]},
    "clip": {"observation": [{"qpos": "hinge", "clip": [1]}]},
    "tangent": {"observation": [{"qpos": "ball", "tangent": 1}]},
    "minus of minus": {"observation": [{"site": "tip", "minus": {"body": "bob", "minus": [0, 0, 0]}}]},
    "nameless term": {"reward": REACH + [{"norm": "l2", "residual": "action"}]},
    "norm": reward(norm="l3", residual="action"),
    "no residual": reward(norm="l2"),
    "residual of constant": reward(norm="constant", residual="action"),
    "residual text": reward(norm="l2", residual="actions"),
    "log without parameter": reward(norm="log", residual="action"),
    "power 0": reward(norm="power", parameter=0, residual="action"),
    "l22 without exponent": reward(norm="l22", residual="action"),
    "negative parameter": reward(norm="smooth_l2", parameter=-1, residual="action"),
    "while of l2": reward(norm="l2", residual="action", **{"while": "healthy"}) | check(min=0),
    "weight beside a user sensor": {"reward": [{"name": "Reach", "weight": 2, "residual": {"qpos": "hinge"}}]},
    "max": reward(norm="l2", residual="action", max="much"),
    "empty check": check(),
    "finite false": check(finite=False),
    "finite 1": check(finite=1),
    "norm_below": check(norm_below=-1),
    "success without when": {"success": {"hold": 2}},
    "hold 0": {"success": {"when": [], "hold": 0}},
    "reset key": {"reset": {"key": 3}},
    "reset keys": {"reset": {"keys": "home"}},
    "value text": {"reset": {"qpos": {"hinge": "up"}}},
    "noise of nothing": noise(normal=1),
    "noise of two": noise(qpos="hinge", qvel="hinge", normal=1),
    "noise without range": noise(qpos="hinge"),
    "noise with two ranges": noise(qpos="hinge", normal=1, uniform=[0, 1]),
    "uniform number": noise(qpos="hinge", uniform=1),
    "normal negative": noise(qpos="hinge", normal=-1),
    "replace": noise(qpos="hinge", normal=1, replace="yes"),
    "condition key": {"conditions": [{"qps": {"hinge": 1}}]},
    "conditions object": {"conditions": {"qpos": {"hinge": 1}}},
    "domain key": {"domain": {"mas": 1}},
    "mass 0": {"domain": {"mass": 0}},
    "negative friction": {"domain": {"friction": -1}},
    "domain without scale": {"domain": {"mass": {"body": "arm"}}},
    "domain without names": {"domain": {"mass": {"scale": 2}}},
    "domain's other object": {"domain": {"mass": {"joint": "hinge", "scale": 2}}},
    "domain list": {"domain": {"mass": []}},
    "three numbers": {"domain": {"gravity": [0, 0, 1]}},
    "nothing disabled": {"domain": {"disable": {}}},
    "disabled body": {"domain": {"disable": {"body": "arm"}}},
    "method": {"expert": {"method": "magic"}},
    "other method's key": {"expert": {"method": "trajectory", "directions": 3}},
    "last 0": {"expert": {"method": "natural_gradient", "last": 0}},
    "products of random search": {"expert": {"method": "random_search", "products": True}},
    "kl 0": {"expert": {"method": "natural_gradient", "kl": 0}},
    "directions of natural gradient": {"expert": {"method": "natural_gradient", "directions": 3}},
    "samples 1": {"expert": {"samples": 1}},
    "entropy 0": {"expert": {"entropy": 0}},
    "entropy of random search": {"expert": {"method": "random_search", "entropy": 0.5}},
    "audition 0": {"expert": {"method": "random_search", "audition": 0}},
    "restarts 0": {"expert": {"method": "natural_gradient", "restarts": 0}},
    "audition of trajectories": {"expert": {"audition": 3}},
    "then of trajectories": {"expert": {"then": {}}},
    "spread 0": {"expert": {"method": "random_search", "spread": 0}},
    "spread of trajectories": {"expert": {"spread": 2}},
    "average 0": {"expert": {"method": "random_search", "average": 0}},
    "average of natural gradient": {"expert": {"method": "natural_gradient", "average": 2}},
    "observed 0": {"expert": {"method": "random_search", "observed": 0}},
    "observed of natural gradient": {"expert": {"method": "natural_gradient", "observed": 1}},
    "then text": {"expert": {"method": "random_search", "then": "again"}},
    "restarts then": {"expert": {"method": "random_search", "then": {"restarts": 2}}},
    "method then": {"expert": {"method": "random_search", "then": {"method": "natural_gradient"}}},
    "other method's key then": {"expert": {"method": "random_search", "then": {"kl": 0.1}}},
    "noise 0 then then": {"expert": {"method": "random_search", "then": {"then": {"noise": 0}}}},
}


def loads(folder, task):
    (folder / "t.xml").write_text(MODEL)
    (folder / "t.json").write_text(json.dumps(task))
    done = subprocess.run(
        [MJIRL, "env", "check", "t.json", "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"MJIRL_TRUST_MODELS": "1"},
    )
    assert done.returncode in (0, 1)
    assert done.returncode == 0 or re.match(r"mjirl: t\.json:\d+: \$.*; \S|mjirl: t\.json:\d+: \$", done.stderr)
    return done.returncode == 0, done.stderr


def test_schema_is_a_schema():
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", TASKS, ids=lambda p: p.stem)
def test_bundled(path):
    task = json.loads(path.read_text())
    VALIDATOR.validate(task)
    assert (path.parent / task["$schema"]).samefile(ROOT / "envs" / "schema" / "task.schema.json")


@pytest.mark.parametrize("case", GOOD)
def test_good(tmp_path, case):
    task = TASK | copy.deepcopy(GOOD[case])
    loaded, why = loads(tmp_path, task)
    assert loaded, why
    VALIDATOR.validate(task)


@pytest.mark.parametrize("case", BAD)
def test_bad(tmp_path, case):
    task = TASK | copy.deepcopy(BAD[case])
    loaded, _ = loads(tmp_path, task)
    assert not loaded
    assert not VALIDATOR.is_valid(task)


@pytest.mark.parametrize("key", ["name", "model", "observation"])
def test_missing(tmp_path, key):
    task = {k: v for k, v in TASK.items() if k != key}
    loaded, _ = loads(tmp_path, task)
    assert not loaded and not VALIDATOR.is_valid(task)
