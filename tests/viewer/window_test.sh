#!/usr/bin/env bash
# The window under a virtual display: every key of the help, the mouse, the panel, resizing, a fine
# screen, and that its picture is the one that the renderer without a window makes. Each step waits
# for what the window says it does. $1: the program window_demo.
set -u
demo=$1
for tool in Xvfb xdotool xprop; do
  if ! command -v "$tool" >/dev/null; then
    echo "skip: no $tool here"
    exit 77
  fi
done

folder=$(mktemp -d "${MJIRL_TEST_DIR:-.}/window.XXXXXX")
folder=$(cd "$folder" && pwd)
display_file=$folder/display
server=0
player=0
finish() {
  for process in $player $server; do
    if [ "$process" -gt 0 ]; then
      kill "$process" 2>/dev/null
    fi
  done
  wait 2>/dev/null
  rm -rf "$folder"
}
trap finish EXIT
fail() {
  echo "FAIL: $1 (lines ${BASH_LINENO[*]})"
  echo "said last: $(tail -n 3 "$folder/said" 2>/dev/null)"
  exit 1
}
# wait_for TEXT COMMAND...: up to 20 s.
wait_for() {
  local what=$1
  shift
  for _ in $(seq 400); do
    if "$@"; then
      return 0
    fi
    sleep 0.05
  done
  fail "$what"
}

Xvfb -displayfd 3 -noreset -screen 0 1600x1200x24 3>"$display_file" 2>/dev/null &
server=$!
wait_for "Xvfb did not start" test -s "$display_file"
DISPLAY=:$(cat "$display_file")
export DISPLAY
unset WAYLAND_DISPLAY
cd "$folder" || exit 1

window=
found() {
  window=$(xdotool search --onlyvisible --name mjirl 2>/dev/null | head -n 1)
  [ -n "$window" ] || ! kill -0 "$player" 2>/dev/null
}
begin() {
  : >"$folder/said"
  seen=0
  "$demo" play "$@" >>"$folder/said" 2>"$folder/errors" &
  player=$!
  wait_for "no window appeared" found
  [ -n "$window" ] || fail "the program ended: $(cat "$folder/errors")"
  xdotool windowfocus "$window"
}
# says TEXT: a line with it has come since the last one that was waited for.
seen=0
heard() {
  local line
  line=$(tail -n +$((seen + 1)) "$folder/said" | grep -n -F -m 1 -- "$1" | cut -d: -f1)
  [ -n "$line" ] && seen=$((seen + line))
}
says() {
  wait_for "it never said '$1'" heard "$1"
}
press() {
  xdotool key "$1"
  says "$2"
}
gone() {
  ! kill -0 "$player" 2>/dev/null
}
end() {
  kill -0 "$player" 2>/dev/null || fail "the program ended early: $(cat "$folder/errors")"
  xdotool key ctrl+q
  wait_for "Ctrl-Q did not quit" gone
  wait "$player"
  local code=$?
  player=0
  [ "$code" -eq 0 ] || fail "exit code $code: $(cat "$folder/errors")"
  [ ! -s "$folder/errors" ] || fail "something was printed: $(cat "$folder/errors")"
}
# picture ENDING: what has just been written.
written() {
  sed -n 's/^wrote //p' "$folder/said" | tail -n 1
}

# ---------------------------------- Every key ----------------------------------------------------
begin
press space "paused"
press End "step 40 / 40"
press Home "step 0 / 40"
press Right "step 1 / 40"
press Right "step 2 / 40"
press Left "step 1 / 40"
press End "step 40 / 40"
press Home "step 0 / 40"
press plus "2×"
press minus "1×"
press minus "0.5×"
press KP_Add "1×"
press Down "rollout 0"
press Down "rollout 1"
press Up "rollout 0"
press 0 "1×   paused"
press l "loop off"
press l "loop on"
press 2 "again hidden"
press 2 "again shown"
press c "colour: double cost"
press C "colour: known cost"
press r "range: auto"
press r "range: 5th to 95th percentile"
press r "range: held"
press comma "no past costs"
press period "no past costs"
press n "following the run: on"
press n "following the run: off"
press f "no field"
press bracketright "camera: above"
press bracketleft "camera: free"
press Escape "camera: free"
press ctrl+a "camera: aimed"
press ctrl+k "wrote mjirl-"
press ctrl+c "state copied"
press ctrl+l "nothing to read again"
press F1 "help on"
press F1 "help off"
press F2 "facts on"
press F2 "facts off"
press F5 "full screen on"
press F5 "full screen off"
ls mjirl-*-camera.json >/dev/null || fail "no camera was saved"
grep -q '"mjirl-camera-1"' mjirl-*-camera.json || fail "the saved camera is none"
press ctrl+f "taking frames"
press ctrl+f "wrote mjirl-"
[ -s "$(written)/000000.png" ] || fail "no frames were written"
press space "paused"
if command -v ffmpeg >/dev/null; then
  press ctrl+r "filming"
  press ctrl+r ".mp4"
  [ -s "$(written)" ] || fail "no film was written"
  press space "paused"
fi
press BackSpace "step 0 / 40"

# ---------------------------------- Mouse and panel ----------------------------------------------
# The panel's first box is the pause: at any size of its letters its middle lies here.
xdotool mousemove 60 51 mousedown 1 mouseup 1
xdotool mousemove 500 150 mousedown 1 mousemove 520 160 mouseup 1
xdotool mousemove 500 150 mousedown 3 mousemove 490 170 mouseup 3 click 4 click 5
press Home "step 0 / 40"
press Tab "panel off"
xdotool windowsize "$window" 800 500
xdotool mousemove 10 10
press F3 "chart: timeline"
press F3 "chart: none"
press F3 "chart: timeline and figure"
# The time axis begins 20 + 112 from the left and ends 14 + 20 from the right, in units of 800/1280.
xdotool mousemove 440 400 mousedown 1
says "step 20 / 40"
xdotool mousemove 540 400
says "step 26 / 40"
xdotool mouseup 1
press ctrl+p "wrote mjirl-"
"$demo" check "$(written)" 800 500 || fail "the screenshot is not a picture of the window"
end

# ---------------------------------- The same picture ---------------------------------------------
begin plain
press End "step 40 / 40"
press Home "step 0 / 40"
for step in 1 2 3 4 5 6 7 8; do
  press Right "step $step / 40"
done
press ctrl+p "wrote mjirl-"
"$demo" same "$(written)" 8 640 400 || fail "the window's picture is not the renderer's"
"$demo" same "$(written)" 20 640 400 2>/dev/null && fail "any two pictures are the same"
end
rm -rf frames

# ---------------------------------- A fine screen ------------------------------------------------
xprop -root -f RESOURCE_MANAGER 8s -set RESOURCE_MANAGER "$(printf 'Xft.dpi:\t192\n')"
begin plain
press End "step 40 / 40"
press Home "step 0 / 40"
press ctrl+p "wrote mjirl-"
"$demo" same "$(written)" 0 1280 800 || fail "the picture of a fine screen is not twice as large"
end
echo "ok   window"
