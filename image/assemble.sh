#!/bin/sh
# Picks from a Debian what Node needs: `assemble.sh <node> <folder>` fills the folder with the shared libraries that this Node
# names, the trust store, a user database and the records of the packages all that came from (for scanners and for the SBOM).
set -eu
node=$1 out=$2

missing=
for package in libstdc++6 libatomic1 ca-certificates; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
  apt-get update
  # shellcheck disable=SC2086
  apt-get install --yes --no-install-recommends $missing
fi

mkdir -p "$out/bin" "$out/etc/ssl/certs" "$out/usr/bin" "$out/var/lib/dpkg/status.d"

libraries=$(ldd "$node" | awk '$3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }')
packages=ca-certificates
for library in $libraries; do
  mkdir -p "$out$(dirname "$library")"
  cp --dereference "$library" "$out$library"
  # Debian's records name the file with or without /usr in front, and never a symbolic link to it.
  real=$(readlink -f "$library")
  owner=$(dpkg-query -S "$real" "${real#/usr}" "$library" 2>/dev/null | head -n 1 | cut -d : -f 1)
  packages="$packages $owner"
done

for package in $(printf '%s\n' $packages | sort -u); do
  dpkg-query -s "$package" >"$out/var/lib/dpkg/status.d/$package"
  mkdir -p "$out/usr/share/doc/$package"
  cp --dereference "/usr/share/doc/$package/copyright" "$out/usr/share/doc/$package/"
done

cp --dereference /etc/ssl/certs/ca-certificates.crt "$out/etc/ssl/certs/"
cp --dereference /etc/os-release "$out/etc/os-release"
echo 'hosts: files dns' >"$out/etc/nsswitch.conf"
printf '%s\n' 'root:x:0:0:root:/:/sbin/nologin' 'nobody:x:65534:65534:nobody:/:/sbin/nologin' >"$out/etc/passwd"
printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$out/etc/group"
ln -s /app/external-secrets.mjs "$out/bin/external-secrets"
