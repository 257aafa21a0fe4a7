# Sets up what a fresh Debian or Ubuntu machine lacks: sourced by deploy/demo, deploy/pilot and tests/check, from the project's root.
# Says what it installs. Needs root, or sudo, only where a system package is missing.
set -euo pipefail
# Images of the demo and of the tests, by their tags: no agency runs them. Who has a registry names a digest instead
# (rabbitmq@sha256:…). Debian's packages are whatever the machine's signed sources hold.
RABBITMQ_IMAGE=${LIENTHONG_RABBITMQ_IMAGE:-rabbitmq:4.3-management}
POSTGRES_IMAGE=${LIENTHONG_POSTGRES_IMAGE:-postgres:18}
say() { printf 'lienthong: %s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else say "cần quyền root để chạy / root is needed for: $*"; exit 1; fi
}

apt_install() { # packages...
    say "cài đặt / installing Debian packages: $*"
    as_root apt-get update -qq >/dev/null
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# The uv of deploy/uv.txt, by its hash, whatever other one there is: the same files everywhere.
setup_uv() {
    local wanted
    wanted=$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' deploy/uv.txt)
    is_wanted() { [ "$("$1" --version 2>/dev/null | cut -d' ' -f2)" = "$wanted" ]; }
    is_wanted uv && return
    if ! is_wanted .tools/bin/uv; then
        say "cài đặt / installing uv $wanted into .tools"
        [ -x .tools/bin/pip ] || python3 -m venv .tools >/dev/null 2>&1 || { rm -rf .tools; apt_install python3-venv; python3 -m venv .tools; }
        .tools/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r deploy/uv.txt
    fi
    PATH="$PWD/.tools/bin:$PATH"
}

# Packages as uv.lock has them, each by its hash. Who runs the bus passes --no-dev: the tools of its developers stay away.
setup_python() { # uv's own arguments...
    setup_uv
    say "chuẩn bị thư viện / preparing .venv with uv $(uv --version | cut -d' ' -f2)"
    UV_PYTHON_PREFERENCE=${UV_PYTHON_PREFERENCE:-system} uv sync --quiet --frozen --inexact "$@"
}

# A broker to run: a Docker Engine that answers, else RabbitMQ's own binary. LIENTHONG_TEST_AMQP_URL names a third.
setup_broker() {
    [ -n "${LIENTHONG_TEST_AMQP_URL:-}" ] && return
    if [ "${LIENTHONG_TEST_BROKER:-docker}" = docker ] && command -v docker >/dev/null && docker info >/dev/null 2>&1; then
        { docker image inspect "$RABBITMQ_IMAGE" || docker pull -q "$RABBITMQ_IMAGE"; } >/dev/null 2>&1 && return
    fi
    have_rabbitmq || install_rabbitmq
}

install_rabbitmq() { apt_install_asleep rabbitmq-server; }

apt_install_asleep() { # packages... whose services would start by themselves: ours are private
    local policy=/usr/sbin/policy-rc.d made=
    [ -e $policy ] || { made=1; printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null; as_root chmod +x $policy; }
    apt_install "$@"
    [ -z "$made" ] || as_root rm -f $policy
}

# A Prometheus: promtool tells the rules of deploy/alerts, and the server runs the queries of deploy/dashboards.
setup_prometheus() {
    command -v promtool >/dev/null || apt_install_asleep prometheus
}

# A token in software, for the tests of keys that lie in one.
setup_token() {
    command -v softhsm2-util >/dev/null || apt_install softhsm2
}

# A clock that a story can set for one process.
setup_faults() {
    ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || apt_install faketime
}

# What the handbook's pages call by name, whatever the other tests run in: a broker and a PostgreSQL of this machine's own.
setup_handbook() {
    have_rabbitmq || install_rabbitmq
    install_postgres
}

# A PostgreSQL to run: a Docker Engine that answers, else PostgreSQL's own binaries, started by the tests in a folder of
# their own. LIENTHONG_TEST_POSTGRES=binary forces the latter.
setup_postgres() {
    if [ "${LIENTHONG_TEST_POSTGRES:-docker}" = docker ] && command -v docker >/dev/null && docker info >/dev/null 2>&1; then
        { docker image inspect "$POSTGRES_IMAGE" || docker pull -q "$POSTGRES_IMAGE"; } >/dev/null 2>&1 && return
    fi
    install_postgres
}

install_postgres() {
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && return
    # The package would make and start a server of its own.
    local policy=/etc/postgresql-common/createcluster.conf
    [ -e $policy ] || { as_root mkdir -p "${policy%/*}"; echo 'create_main_cluster = false' | as_root tee $policy >/dev/null; }
    apt_install postgresql
}

have_rabbitmq() { command -v rabbitmq-server >/dev/null || [ -x /usr/sbin/rabbitmq-server ]; }

# Three nodes as processes need three networks: ip (iproute2).
setup_namespaces() {
    if [ "${LIENTHONG_TEST_BROKER:-docker}" = docker ] && command -v docker >/dev/null && docker info >/dev/null 2>&1; then return; fi
    command -v ip >/dev/null || apt_install iproute2
}
