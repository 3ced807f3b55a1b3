#!/usr/bin/env bash
# Installs the Debian packages that the system tests use. Quick and silent where they are already there.
set -euo pipefail

declare -A package_of=(
    [prometheus]=prometheus
    [promtool]=prometheus
    [chromium]=chromium
    [buildah]=buildah
    [podman]=podman
    [runc]=runc
    [debootstrap]=debootstrap
)

as_root() {
    if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

missing=()
for tool in "${!package_of[@]}"; do
    # debootstrap and runc live in sbin, which is not on every user's PATH.
    PATH="$PATH:/usr/sbin:/sbin" command -v "$tool" >/dev/null || missing+=("${package_of[$tool]}")
done
if [[ ${#missing[@]} -eq 0 ]]; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "the system tests need ${missing[*]}, and this machine has no apt-get to install them" >&2
    exit 1
fi

# The packages start their services when they are installed; this is how Debian is told not to.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
fi

as_root apt-get update --quiet --quiet
as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "${missing[@]}"

# Nor at the next boot: the tests start a server of their own. One that was there before stays as it was.
if [[ " ${missing[*]} " == *" prometheus "* && -d /run/systemd/system ]]; then
    as_root systemctl disable --now prometheus.service
fi
