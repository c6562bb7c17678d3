#!/bin/sh
# Try compose.yaml as an operator: start it with the example settings, run the session of the README through the proxy, back
# up, restore into an empty database, and deploy an upgrade under requests, a failing one, and the way back.
#
#   sh tests/deployment/composition.sh
#
# Needs Docker with Compose 2.24 or later, curl and the ports 80 and 443 of the loopback address. It uses a project of its own
# (containers and volumes), which it removes at the end, and rebuilds the image `task-manager`.
set -eu
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
site=https://localhost
export COMPOSE_PROJECT_NAME=task-manager-trial COMPOSE_ENV_FILES="$work/env"

say() {
    printf '\n### %s\n' "$*"
}

random() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

end() {
    status=$?
    trap - EXIT INT TERM
    touch "$work/end"
    if [ "$status" -ne 0 ]; then
        say "failed; containers and their logs:"
        docker compose ps --all || true
        docker compose logs --no-color --tail 200 || true
    fi
    docker compose --profile operator down --volumes --timeout 5 || true
    wait
    rm -rf "$work"
    exit "$status"
}

get() {
    curl --silent --show-error --fail --cacert "$work/root.crt" "$@"
}

operator() {
    docker compose run --rm --no-deps -T operator "$@"
}

# Count the requests, and those that got no answer or an error.
request_all_the_time() {
    while [ ! -e "$work/end" ]; do
        if get --max-time 30 --output "$work/answer" "$site/health"; then
            echo ok >>"$work/answered"
        else
            echo lost >>"$work/lost"
        fi
        sleep 0.05
    done
}

session() {
    awk '/^```sh$/ { block = ""; inside = 1; next }
        /^```$/ { if (inside && block ~ /auth\/register/) { printf "%s", block; exit } inside = 0; next }
        inside { block = block $0 "\n" }' README.md |
        sed "s#http://127.0.0.1:8000#$site#; s#curl -s#curl -sS --fail --cacert $work/root.crt#"
}

login() {
    get "$site/api/v1/auth/login" -H 'Content-Type: application/json' \
        -d '{"username": "ann", "password": "Correct-Horse-7"}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/'
}

# The statistics and the files of the user, which a restore must bring back.
contents() {
    token=$(login)
    get "$site/api/v1/tasks/statistics" -H "Authorization: Bearer $token"
    file=$(get "$site/api/v1/files" -H "Authorization: Bearer $token" | sed 's/.*"items":\[{"id":"\([^"]*\)".*/\1/')
    get "$site/api/v1/files/$file/content" -H "Authorization: Bearer $token"
}

# Fail if the instances do not run the image with this label.
expect_version() {
    for instance in $(docker compose ps --quiet service); do
        test "$(docker inspect --format '{{index .Config.Labels "trial"}}' "$instance")" = "$1"
    done
}

# A version that differs from the current one by a label, and one that cannot start.
upgrade() {
    printf 'services: {service: {build: {labels: {trial: "%s"}}}}\n' "$1" >"$work/upgrade.yaml"
    COMPOSE_FILE=compose.yaml:$work/upgrade.yaml sh deploy/deploy.sh
}

broken_upgrade() {
    printf 'services: {service: {build: {labels: {trial: broken}}, environment: {PORT: "1x"}}}\n' >"$work/upgrade.yaml"
    DEPLOY_TIMEOUT=20 COMPOSE_FILE=compose.yaml:$work/upgrade.yaml sh deploy/deploy.sh
}

trap end EXIT
trap 'exit 130' INT TERM

sed -e 's/^SITE=.*/SITE=localhost/' \
    -e "s/^SECRET_KEY=.*/SECRET_KEY=$(random)/" \
    -e "s/^POSTGRES_PASSWORD=.*/POSTGRES_PASSWORD=$(random)/" \
    -e 's#^MAIL_URL=.*#MAIL_URL=file:///tmp#' \
    -e 's/^MAIL_FROM=.*/MAIL_FROM=Tasks <tasks@example.com>/' .env.example >"$work/env"

say "building and starting"
docker compose config --quiet
docker compose up --detach --build --wait --wait-timeout 300
docker compose cp proxy:/data/caddy/pki/authorities/local/root.crt "$work/root.crt"
get "$site/health"

say "running the session of the README"
session >"$work/session"
sh -eu "$work/session" >"$work/output"
grep -q '"completion_rate":1.0' "$work/output"
contents >"$work/before"
grep -q 'Twice a week.' "$work/before"
echo "Correct-Horse-8" | operator users create --username root --email root@example.com --role admin

say "backing up, and restoring into an empty database"
operator backup /backups/trial.zip
docker compose stop service worker
docker compose exec -T postgres dropdb --username=tasks --maintenance-db=postgres --force tasks
docker compose exec -T postgres createdb --username=tasks --maintenance-db=postgres tasks
docker compose run --rm --no-deps -T --entrypoint sh operator -c 'rm -rf /var/lib/task-manager/files/*'
docker compose exec -T valkey valkey-cli flushall
operator restore /backups/trial.zip
docker compose up --detach --wait --wait-timeout 300
contents >"$work/after"
cmp "$work/before" "$work/after"

say "deploying an upgrade under requests"
request_all_the_time 2>"$work/errors" &
upgrade 1
expect_version 1
say "deploying a version that does not start"
if broken_upgrade; then
    echo "the deployment of a broken version succeeded" >&2
    exit 1
fi
expect_version 1
say "going back to the version before the upgrade"
sh deploy/deploy.sh rollback
expect_version ""
touch "$work/end"
wait
echo "requests: $(wc -l <"$work/answered") answered, $(cat "$work/lost" 2>/dev/null | wc -l) lost"
if [ -e "$work/lost" ]; then
    cat "$work/errors"
    exit 1
fi
contents >"$work/after"
cmp "$work/before" "$work/after"
say "everything works"
