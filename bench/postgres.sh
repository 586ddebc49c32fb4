#!/bin/sh
# postgres.sh COMMAND...: runs the command with HEED_BENCH_POSTGRES naming a PostgreSQL server of its own: new, as the
# package configures it, on a real disk and synced. Where no server is installed the command runs without.
set -eu

programs=$(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -1)
if [ -z "$programs" ]; then
  echo "no PostgreSQL server is installed; its figures are left out" >&2
  exec "$@"
fi

user=heed_bench
folder=$(mktemp -d /var/tmp/heed-bench-pg-XXXXXX)
# The server refuses to run as root: then it runs as the user that its package made.
if [ "$(id -u)" -eq 0 ]; then
  chown postgres "$folder"
  server() { (cd "$folder" && exec setpriv --reuid postgres --regid postgres --clear-groups "$programs/$@"); }
else
  server() { (cd "$folder" && exec "$programs/$@"); }
fi
started=
end() {
  if [ -n "$started" ] && ! server pg_ctl stop -w -D "$folder/data" -m immediate > /dev/null; then
    echo "the PostgreSQL server in $folder does not stop; end it and remove the folder by hand" >&2
    exit 1
  fi
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

server initdb -D "$folder/data" -U "$user" -A trust -E UTF8 --locale C.UTF-8 --no-instructions > /dev/null
server pg_ctl start -w -t 60 -D "$folder/data" -l "$folder/server.log" -o "-k $folder -c listen_addresses=" > /dev/null || {
  cat "$folder/server.log" >&2
  exit 1
}
started=yes
HEED_BENCH_POSTGRES="postgresql:///postgres?host=$folder&user=$user" "$@"
