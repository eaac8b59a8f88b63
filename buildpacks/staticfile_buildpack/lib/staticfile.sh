# shellcheck shell=bash
# The app's Staticfile: its settings, checked, and the files that are served.

# read_staticfile FILE: one line a setting, "key TAB value"; the entries of status_codes as "status_codes.404 TAB /404.html".
# A Staticfile is a small YAML file: `key: value` lines and the one nested map, below its key or in braces.
read_staticfile() {
  awk '
    { sub(/\r$/, "") }
    /^[ \t]*(#|$)/ || /^---/ || /^\.\.\./ { next }
    {
      if (!match($0, /^[ \t]*["\047]?[A-Za-z0-9_ ]+["\047]?[ \t]*:/)) bad()
      nested = ($0 ~ /^[ \t]/)
      key = substr($0, 1, RLENGTH - 1); gsub(/["\047\t]/, "", key); gsub(/^ +| +$/, "", key)
      value = substr($0, RLENGTH + 1)
      sub(/[ \t]+#.*$/, "", value); gsub(/^[ \t]+|[ \t]+$/, "", value)
      if (value ~ /^".*"$/ || value ~ /^\047.*\047$/) value = substr(value, 2, length(value) - 2)
      if (nested && parent == "") bad()
      if (!nested) parent = (value == "") ? key : ""
      if (value ~ /^\{.*\}$/) braces(key, substr(value, 2, length(value) - 2))
      else if (value != "") print (nested ? parent "." key : key) "\t" value
    }
    function braces(parent, text,  count, entries, number, part) {
      count = split(text, entries, ",")
      for (number = 1; number <= count; number++) {
        if (split(entries[number], part, ":[ \t]*") != 2) bad()
        gsub(/["\047 \t]/, "", part[1]); gsub(/^[ \t"\047]+|[ \t"\047]+$/, "", part[2])
        print parent "." part[1] "\t" part[2]
      }
    }
    function bad() {
      printf "       **ERROR** Staticfile, line %d: expected \"key: value\", found \"%s\"\n", NR, $0 > "/dev/stderr"
      exit 1
    }
  ' "$1"
}

# setting KEY: its value, empty if it is not set.
setting() { awk -F '\t' -v key="$1" '$1 == key { value = $2 } END { printf "%s", value }' "$SETTINGS"; }

# is_on KEY: the official buildpack writes true in some settings and enabled or visible in others.
is_on() {
  case "$(setting "$1")" in
    true | enabled | visible | yes | on) return 0 ;;
    *) return 1 ;;
  esac
}

# The original takes any value of this one.
lists_directories() {
  case "$(setting directory)" in
    '' | false | no | off | disabled) return 1 ;;
    *) return 0 ;;
  esac
}

check_settings() {
  local key value
  while IFS=$'\t' read -r key value; do
    case "$key" in
      root)
        case "/$value/" in *'/../'*) fail "root: \"$value\" leads out of the app." ;; esac
        if [ ! -d "$BUILD_DIR/$value" ]; then
          fail "The application Staticfile specifies a root directory \"$value\" that does not exist."
        fi
        ;;
      status_codes.*)
        if [[ ! ${key#*.} =~ ^([45]xx|[345][0-9][0-9]( [345][0-9][0-9])*)$ || ! $value =~ ^/[A-Za-z0-9._/-]*$ ]]; then
          fail "status_codes: expected a line such as \"404: /404.html\" or \"5xx: /sorry.html\", found \"${key#*.}: $value\"."
        fi
        info "Setting status_codes ${key#*.}: $value"
        ;;
      location_include)
        if [[ ! $value =~ ^[A-Za-z0-9._/*-]+$ ]]; then fail "location_include: \"$value\" is not a path below nginx/conf."; fi
        ;;
      directory | ssi | pushstate | host_dot_files | force_https) info "Setting $key: $value" ;;
      http_strict_transport_security | http_strict_transport_security_include_subdomains | http_strict_transport_security_preload)
        info "Setting $key: $value"
        ;;
      enable_http2) if is_on enable_http2; then warn "enable_http2 has no effect: the router speaks HTTP/1.1 to apps."; fi ;;
      *) warn "Staticfile: \"$key\" is not a setting of this buildpack; it is ignored." ;;
    esac
  done <"$SETTINGS"
  if ! is_on http_strict_transport_security &&
    { is_on http_strict_transport_security_include_subdomains || is_on http_strict_transport_security_preload; }; then
    warn "http_strict_transport_security is not enabled, and without it its include_subdomains and preload do nothing."
  fi
  case "$(setting root)" in
    '' | . | ./)
      if [ -d "$BUILD_DIR/nginx/conf" ] && [ -n "$(ls -A "$BUILD_DIR/nginx/conf")" ]; then
        warn "There is an nginx/conf folder but no root. Its files configure nginx and are not served; what is served belongs in a folder that root names."
      fi
      ;;
  esac
}

# nginx of the stack, else a server in Node; STATICFILE_SERVER=nginx or node decides for you.
choose_server() {
  if [ -d /usr/sbin ]; then export PATH="$PATH:/usr/sbin"; fi
  if [ -x /opt/node/bin/node ]; then export PATH="/opt/node/bin:$PATH"; fi
  SERVER="${STATICFILE_SERVER:-}"
  if [ -z "$SERVER" ]; then
    if command -v nginx >/dev/null; then SERVER=nginx; else SERVER=node; fi
  fi
  case "$SERVER" in
    nginx) command -v nginx >/dev/null || fail "There is no nginx in this stack." ;;
    node)
      command -v node >/dev/null || fail "There is neither nginx nor node in this stack: nothing can serve the files."
      if is_on ssi; then fail "ssi needs nginx, which is not in this stack."; fi
      if [ -n "$(setting location_include)" ]; then fail "location_include needs nginx, which is not in this stack."; fi
      if [ -f "$BUILD_DIR/$(setting root)/nginx.conf" ]; then fail "The app's own nginx.conf needs nginx, which is not in this stack."; fi
      ;;
    *) fail "STATICFILE_SERVER must be nginx or node, not \"$SERVER\"." ;;
  esac
  info "Using $SERVER of the stack: $(server_version)"
}

server_version() {
  if [ "$SERVER" = nginx ]; then nginx -v 2>&1 | sed 's|.*/||'; else node --version; fi
}

# What is served lies in public; what configures the app stays out of it.
move_into_public() {
  local root file served="$BUILD_DIR/.staticfile-public"
  root="$(setting root)"
  mkdir "$served"
  shopt -s dotglob nullglob
  for file in "$BUILD_DIR/${root:-.}"/*; do
    case "${file##*/}" in
      Staticfile | Staticfile.auth | manifest.yml | Procfile | .profile | .profile.d | .cloudfoundry | .cfignore) ;;
      nginx | .staticfile-public | boot.sh) ;;
      *) mv "$file" "$served/" ;;
    esac
  done
  shopt -u dotglob nullglob
  # Present only if a root was given: a folder of that name beside it is not what is served.
  rm -rf "$BUILD_DIR/public"
  mv "$served" "$BUILD_DIR/public"
}

# Both may lie among the served files, where the original looks for them.
take_own_configuration() {
  if [ -f "$BUILD_DIR/public/mime.types" ]; then
    info "Using the app's own mime.types"
    mv "$BUILD_DIR/public/mime.types" "$BUILD_DIR/nginx/conf/mime.types"
  fi
  if [ ! -f "$BUILD_DIR/public/nginx.conf" ]; then return 1; fi
  warn "The app's own nginx.conf replaces what Staticfile and Staticfile.auth say; nginx_buildpack is the better place for it."
  mv "$BUILD_DIR/public/nginx.conf" "$BUILD_DIR/nginx/conf/nginx.conf"
}
