#!/bin/sh
# Deploy the version of this folder with Docker Compose while the service runs, or go back to the version before it:
#
#   sh deploy/deploy.sh             check, back up, build, migrate, replace the instances one after the other, verify
#   sh deploy/deploy.sh rollback    replace the instances by those of the image that the last deployment replaced
#
# If a step fails, the instances of the previous image stay, or come back, and the script ends with status 1. The schema is
# not migrated back: the previous version serves the newer one (see "Upgrades" in docs/production.md). Status 2 means that
# going back failed too. The proxy, PostgreSQL and Valkey are not restarted.
#
# DEPLOY_TIMEOUT is the number of seconds for an instance to become ready (default 120).
set -eu
cd "$(dirname "$0")/.."

image=task-manager
running=task-manager:running
previous=task-manager:previous
timeout=${DEPLOY_TIMEOUT:-120}
probe='import urllib.request as r
r.build_opener(r.ProxyHandler({})).open("http://127.0.0.1:8000/monitoring/health", timeout=5)'

say() {
    printf '==> %s\n' "$*"
}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

instances() {
    docker compose ps --quiet "${1:-service}"
}

image_of() {
    docker inspect --format '{{.Image}}' "$1"
}

current_image() {
    docker image inspect --format '{{.Id}}' "$image"
}

# The readiness of one instance: it also fails if the database cannot be used.
is_ready() {
    docker exec "$1" python -c "$probe" >/dev/null 2>&1
}

wait_until_ready() {
    waited=0
    until is_ready "$1"; do
        if [ "$waited" -ge "$timeout" ]; then
            echo "instance $1 is not ready after $timeout seconds; its last log lines:" >&2
            docker logs --tail 20 "$1" >&2 || true
            return 1
        fi
        sleep 1
        waited=$((waited + 1))
    done
}

# Start one more instance, and print its id.
start_instance() {
    before=$(instances)
    count=$(printf '%s\n' "$before" | wc -l)
    docker compose up --detach --no-deps --no-recreate --scale "service=$((count + 1))" service >&2 || return 1
    started=$(instances | grep -vxF "$before") || return 1
    printf '%s\n' "$started"
}

# Replace the instances and the worker that do not run the current image. Before an old instance stops, a new one is ready.
roll() {
    wanted=$(current_image) || return 1
    for old in $(instances); do
        if [ "$(image_of "$old")" = "$wanted" ]; then
            continue
        fi
        say "starting an instance that replaces $old"
        new=$(start_instance) || return 1
        wait_until_ready "$new" || return 1
        say "instance $new is ready: stopping $old"
        docker stop --time 30 "$old" >/dev/null || return 1
        docker rm "$old" >/dev/null || return 1
    done
    say "replacing the worker"
    docker compose up --detach --no-deps worker || return 1
}

verify() {
    say "verifying that each instance is ready and that the proxy reaches them"
    wanted=$(current_image) || return 1
    for instance in $(instances); do
        [ "$(image_of "$instance")" = "$wanted" ] || return 1
        is_ready "$instance" || return 1
    done
    docker compose exec -T proxy wget -q -O - http://service:8000/health || return 1
    echo
    [ -n "$(instances worker)" ] || return 1
}

# Runs when the script ends: undo what a failed step has left.
end() {
    status=$?
    trap - EXIT INT TERM
    if [ "$status" -eq 0 ]; then
        exit 0
    fi
    case $step in
        check | backup)
            say "failed during: $step. Nothing was changed."
            ;;
        build | migrate)
            docker tag "$running" "$image"
            say "failed during: $step. The instances were not replaced; $image is the running image again."
            ;;
        roll | verify)
            say "failed during: $step. Rolling back to the image that ran before."
            if docker tag "$running" "$image" && remove_unready && roll && verify; then
                say "Rolled back: all instances run the image that ran before. The schema was not changed back."
            else
                say "Rolling back failed too. See: docker compose ps --all, docker compose logs service"
                exit 2
            fi
            ;;
    esac
    exit 1
}

# Remove the instances of other images that never became ready, so that they do not count as instances to replace.
remove_unready() {
    wanted=$(current_image) || return 1
    for instance in $(docker compose ps --all --quiet service); do
        if [ "$(image_of "$instance")" != "$wanted" ] && ! is_ready "$instance"; then
            docker rm --force "$instance" >/dev/null || return 1
        fi
    done
}

mode=${1:-deploy}
case $mode in
    deploy | rollback) ;;
    *)
        echo "usage: sh deploy/deploy.sh [rollback]" >&2
        exit 64
        ;;
esac

step=check
trap end EXIT
trap 'exit 130' INT TERM

say "checking the settings and the running instances"
docker compose config --quiet
instances=$(instances)
[ -n "$instances" ] || fail "no instance runs; for the first start use: docker compose up --detach --build --wait"
for instance in $instances; do
    is_ready "$instance" || fail "instance $instance is not ready; repair this before a deployment"
done

first=$(printf '%s\n' "$instances" | head -n 1)
docker tag "$(image_of "$first")" "$running"
docker tag "$running" "$image"

if [ "$mode" = rollback ]; then
    docker image inspect "$previous" >/dev/null 2>&1 || fail "there is no image $previous to go back to"
    step=roll
    docker tag "$previous" "$image"
else
    step=backup
    say "backing up into the volume backups"
    docker compose run --rm --no-deps -T operator backup "/backups/before-upgrade-$(date -u +%Y%m%dT%H%M%SZ).zip"

    step=build
    say "building the image"
    docker compose build service

    step=migrate
    say "migrating the database"
    docker compose run --rm --no-deps -T migrate
fi

step=roll
roll
step=verify
verify
docker tag "$running" "$previous"
say "done. The image that ran before is $previous; to go back to it: sh deploy/deploy.sh rollback"
