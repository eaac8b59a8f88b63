# shellcheck shell=bash
# The app's Staticfile: its settings, checked, and the files that are served.

# read_staticfile FILE: one line a setting, "key TAB value"; the entries of status_codes as "status_codes.404 TAB /404.html".
# A Staticfile is a small YAML file: `key: value` lines and the one nested map.
read_staticfile() {
  awk '
    { sub(/\r$/, "") }
    /^[ \t]*(#|$)/ || /^---/ || /^\.\.\./ { next }
    {
      if (!match($0, /^[ \t]*["\047]?[A-Za-z0-9_]+["\047]?[ \t]*:/)) bad()
      nested = ($0 ~ /^[ \t]/)
      key = substr($0, 1, RLENGTH - 1); gsub(/["\047 \t]/, "", key)
      value = substr($0, RLENGTH + 1)
      sub(/[ \t]+#.*$/, "", value); gsub(/^[ \t]+|[ \t]+$/, "", value)
      if (value ~ /^".*"$/ || value ~ /^\047.*\047$/) value = substr(value, 2, length(value) - 2)
      if (nested && parent == "") bad()
      if (!nested) parent = (value == "") ? key : ""
      if (value != "") print (nested ? parent "." key : key) "\t" value
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
        if [[ ! ${key#*.} =~ ^[345][0-9][0-9]$ || ! $value =~ ^/[A-Za-z0-9._/-]*$ ]]; then
          fail "status_codes: expected a line such as \"404: /404.html\", found \"${key#*.}: $value\"."
        fi
        ;;
      location_include)
        if [[ ! $value =~ ^[A-Za-z0-9._/*-]+$ ]]; then fail "location_include: \"$value\" is not a path below nginx/conf."; fi
        ;;
      directory | ssi | pushstate | host_dot_files | force_https) info "Setting $key: $value" ;;
      http_strict_transport_security | http_strict_transport_security_include_subdomains | http_strict_transport_security_preload)
        info "Setting $key: $value"
        ;;
      enable_http2) warn "enable_http2 has no effect: the router speaks HTTP/1.1 to apps." ;;
      *) warn "Staticfile: \"$key\" is not a setting of this buildpack; it is ignored." ;;
    esac
  done <"$SETTINGS"
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
