#!/bin/sh
# passwords.sh FILE...: put a password into each that has none yet.
#
# Those who read them are other users, each in its own container, into which only its own file's folder is mounted.
set -eu
umask 022
for file; do
    [ -s "$file" ] && continue
    head -c 18 /dev/urandom | base64 >"$file.new"
    mv "$file.new" "$file"
done
