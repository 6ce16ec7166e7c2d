#!/usr/bin/env bash
# campaign.sh [KILLS [BUILD [SEED]]]: kills a recording program that many times (3,000 by default) at
# random moments; fails if anything that it had acknowledged is lost. 3,000 kills without a loss say
# with 95 % confidence that fewer than one in 1,000 loses something.
set -euo pipefail
kills=${1:-3000}
build=${2:-build}
seed=${3:-$RANDOM}
programs=$(cd "$build" && pwd)/tests/crash
export MJIRL_DATA=${MJIRL_DATA:-$programs/../../share/mjirl}
dir=$(mktemp -d "$programs/campaign.XXXXXX")
echo "seed $seed, folder $dir"
nice "$programs/crash_kill_test" "$programs/crash_record_driver" "$dir/dataset" "$kills" "$seed"
rmdir "$dir"
