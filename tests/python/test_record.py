"""`mjirl record` as a person uses it: a real window under Xvfb, driven by xdotool.

What is waited for is what a person sees: the window's title, the notices, pictures by Ctrl-P. Needs
MJIRL, the path of the program, and the programs Xvfb and xdotool.
"""

import ctypes
import json
import math
import os
import pathlib
import pty
import re
import signal
import subprocess
import threading
import time

import h5py
import numpy as np
import pytest
from PIL import Image

import journal_format

PROGRAM = os.environ["MJIRL"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
RING = (255, 184, 26)  # around the ball that can be dragged
PATIENCE = 40  # seconds, for a loaded machine


def set_dpi(name, dpi):
    """Tells the programs of a display how fine its screen is, as desktops do."""
    x = ctypes.CDLL("libX11.so.6")
    x.XOpenDisplay.restype = ctypes.c_void_p
    x.XDefaultRootWindow.restype = x.XInternAtom.restype = ctypes.c_ulong
    display = ctypes.c_void_p(x.XOpenDisplay(name.encode()))
    text = f"Xft.dpi:\t{dpi}\n".encode()
    atom = x.XInternAtom(display, b"RESOURCE_MANAGER", 0)
    x.XChangeProperty(display, ctypes.c_ulong(x.XDefaultRootWindow(display)),
                      ctypes.c_ulong(atom), ctypes.c_ulong(31), 8, 0, text, len(text))
    x.XCloseDisplay(display)


def start_display(dpi=96):
    """An X server of its own; returns its process and number."""
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "2600x1500x24",
                               "-noreset", "-nolisten", "tcp"],
                              pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    assert number, "Xvfb did not start"
    env = {**os.environ, "DISPLAY": f":{number}"}
    for _ in range(100):
        if subprocess.run(["xdotool", "getmouselocation"], env=env, check=False,
                          capture_output=True).returncode == 0:
            break
        time.sleep(0.1)
    if dpi != 96:
        set_dpi(f":{number}", dpi)
    return server, f":{number}"


@pytest.fixture
def display():
    server, name = start_display()
    yield name
    for process in Desk.open:
        if process.poll() is None:
            process.kill()
            process.wait()
    Desk.open.clear()
    server.terminate()
    server.wait()


class Desk:
    """The program with its window. Notices come from its stderr, which is a terminal for it."""

    open = []  # processes of this test

    def __init__(self, display, out, *args, task="reacher", cwd=None, before=()):
        self.journal = pathlib.Path(out) / "recording.journal"
        self.cwd = pathlib.Path(cwd or out).parent if cwd is None else pathlib.Path(cwd)
        self.env = {k: v for k, v in os.environ.items() if k != "WAYLAND_DISPLAY"}
        self.env.update(DISPLAY=display, LIBGL_ALWAYS_SOFTWARE="1")
        self.env.update(before)
        master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [PROGRAM, "record", task, "--out", str(out), "--json", *(
                [] if "--size" in args else ["--size", "640x400"]), *map(str, args)], cwd=self.cwd,
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave)
        os.close(slave)
        Desk.open.append(self.process)
        self.said = ""
        self.reader = threading.Thread(target=self.listen, args=[master], daemon=True)
        self.reader.start()
        self.window = None
        self.wait(self.find, "a window")
        self.x("windowfocus", self.window)
        self.wait_title("ready")

    def listen(self, master):
        while True:
            try:
                data = os.read(master, 4096)
            except OSError:  # the program has ended
                break
            if not data:
                break
            self.said += data.decode(errors="replace")
        os.close(master)

    def x(self, *args):
        return subprocess.run(["xdotool", *map(str, args)], env=self.env, text=True, check=False,
                              capture_output=True).stdout.strip()

    def wait(self, ready, what):
        end = time.monotonic() + PATIENCE
        while not ready():
            assert self.process.poll() is None, f"ended while waiting for {what}: {self.said}"
            assert time.monotonic() < end, f"waited for {what}: {self.title()} | {self.said}"
            time.sleep(0.02)

    def find(self):
        found = self.x("search", "--onlyvisible", "--pid", self.process.pid).split()
        found = found or self.x("search", "--onlyvisible", "--name", "mjirl").split()
        self.window = found[0] if found else None
        return self.window is not None

    def title(self):
        return self.x("getwindowname", self.window) if self.window else ""

    def wait_title(self, *parts):
        self.wait(lambda: all(p in self.title() for p in parts), parts)

    def wait_steps(self, n):
        """Until the episode that is being recorded has n steps in its journal."""
        def enough():
            data, at, steps = self.journal.read_bytes(), 0, 0
            while at + journal_format.FRAME.size <= len(data):
                _, kind, _, size, _ = journal_format.FRAME.unpack_from(data, at)
                steps = 0 if kind == journal_format.BEGIN else steps + (kind == journal_format.STEP)
                at += journal_format.FRAME.size + size
            return steps >= n
        self.wait(enough, f"{n} steps")

    def press(self, *keys):
        self.x("key", *keys)

    def press_until_said(self, key, text):
        before = len(self.said)
        self.press(key)
        self.wait(lambda: text in self.said[before:], text)

    def picture(self):
        """The window's picture as the program writes it (height, width, 3)."""
        before = len(self.said)
        self.press("ctrl+p")
        self.wait(lambda: re.search(r"wrote (\S+\.png)\r?\n", self.said[before:]), "a picture")
        path = self.cwd / re.search(r"wrote (\S+\.png)", self.said[before:]).group(1)
        image = np.asarray(Image.open(path).convert("RGB")).astype(int)
        path.unlink()
        return image

    def ball(self):
        """Centre of the ring around the ball, in pixels."""
        image = self.picture()
        rows, columns = np.nonzero((abs(image - RING) <= 2).all(axis=2))
        assert len(rows) > 40, "no ball to be seen"
        return 0.5 * (columns.min() + columns.max()), 0.5 * (rows.min() + rows.max())

    def drag(self, a, b, hold=False, steps=8, pause=0.0):
        self.x("mousemove", round(a[0]), round(a[1]), "mousedown", 1)
        for k in range(1, steps + 1):
            self.x("mousemove", round(a[0] + (b[0] - a[0]) * k / steps),
                   round(a[1] + (b[1] - a[1]) * k / steps))
            time.sleep(pause)
        if not hold:
            self.x("mouseup", 1)

    def end(self):
        """Waits for the program's end: its exit code and its result."""
        out, _ = self.process.communicate(timeout=PATIENCE)
        self.reader.join(timeout=5)
        return self.process.returncode, json.loads(out) if out.strip() else None

    def quit(self):
        self.press("ctrl+q")
        return self.end()


def checked(out):
    """`mjirl demos check`: the recorded actions give the recorded states again, bit for bit."""
    done = subprocess.run([PROGRAM, "demos", "check", str(out), "--json"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    verdict = json.loads(done.stdout)
    assert verdict["passed"] and verdict["differing"] == 0
    return verdict


def episodes(out):
    with h5py.File(pathlib.Path(out) / "data" / "main_data.hdf5") as file:
        return [{"attrs": dict(e.attrs), "observations": e["observations"][()],
                 "actions": e["actions"][()], "rewards": e["rewards"][()]}
                for _, e in sorted((k, v) for k, v in file.items() if k.startswith("episode_"))]


def top_pixel(x, y, width, height, z=0.01):
    """Where the reacher's camera `top` (at 0, 0, 0.95, 45 degrees) sees a point of the table."""
    focal = height / 2 / math.tan(math.radians(45) / 2) / (0.95 - z)
    return width / 2 + focal * x, height / 2 - focal * y


#----------------------------------- Recording -----------------------------------------------------


def test_a_session_with_the_mouse(display, tmp_path):
    """Two episodes are kept, one is discarded; the fingertip went where it was dragged."""
    out = tmp_path / "demos"
    desk = Desk(display, out, "--episodes", 2, "--countdown", 0, "--slow", 8, "--camera", "top",
                "--label", "by mouse", "--seed", 4)
    before = desk.picture()
    desk.press("Tab")
    desk.wait(lambda: changed(before, desk.picture()), "the panel gone")
    height, width, _ = desk.picture().shape
    goals = [(0.1, 0.1), (-0.1, 0.12)]  # of the first two conditions
    ball = desk.ball()
    desk.x("mousemove", round(ball[0]), round(ball[1]), "mousedown", 1)
    desk.press("Return")
    desk.wait_title("recording")
    for x, y in [(0.17, 0.1), (0.12, 0.14), goals[0]]:
        desk.x("mousemove", *map(round, top_pixel(x, y, width, height)))
        time.sleep(0.15)
    desk.wait_title("review at 50 of 50")
    desk.x("mouseup", 1)
    desk.press("Return")
    desk.wait(lambda: "episode 1 kept" in desk.said, "the notice")
    desk.wait_title("1 kept, 0 discarded")
    assert "episode 1 kept: 50 steps" in desk.said and "success" in desk.said

    desk.press("Return")  # a second one, thrown away
    desk.wait_title("recording")
    desk.press("BackSpace")
    desk.wait_title("1 kept, 1 discarded", "ready")

    desk.press("Return")  # and again, called a failure
    desk.wait_title("recording")
    desk.wait_steps(2)
    desk.press("n")
    desk.wait_title("2 kept, 1 discarded")
    assert "all episodes are recorded" in desk.said or "kept" in desk.said
    assert desk.quit() == (0, {"episodes": 2})

    kept = episodes(out)
    assert [e["attrs"]["condition"] for e in kept] == [0, 1]
    assert [bool(e["attrs"]["success"]) for e in kept] == [True, False]
    assert all(e["attrs"]["label"] == "by mouse" for e in kept)
    assert np.abs(kept[0]["observations"][-1, 8:10]).max() < 0.02  # fingertip minus target
    assert np.abs(kept[0]["actions"]).max() <= 1 and np.abs(kept[0]["actions"]).max() > 0.01
    checked(out)


def test_rewind_and_go_on(display, tmp_path):
    """Back to step 10, on from there: the steps between are gone, and all of it re-simulates."""
    out = tmp_path / "demos"
    desk = Desk(display, out, "--countdown", 0, "--slow", 2, "--condition", 2)
    desk.press("shift+k")  # each control has keys
    desk.x("keydown", "q")
    desk.picture()  # taken by a frame that has seen the key
    desk.press("Return")
    desk.wait_title("review at 50 of 50")
    desk.x("keyup", "q")
    desk.press("Home")
    desk.wait_title("review at 0 of 50")
    desk.press("shift+Right")
    desk.wait_title("review at 10 of 50")
    desk.x("keydown", "a")
    desk.picture()
    desk.press("space")
    desk.wait_title("recording")
    desk.wait_title("review at 50 of 50")
    desk.x("keyup", "a")
    desk.press("Escape", "y")
    desk.wait_title("1 kept")
    assert desk.quit() == (0, {"episodes": 1})
    (episode,) = episodes(out)
    first = episode["actions"][:, 0]
    assert (first[:10] >= 0).all() and (first[10:] <= 0).all()
    assert first[9] == 1 and first[-1] == -1
    assert bool(episode["attrs"]["success"]) and episode["attrs"]["condition"] == 2
    checked(out)


def test_the_panel(display, tmp_path):
    """The same by the panel's buttons alone, found by where MuJoCo's UI lays them."""
    out = tmp_path / "demos"
    desk = Desk(display, out, "--countdown", 0, "--slow", 1, "--size", "700x400")
    column, other = 470, 604
    desk.x("mousemove", other, 269, "click", 1)  # Label: typed letters are the panel's now
    desk.x("type", "--delay", 30, "yn 2")
    desk.press("Return")
    assert "ready" in desk.title()
    desk.x("mousemove", column, 59, "click", 1)  # Record
    desk.wait_title("recording")
    desk.wait_title("review at 50 of 50")
    desk.x("mousemove", other, 94, "click", 1)  # Failure
    desk.wait_title("1 kept")
    desk.x("mousemove", column, 164, "click", 1)  # the last one is dropped
    desk.wait_title("0 kept, 1 discarded")
    desk.x("mousemove", column, 164, "click", 1)  # and taken back
    desk.wait_title("1 kept, 0 discarded")
    desk.x("mousemove", column, 304, "click", 1)  # Save, close
    assert desk.end() == (0, {"episodes": 1})
    assert episodes(out)[0]["attrs"]["label"] == "yn 2"
    checked(out)


#----------------------------------- Every key -----------------------------------------------------


def listed_keys():
    """The rows that F1 shows."""
    source = (ROOT / "viewer" / "cockpit_hud.c").read_text()
    table = source.split("HELP[][2] = {", 1)[1].split("\n};", 1)[0]
    rows = re.findall(r'^\s*\{"([^"]*)",', table, re.MULTILINE)
    return {row for row in rows if row}


def changed(a, b):
    return a.shape != b.shape or (np.abs(a - b).max(axis=2) > 20).mean() > 0.004


class Tour:
    """Tries the keys of F1's rows one by one."""

    def __init__(self, desk):
        self.desk = desk
        self.tried = set()

    def row(self, name):
        self.tried.add(name)

    def looks(self, *keys):
        """Pressing changes the picture; returns the new one."""
        before = self.desk.picture()
        time.sleep(0.1)
        self.desk.press(*keys)
        after = []

        def seen():
            time.sleep(0.2)
            after[:] = [self.desk.picture()]
            return changed(before, after[0])
        self.desk.wait(seen, keys)
        return after[0]

    def session(self):
        d = self.desk
        self.row("Enter")
        d.press("Return")
        d.wait_title("recording")
        d.wait_steps(2)
        self.row("Space")
        d.press("space")
        d.wait_title("paused at")
        self.row("Left   Right")
        length = int(re.search(r"of (\d+)", d.title()).group(1))
        d.press("Home")
        d.wait_title("paused at 0 of")
        d.press("Right")
        d.wait_title("paused at 1 of")
        d.press("Left")
        d.wait_title("paused at 0 of")
        d.press("End")
        d.wait_title(f"paused at {length} of")
        self.row("R")
        d.press("r")
        d.wait_title("recording", "1 discarded")
        self.row("Backspace")
        d.press("BackSpace")
        d.wait_title("ready", "2 discarded")
        self.row("Y   N")
        for key, kept in [("y", 1), ("n", 2)]:
            d.press("Return")
            d.wait_title("recording")
            d.wait_steps(1)
            d.press(key)
            d.wait_title("ready", f"{kept} kept")
        self.row("Delete")
        d.press_until_said("Delete", "the last episode is discarded")
        d.wait_title("1 kept, 3 discarded")
        d.press_until_said("Delete", "kept after all")

    def robot(self):
        d = self.desk
        self.row("G")
        d.press_until_said("g", "gripper: closed")
        self.row("H   U   B")
        for key, on, off in [("h", "limp", "holds"), ("u", "keeps its", "may turn"),
                             ("b", "is not carried", "is carried")]:
            d.press_until_said(key, on)
            d.press_until_said(key, off)
        self.row("K   Shift-K")
        self.looks("k")
        d.press("Escape")
        self.looks("shift+k")
        d.press("Escape")
        self.row("PgUp")
        d.press_until_said("Prior", "the ball pulls body1")
        self.row("Double-click")
        x, y = d.ball()
        d.press("F1", "F1")

        def picked():
            d.x("mousemove", 40, 250, "click", "--repeat", 2, "--delay", 60, 1)
            time.sleep(0.3)
            return "the ball pulls the hand" in d.said
        d.wait(picked, "the hand")
        self.row("Drag the ball")
        a = d.ball()
        d.drag(a, (a[0] - 60, a[1] - 60), pause=0.05)
        d.wait(lambda: math.dist(d.ball(), (a[0] - 60, a[1] - 60)) < 25, "the ball where it was put")
        b = d.ball()
        self.row("Ctrl-drag")
        d.x("keydown", "ctrl", "mousemove", 300, 300, "mousedown", 3, "mousemove", 340, 300)
        time.sleep(0.5)
        d.x("mousemove", 380, 300)
        time.sleep(0.5)
        d.x("mouseup", 3, "keyup", "ctrl")
        d.wait(lambda: d.ball()[0] > b[0] + 20, "the ball further right")

    def moves_the_view(self, gesture):
        """A busy machine may see a double click as two, or show it late: it is repeated until seen."""
        before = self.desk.picture()

        def seen():
            self.desk.x(*gesture)
            time.sleep(0.3)
            return changed(before, self.desk.picture())
        self.desk.wait(seen, gesture)

    def view(self):
        d = self.desk
        self.row("F1")
        self.looks("F1")
        self.looks("F1")
        self.row("Tab   Ctrl-A   F5")
        self.looks("Tab")
        self.looks("Tab")
        self.row("Drag left, right")
        for button in 1, 3:
            self.moves_the_view(
                ["mousemove", 200, 300, "mousedown", button, "mousemove", 290, 330, "mouseup", button])
        self.looks("ctrl+a")
        self.row("[   ]   Esc")
        d.press_until_said("bracketright", "camera: top")
        d.press_until_said("bracketleft", "camera: free")
        d.press("bracketright")
        self.looks("Escape")
        self.row("Right double-click")
        self.moves_the_view(["mousemove", 150, 290, "click", "--repeat", 2, "--delay", 60, 3])
        d.press("ctrl+a")
        full = d.picture().shape
        d.press("F5")
        d.wait(lambda: d.picture().shape != full, "full screen")
        d.press("F5")
        d.wait(lambda: d.picture().shape[1] <= 1280, "the window again")

    def time(self):
        d = self.desk
        self.row("+   -")
        d.press_until_said("minus", "0.05")
        d.press_until_said("plus", "0.1")
        self.row(",   .")
        self.looks("period")
        d.press("comma")


def test_every_key_that_f1_lists(display, tmp_path):
    out = tmp_path / "demos"
    desk = Desk(display, out, "--countdown", 0, "--slow", 10)
    tour = Tour(desk)
    tour.session()
    tour.time()
    tour.robot()
    tour.view()
    tour.row("Ctrl-P   Ctrl-Q")
    assert desk.quit() == (0, {"episodes": 2})
    assert tour.tried == listed_keys()
    checked(out)


#----------------------------------- Nothing is lost -----------------------------------------------


@pytest.mark.parametrize("how", ["close", "terminate", "interrupt"])
def test_ending_in_the_middle_keeps_the_episode(display, tmp_path, how):
    out = tmp_path / "demos"
    desk = Desk(display, out, "--countdown", 0, "--slow", 2)
    desk.press("Return")
    desk.wait_title("recording")
    desk.wait_steps(1)
    if how == "close":
        desk.press("ctrl+q")
    else:
        desk.process.send_signal(signal.SIGTERM if how == "terminate" else signal.SIGINT)
    assert desk.end() == (0, {"episodes": 1})
    assert not (out / "recording.journal").exists()
    checked(out)


def test_a_killed_session_is_taken_up(display, tmp_path):
    out = tmp_path / "demos"
    desk = Desk(display, out, "--countdown", 0, "--slow", 2)
    for _ in range(2):
        desk.press("Return")
        desk.wait_title("recording")
        desk.wait_steps(1)
        if "0 kept" in desk.title():
            desk.press("y")
            desk.wait_title("1 kept")
    desk.process.kill()
    desk.process.wait()
    desk = Desk(display, out, "--countdown", 0)
    assert "2 episodes of an earlier session" in desk.said and "1 of them broken off" in desk.said
    assert desk.quit() == (0, {"episodes": 0})
    first, second = episodes(out)
    assert bool(first["attrs"]["success"]) and not first["attrs"].get("incomplete", False)
    assert second["attrs"]["incomplete"]
    checked(out)


def test_a_display_that_goes_away(tmp_path):
    server, name = start_display()
    out = tmp_path / "demos"
    desk = Desk(name, out, "--countdown", 0, "--slow", 2)
    desk.press("Return")
    desk.wait_title("recording")
    desk.wait_steps(1)
    server.kill()
    server.wait()
    assert desk.end() == (1, None)
    lines = desk.said.splitlines()
    assert len(lines) == 1 and "display went away" in lines[0] and "is kept" in lines[0]
    assert len(episodes(out)) == 1
    checked(out)


#----------------------------------- Sizes ---------------------------------------------------------


def test_resize_and_fine_screens(tmp_path):
    """On a screen of 192 dots an inch everything is twice as large; the ball is where it looks."""
    server, name = start_display(dpi=192)
    try:
        out = tmp_path / "demos"
        desk = Desk(name, out, "--countdown", 0, "--slow", 10, "--size", "1000x600")
        height, width, _ = desk.picture().shape
        assert (width, height) == (2000, 1200)
        desk.x("windowsize", desk.window, 1500, 900)
        desk.wait(lambda: desk.picture().shape == (900, 1500, 3), "the new size")
        a = desk.ball()
        desk.drag(a, (a[0] - 90, a[1] - 90), pause=0.05)
        goal = (a[0] - 90, a[1] - 90)
        desk.wait(lambda: math.dist(desk.ball(), goal) < 30, "the ball where it was put")
        assert desk.quit() == (0, {"episodes": 0})
    finally:
        server.kill()
        server.wait()


#----------------------------------- Refusals ------------------------------------------------------


def refuse(*args, part, display=""):
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    if display:
        env["DISPLAY"] = display
    done = subprocess.run([PROGRAM, "record", *map(str, args)], env=env, text=True,
                          capture_output=True, check=False, timeout=PATIENCE)
    assert done.returncode == 1, done.stderr
    assert done.stdout == "" and re.fullmatch(r"mjirl: .+: .+; .+\n", done.stderr), done.stderr
    assert part in done.stderr


def test_refusals_leave_nothing(display, tmp_path):
    out = tmp_path / "demos"
    bare = tmp_path / "bare.xml"
    bare.write_text("<mujoco><worldbody><body><joint name='j' type='hinge'/><geom size='0.1'/>"
                    "</body></worldbody></mujoco>")
    refuse("reacher", "--out", out, part="DISPLAY")
    refuse(bare, "--out", out, part="no actuators", display=display)
    refuse("reacher", "--out", bare / "demos", part="not a folder", display=display)
    refuse("reacher", "--out", out, "--condition", 4, part="give 0 to 3", display=display)
    refuse("reacher", "--out", out, "--camera", "bottom", part="no camera 'bottom'",
           display=display)
    refuse("reacher", "--out", out, "--gamepad", tmp_path / "none.json", part="none.json",
           display=display)
    assert not out.exists()
    other = ROOT / "demos" / "data" / "point_mass"
    refuse("reacher", "--out", other, part="point_mass", display=display)
