# shellcheck shell=bash
# write_nginx_conf: nginx.conf on standard output. @HOME@, @TMPDIR@ and @PORT@ are filled in by boot.sh, which also
# removes "#FORCE_HTTPS " when the app's environment sets FORCE_HTTPS.

# shellcheck disable=SC2016 # $variables are nginx's own
write_nginx_conf() {
  cat <<'CONF'
worker_processes 1;
daemon off;
pid "@TMPDIR@/nginx/nginx.pid";
error_log stderr warn;
events { worker_connections 1024; }

http {
  include "@HOME@/nginx/conf/mime.types";
  default_type application/octet-stream;
  charset utf-8;
  charset_types text/plain text/css text/xml text/javascript application/javascript application/json image/svg+xml;
  log_format cloudfoundry '$http_x_forwarded_for - $http_referer - [$time_local] "$request" $status $body_bytes_sent';
  access_log /dev/stdout cloudfoundry;
  client_body_temp_path "@TMPDIR@/nginx/body";
  proxy_temp_path "@TMPDIR@/nginx/proxy";
  fastcgi_temp_path "@TMPDIR@/nginx/fastcgi";
  uwsgi_temp_path "@TMPDIR@/nginx/uwsgi";
  scgi_temp_path "@TMPDIR@/nginx/scgi";
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 30;
  server_tokens off;
  absolute_redirect off;
  gzip on;
  gzip_min_length 1100;
  gzip_proxied any;
  gzip_vary on;
  gzip_types text/plain text/css text/xml text/javascript application/javascript application/json application/xml image/svg+xml;
CONF
  # Files that were compressed before the push: app.js.gz is sent as app.js, unpacked for who takes no gzip.
  if has_module http_gzip_static_module && has_module http_gunzip_module; then
    printf '  gzip_static always;\n  gunzip on;\n'
  fi
  cat <<'CONF'

  # A proxy before the router may name the host, and the path, that a browser knows.
  map $http_x_forwarded_host $best_host {
    "~^([^, ]+)" $1;
    default $host;
  }
  map $http_x_forwarded_prefix $best_prefix {
    "~^([^, ]+)" $1;
    default "";
  }

  server {
    listen @PORT@;
    root "@HOME@/public";
    index index.html index.htm Default.htm;
CONF
  local force='#FORCE_HTTPS '
  if is_on force_https; then force=''; fi
  printf '    %sif ($http_x_forwarded_proto !~ "^https") { return 301 https://$best_host$best_prefix$request_uri; }\n' "$force"
  write_hsts
  if [ -f "$BUILD_DIR/Staticfile.auth" ]; then
    printf '    auth_basic "Restricted";\n    auth_basic_user_file "@HOME@/nginx/conf/.htpasswd";\n'
  fi
  write_status_pages
  if ! is_on host_dot_files; then printf '    location ~ /\\. { return 404; }\n'; fi
  printf '    location / {\n'
  if is_on pushstate; then printf '      if (!-e $request_filename) { rewrite ^ /index.html break; }\n'; fi
  if lists_directories; then printf '      autoindex on;\n'; fi
  if is_on ssi; then printf '      ssi on;\n'; fi
  if [ -n "$(setting location_include)" ]; then
    printf '      include "@HOME@/nginx/conf/%s";\n' "$(setting location_include)"
  fi
  printf '    }\n  }\n}\n'
}

has_module() { nginx -V 2>&1 | grep -q -- "--with-$1"; }

# What nginx can answer with, of the original's groups.
write_status_pages() {
  awk -F '\t' '
    $1 ~ /^status_codes\./ {
      sub(/^status_codes\./, "", $1)
      if ($1 == "4xx") $1 = "400 401 402 403 404 405 406 408 409 410 411 412 413 414 415 416 417 421 422 423 424 426 428 429 431 451"
      if ($1 == "5xx") $1 = "500 501 502 503 504 505 507 508"
      printf "    error_page %s %s;\n", $1, $2
    }' "$SETTINGS"
}

write_hsts() {
  local value="max-age=31536000"
  if ! is_on http_strict_transport_security; then return; fi
  if is_on http_strict_transport_security_include_subdomains; then value="$value; includeSubDomains"; fi
  if is_on http_strict_transport_security_preload; then value="$value; preload"; fi
  printf '    add_header Strict-Transport-Security "%s" always;\n' "$value"
}
