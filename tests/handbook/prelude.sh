# What stands for the machine's own commands while the handbook is walked: the same verbs, on processes of the walk.
set -u
umask 022

# A unit is a daemon on the file that its name says; `rabbitmq-server` is started by the walk itself.
systemctl() {
    case "$1" in enable | daemon-reload) shift 2 ;; *) local verb=$1; shift ;; esac
    local unit=${1#lienthong@} verb=${verb:-start}
    unit=${unit#lienthong-centre@}
    [ "$unit" != rabbitmq-server ] || return 0
    case "$verb" in
        stop) unit_stop "$unit" ;;
        start) unit_start "$unit" ;;
        restart) unit_stop "$unit"; unit_start "$unit" ;;
        *) return 64 ;;
    esac
}
unit_start() {
    # At most an hour: should the walk itself be killed, nobody else would end it.
    local runs="adapter run" file=$1 section=http
    case "$1" in
        ledger) runs="ledger run" ;;
        console) runs="console run" file=ledger section=api ;;
    esac
    setsid timeout 3600 lienthong $runs "$ETC/$file.toml" >>"$ETC/$1.log" 2>&1 </dev/null &
    echo $! >"$ETC/$1.pid"
    until curl_ok "$ETC/$file.toml" "$section"; do
        kill -0 "$(cat "$ETC/$1.pid")" || { cat "$ETC/$1.log"; return 1; }
        sleep 0.2
    done
}
unit_stop() {
    local pid
    pid=$(cat "$ETC/$1.pid")
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}
curl_ok() { python -m tests.handbook.well "$@"; }

# Where a page lists a folder it means to show what has come: it is given time to come.
ls() {
    local n=0
    while [ -z "$(command ls -A "$@")" ] && [ $((n += 1)) -lt 300 ]; do sleep 0.2; done
    [ -n "$(command ls -A "$@")" ] && command ls "$@"
}

# RabbitMQ's own: the walk's broker was started with the same files, by deploy.local_broker. Connections are closed at it.
chown() { :; }
rabbitmq-plugins() { :; }
rabbitmqctl() { case "$1" in close_*) eval "$CTL"' "$@"' ;; esac; }

ended() { # exit code, place, codes that are well
    case " $3 " in *" $1 "*) ;; *) echo "!! $2: exit code $1"; exit 1 ;; esac
}
