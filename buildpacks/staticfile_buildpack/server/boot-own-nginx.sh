#!/bin/bash
# Starts nginx with the app's own nginx.conf: placeholders are filled in as the original does, and what nginx needs to run
# without root is added where the file leaves it out.
set -eu
export PATH="$PATH:/usr/sbin" APP_ROOT="$HOME"
conf="$HOME/nginx/conf/nginx.started.conf"
mkdir -p "$TMPDIR/nginx" "$HOME/nginx/logs"
ln -sf /dev/stdout "$HOME/nginx/logs/access.log"
ln -sf /dev/stderr "$HOME/nginx/logs/error.log"
sed -e "s|((PORT))|$PORT|g" -e "s|((APP_ROOT))|$HOME|g" -e "s|((LISTEN_DIRECTIVE))|listen $PORT;|g" -e 's|((FORCE_HTTPS_DIRECTIVE))||g' \
  -e "s|<%= *ENV\[[\"']PORT[\"']\] *%>|$PORT|g" -e "s|<%= *ENV\[[\"']APP_ROOT[\"']\] *%>|$HOME|g" "$HOME/nginx/conf/nginx.conf" >"$conf"
folders=""
for kind in client_body proxy fastcgi uwsgi scgi; do
  grep -q "${kind}_temp_path" "$conf" || folders+=" ${kind}_temp_path \"$TMPDIR/nginx/$kind\";"
done
sed -i "s|^[[:space:]]*http[[:space:]]*{|&$folders|" "$conf"
directives=""
# A configuration that says these itself would name them twice.
grep -qE '^[[:space:]]*daemon[[:space:]]' "$conf" || directives+=" daemon off;"
grep -qE '^[[:space:]]*pid[[:space:]]' "$conf" || directives+=" pid $TMPDIR/nginx/nginx.pid;"
exec nginx -e stderr -p "$HOME/nginx" -c "$conf" -g "$directives"
