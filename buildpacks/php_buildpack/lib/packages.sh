# shellcheck shell=bash disable=SC2153 # what read_options sets
# PHP's settings for staging and run time, and the app's packages.

# write_php_settings FOLDER: every extension of the stack is loaded, whatever the stack's own settings in /etc say; the
# app's own files in .bp-config/php/php.ini.d come after.
write_php_settings() {
  local folder extension name
  mkdir -p "$1"
  folder="$(php -n -r 'echo ini_get("extension_dir");')"
  {
    printf 'expose_php = Off\nlog_errors = On\nerror_log = /dev/stderr\ndisplay_errors = Off\nvariables_order = EGPCS\n'
    printf 'date.timezone = UTC\n'
    # Others build on these.
    for name in mysqlnd dom pdo xml; do
      if [ -f "$folder/$name.so" ]; then printf 'extension=%s\n' "$name"; fi
    done
    for extension in "$folder"/*.so; do
      name="${extension##*/}"
      case "${name%.so}" in
        mysqlnd | dom | pdo | xml) ;;
        opcache | xdebug) printf 'zend_extension=%s\n' "${name%.so}" ;;
        *) printf 'extension=%s\n' "${name%.so}" ;;
      esac
    done
  } >"$1/10-stack.ini"
  for extension in "$BUILD_DIR"/.bp-config/php/php.ini.d/*.ini; do
    if [ -f "$extension" ]; then cp "$extension" "$1/20-${extension##*/}"; fi
  done
  export PHP_INI_SCAN_DIR="$1"
  for name in $PHP_EXTENSIONS; do
    if ! php -m | grep -qix "$name"; then warn "PHP_EXTENSIONS asks for $name, which the stack does not have."; fi
  done
}

install_packages() {
  local composer=(php) vendor="${COMPOSER_VENDOR_DIR:-$LIBDIR/vendor}" options
  vendor="${vendor//\{BUILD_DIR\}\//}"
  vendor="${vendor//\{LIBDIR\}/$LIBDIR}"
  if [ -f "$BUILD_DIR/composer.phar" ]; then
    composer+=("$BUILD_DIR/composer.phar")
  else
    use_toolchain php composer "php-cli, php-fpm and composer"
    composer+=("$(command -v composer)")
  fi
  if [ ! -f "$BUILD_DIR/composer.lock" ]; then
    warn "There is no composer.lock: the versions of packages are chosen anew at every staging."
  fi
  read -ra options <<<"$COMPOSER_INSTALL_OPTIONS"
  tell_cache "$CACHE_DIR/composer" Composer
  info "Running: composer install ${options[*]} (into $vendor)"
  # Wide, for Composer breaks what it says at the width of the terminal, in the middle of words.
  if ! (cd "$BUILD_DIR" && COLUMNS=400 COMPOSER_HOME="$CACHE_DIR/composer-home" COMPOSER_CACHE_DIR="$CACHE_DIR/composer" \
    COMPOSER_VENDOR_DIR="$vendor" COMPOSER_NO_INTERACTION=1 "${composer[@]}" install --no-ansi "${options[@]}" 2>&1 | sed 's/^/       /'); then
    fail "composer install failed: see above."
  fi
}
