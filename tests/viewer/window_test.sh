#!/usr/bin/env bash
# The window under a virtual display: keys, mouse, a screenshot, quitting. $1: the program window_demo.
set -u
demo=$1
for tool in Xvfb xdotool; do
  if ! command -v "$tool" >/dev/null; then
    echo "skip: no $tool here"
    exit 77
  fi
done

folder=$(mktemp -d "${MJIRL_TEST_DIR:-.}/window.XXXXXX")
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
  echo "FAIL: $1"
  exit 1
}
# wait_for TEXT COMMAND...: up to 20 s.
wait_for() {
  local what=$1
  shift
  for _ in $(seq 200); do
    if "$@"; then
      return 0
    fi
    sleep 0.1
  done
  fail "$what"
}

Xvfb -displayfd 3 -screen 0 1024x768x24 3>"$display_file" 2>/dev/null &
server=$!
wait_for "Xvfb did not start" test -s "$display_file"
DISPLAY=:$(cat "$display_file")
export DISPLAY
unset WAYLAND_DISPLAY

cd "$folder" || exit 1
"$demo" play 2>"$folder/errors" &
player=$!
window=
found() {
  window=$(xdotool search --onlyvisible --name mjirl 2>/dev/null | head -n 1)
  [ -n "$window" ] || ! kill -0 "$player" 2>/dev/null
}
wait_for "no window appeared" found
[ -n "$window" ] || fail "the program ended: $(cat "$folder/errors")"
xdotool windowfocus "$window"
sleep 1

# Without a window manager a key reaches the window that has the focus.
for key in space Right Right Left F1 plus minus Tab bracketright Escape BackSpace 2 2 F1; do
  xdotool key "$key"
done
xdotool mousemove 300 200 mousedown 1 mousemove 360 240 mouseup 1
xdotool mousemove 300 200 mousedown 3 mousemove 280 220 mouseup 3 click 4 click 5
xdotool windowsize "$window" 800 500
sleep 1
xdotool key ctrl+p
screenshot=
shot() {
  screenshot=$(ls "$folder"/mjirl-*.png 2>/dev/null | head -n 1)
  [ -n "$screenshot" ]
}
wait_for "Ctrl-P wrote no picture" shot
"$demo" check "$screenshot" 800 500 || fail "the screenshot is not a picture of the window"
kill -0 "$player" 2>/dev/null || fail "the program ended early: $(cat "$folder/errors")"

xdotool key ctrl+q
gone() {
  ! kill -0 "$player" 2>/dev/null
}
wait_for "Ctrl-Q did not quit" gone
wait "$player"
code=$?
player=0
[ "$code" -eq 0 ] || fail "exit code $code: $(cat "$folder/errors")"
[ ! -s "$folder/errors" ] || fail "something was printed: $(cat "$folder/errors")"
echo "ok   window"
