#!/bin/sh
# The commands of docker that deploy/deploy.sh uses, on files in $STATE instead of containers: a test double, because the
# test suite runs where Docker does not. tests/deployment/composition.sh runs the same script with Docker.
#
# tags/NAME has the image of a tag, instances/ID and worker have the image of a container. The first $FAILURES calls that
# contain $FAIL fail.
set -eu
call=$*
echo "$call" >>"$STATE/calls"
case $call in
    *"$FAIL"*)
        if [ "$(grep -cF -e "$FAIL" "$STATE/calls")" -le "$FAILURES" ]; then exit 1; fi
        ;;
esac

is_ready() {
    [ "$(cat "$STATE/instances/$1")" != "$UNREADY" ]
}

count_ready() {
    count=0
    for path in "$STATE"/instances/*; do
        if is_ready "${path##*/}"; then count=$((count + 1)); fi
    done
    echo "$count" >>"$STATE/ready"
}

case $call in
    "compose ps --quiet worker") echo worker ;;
    "compose ps"*service) ls "$STATE/instances" ;;
    "compose build service") echo new >"$STATE/tags/task-manager" ;;
    "compose up"*--scale*)
        wanted=${call##*service=}
        wanted=${wanted%% *}
        while [ "$(find "$STATE/instances" -type f | wc -l)" -lt "$wanted" ]; do
            echo x >>"$STATE/started"
            cp "$STATE/tags/task-manager" "$STATE/instances/started-$(wc -l <"$STATE/started")"
        done
        ;;
    "compose up"*worker) cp "$STATE/tags/task-manager" "$STATE/worker" ;;
    "compose "*) ;; # config, run, exec
    "inspect "*) cat "$STATE/instances/$4" ;;
    "image inspect --format"*) cat "$STATE/tags/$5" ;;
    "image inspect "*) test -e "$STATE/tags/$3" ;;
    "exec "*) is_ready "$2" ;;
    "tag "*)
        if [ -e "$STATE/tags/$2" ]; then image=$(cat "$STATE/tags/$2"); else image=$2; fi
        echo "$image" >"$STATE/tags/$3"
        ;;
    "stop "*) ;;
    "rm "*)
        rm "$STATE/instances/${call##* }"
        count_ready
        ;;
    "logs "*) echo "of $4" ;;
    *)
        echo "unknown: docker $*" >&2
        exit 2
        ;;
esac
