# shellcheck shell=bash
# The stack's nginx, and the checks of the app's nginx.conf.

# buildpack.yml may ask for a version: "mainline" and "stable" are what the stack has.
check_version() {
  local version wanted=""
  version="$(nginx -v 2>&1 | sed -n 's|.*nginx/\([0-9.]*\).*|\1|p')"
  if [ -f "$BUILD_DIR/buildpack.yml" ]; then
    wanted="$(sed -n '/^nginx:/,/^[^ #]/s/^ *version: *["'\'']\{0,1\}\([A-Za-z0-9.]*\).*/\1/p' "$BUILD_DIR/buildpack.yml" | head -n 1)"
  fi
  case "$wanted" in
    '' | mainline | stable | default) ;;
    *)
      case "$version." in
        "${wanted%.x}".*) ;;
        *) fail "buildpack.yml asks for nginx $wanted, the stack has $version. Ask for mainline, or use the official nginx_buildpack." ;;
      esac
      ;;
  esac
  info "Using nginx $version of the stack"
}

check_conf() {
  if [ ! -f "$BUILD_DIR/nginx.conf" ]; then fail "nginx.conf file must be present at the app root."; fi
  # The port may stand in a file that nginx.conf includes.
  if ! grep -rqE --include='*.conf' '\{\{ *port *\}\}' "$BUILD_DIR"; then
    fail "The listen port value in nginx.conf must be configured to the template \`{{port}}\`."
  fi
  if grep -qE '^[[:space:]]*access_log[[:space:]]+off' "$BUILD_DIR/nginx.conf"; then
    warn "access logging is turned off in your nginx.conf file, this may make your app difficult to debug."
  fi
  # Variables of the app are known in staging; what only a running app has is not part of a check.
  local work
  work="$(mktemp -d)"
  cp -R "$BUILD_DIR/." "$work"
  if ! (cd "$work" && HOME="$work" TMPDIR="$work" PORT=8080 nginx-app -t >"$work/check.log" 2>&1); then
    sed "s|$work/||g" "$work/check.log" >&2
    fail "nginx.conf contains syntax errors: see above."
  fi
  rm -rf "$work"
}
