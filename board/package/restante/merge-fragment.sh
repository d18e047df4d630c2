#!/bin/sh
# merge-fragment.sh CONFIG FRAGMENT: the fragment's lines take the place of the configuration's own.
# For busybox, whose configurator does not read a fragment by itself.
set -eu

config=$1
fragment=$2
awk '
    # CONFIG_X=y or "# CONFIG_X is not set": the name in either form
    { name = $0; sub(/^# /, "", name); sub(/[ =].*/, "", name) }
    NR == FNR { if (/^CONFIG_/) { wanted[name] = $0 } next }
    !(name in wanted) { print }
    END { for (name in wanted) if (wanted[name] !~ /=n$/) print wanted[name] }
' "$fragment" "$config" >"$config.merged"
mv "$config.merged" "$config"
