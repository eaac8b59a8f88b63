#!/bin/bash
# Starts nginx on the app's files. Everything it writes lies in TMPDIR.
set -eu
export PATH="$PATH:/usr/sbin"
mkdir -p "$TMPDIR/nginx"
force='^$'
if [ -n "${FORCE_HTTPS:-}" ]; then force='#FORCE_HTTPS '; fi
sed -e "s|@HOME@|$HOME|g" -e "s|@TMPDIR@|$TMPDIR|g" -e "s|@PORT@|$PORT|g" -e "s|$force||" \
  "$HOME/nginx/conf/nginx.conf" >"$TMPDIR/nginx/nginx.conf"
exec nginx -e stderr -p "$TMPDIR/nginx" -c "$TMPDIR/nginx/nginx.conf"
