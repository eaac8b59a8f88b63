# shellcheck shell=bash disable=SC2153 # what read_options sets
# The web folder, and the settings of php-fpm and nginx, which are filled in when the app starts.

find_fpm() {
  local candidate
  for candidate in php-fpm /opt/php/sbin/php-fpm /usr/sbin/php-fpm[0-9]*; do
    if command -v "$candidate" 2>/dev/null; then return 0; fi
  done
  return 1
}

# Where the app has no such folder, everything but what configures the app is put into one.
prepare_web_folder() {
  local entry web="$BUILD_DIR/.php-served"
  if [ -d "$BUILD_DIR/$WEBDIR" ]; then return; fi
  mkdir -p "$web"
  shopt -s dotglob nullglob
  for entry in "$BUILD_DIR"/*; do
    case "${entry##*/}" in
      .bp-config | .bp | .extensions | .php-served | .profile | .profile.d | Procfile | manifest.yml | "${LIBDIR%%/*}" | vendor) ;;
      composer.json | composer.lock | composer.phar | .cfignore | .git | .cloudfoundry) ;;
      *) mv "$entry" "$web/" ;;
    esac
  done
  shopt -u dotglob nullglob
  mkdir -p "$(dirname "$BUILD_DIR/$WEBDIR")"
  mv "$web" "$BUILD_DIR/$WEBDIR"
  info "The app has no folder $WEBDIR: its files were moved there"
}

# shellcheck disable=SC2016 # $variables are nginx's and the launcher's own
write_web_settings() {
  local folder="$BUILD_DIR/.php-web" file
  mkdir -p "$folder/fpm.d"
  # Without any file php-fpm would warn.
  cp "$BUILDPACK_DIR/launch/own-pool.conf" "$folder/fpm.d/00-none.conf"
  for file in "$BUILD_DIR"/.bp-config/php/fpm.d/*.conf; do
    if [ -f "$file" ]; then cp "$file" "$folder/fpm.d/"; fi
  done
  cp "$BUILDPACK_DIR/launch/mime.types" "$folder/mime.types"
  sed "s|@WEBDIR@|$WEBDIR|g" "$BUILDPACK_DIR/launch/nginx.conf" >"$folder/nginx.conf"
  cp "$BUILDPACK_DIR/launch/php-fpm.conf" "$folder/php-fpm.conf"
}

# shellcheck disable=SC2016 # expanded when the app starts
write_php_profile() {
  printf 'export PHP_INI_SCAN_DIR="$DEPS_DIR/%s/php"\n' "$INDEX"
  printf 'if [ -d /opt/php/bin ]; then export PATH="$PATH:/opt/php/bin"; fi\n'
}
