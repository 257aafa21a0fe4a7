# Sets up what a fresh Debian or Ubuntu machine lacks: sourced by deploy/demo and tests/check, from the project's root.
# Says what it installs. Needs root, or sudo, only where a system package is missing.
set -euo pipefail
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

setup_python() { # uv's own arguments...
    if ! command -v uv >/dev/null; then
        if [ ! -x .tools/bin/uv ]; then
            say "cài đặt / installing uv into .tools"
            python3 -m venv .tools >/dev/null 2>&1 || { rm -rf .tools; apt_install python3-venv; python3 -m venv .tools; }
            .tools/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9'
        fi
        PATH="$PWD/.tools/bin:$PATH"
    fi
    say "chuẩn bị thư viện / preparing .venv with uv $(uv --version | cut -d' ' -f2)"
    UV_PYTHON_PREFERENCE=${UV_PYTHON_PREFERENCE:-system} uv sync --quiet --frozen --inexact "$@"
}

# A broker to run: a Docker Engine that answers, else RabbitMQ's own binary. LIENTHONG_TEST_AMQP_URL names a third.
setup_broker() {
    [ -n "${LIENTHONG_TEST_AMQP_URL:-}" ] && return
    if [ "${LIENTHONG_TEST_BROKER:-docker}" = docker ] && command -v docker >/dev/null && docker info >/dev/null 2>&1; then
        { docker image inspect rabbitmq:4.3-management || docker pull -q rabbitmq:4.3-management; } >/dev/null 2>&1 && return
    fi
    have_rabbitmq && return
    # The package would start a node of its own; ours is private and goes when we go.
    local policy=/usr/sbin/policy-rc.d made=
    [ -e $policy ] || { made=1; printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null; as_root chmod +x $policy; }
    apt_install rabbitmq-server
    [ -z "$made" ] || as_root rm -f $policy
}

# A token in software, for the tests of keys that lie in one.
setup_token() {
    command -v softhsm2-util >/dev/null || apt_install softhsm2
}

# A clock that a story can set for one process.
setup_faults() {
    ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || apt_install faketime
}

# A PostgreSQL to run: a Docker Engine that answers, else PostgreSQL's own binaries, started by the tests in a folder of
# their own. LIENTHONG_TEST_POSTGRES=binary forces the latter.
setup_postgres() {
    if [ "${LIENTHONG_TEST_POSTGRES:-docker}" = docker ] && command -v docker >/dev/null && docker info >/dev/null 2>&1; then
        { docker image inspect postgres:18 || docker pull -q postgres:18; } >/dev/null 2>&1 && return
    fi
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && return
    # The package would make and start a server of its own.
    local policy=/etc/postgresql-common/createcluster.conf
    [ -e $policy ] || { as_root mkdir -p "${policy%/*}"; echo 'create_main_cluster = false' | as_root tee $policy >/dev/null; }
    apt_install postgresql
}

have_rabbitmq() { command -v rabbitmq-server >/dev/null || [ -x /usr/sbin/rabbitmq-server ]; }
