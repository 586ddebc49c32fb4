#!/usr/bin/env bash
# Lists the C++ sources of this repository, one a line.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp'
