#!/usr/bin/env bash
# Installs what building, running and testing Heed needs on Debian 12, from Debian's packages only. Does nothing, and
# asks for nothing, when all of it is there. `install-deps.sh build` leaves out what only the tests need.
set -euo pipefail

build_packages=(
  g++ cmake ninja-build ccache mold pkg-config git ca-certificates make
  libcaf-dev libboost-dev libpqxx-dev nlohmann-json3-dev libspdlog-dev libfmt-dev
  libtomlplusplus-dev libcli11-dev libsqlite3-dev libssl-dev zlib1g-dev libjemalloc-dev tzdata
)
test_packages=(python3 postgresql catch2 libhowardhinnant-date-dev curl jq procps clang-format clang-tidy clang
  libclang-rt-14-dev)

packages=("${build_packages[@]}" "${test_packages[@]}")
if [[ "${1:-all}" == build ]]; then
  packages=("${build_packages[@]}" catch2 libhowardhinnant-date-dev)
fi

missing=()
for package in "${packages[@]}"; do
  if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$'; then
    missing+=("$package")
  fi
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null || {
    echo "install-deps: needs root or sudo to install: ${missing[*]}" >&2
    exit 77
  }
  as_root=(sudo)
fi
echo "install-deps: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
