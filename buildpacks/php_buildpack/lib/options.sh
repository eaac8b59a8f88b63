# shellcheck shell=bash disable=SC2034 # what the scripts read
# .bp-config/options.json, as the official buildpack reads it. Comments are not JSON, here as there.

read_options() {
  local file="$BUILD_DIR/.bp-config/options.json" description
  description="$(php -n -r '
    $file = $argv[1];
    $options = [];
    if (is_file($file)) {
      $options = json_decode(file_get_contents($file), true);
      if (!is_array($options)) { fwrite(STDERR, json_last_error_msg() . "\n"); exit(1); }
    }
    $known = ["WEB_SERVER" => "nginx", "WEBDIR" => "htdocs", "LIBDIR" => "lib", "PHP_VERSION" => "", "PHP_EXTENSIONS" => [],
      "COMPOSER_VENDOR_DIR" => "", "COMPOSER_INSTALL_OPTIONS" => ["--no-interaction", "--no-dev", "--no-progress"], "APP_START_CMD" => ""];
    foreach ($known as $name => $default) {
      $value = $options[$name] ?? $default;
      if (is_array($value)) { $value = implode(" ", array_map("strval", $value)); }
      echo $name, "=", "\x27", str_replace("\x27", "\x27\\\x27\x27", (string) $value), "\x27\n";
    }
  ' "$file")" || fail ".bp-config/options.json cannot be read as JSON: see above."
  eval "$description"
  case "/$WEBDIR/$LIBDIR/" in *'/../'*) fail "WEBDIR and LIBDIR must lie in the app." ;; esac
  if [ "$WEB_SERVER" = httpd ]; then
    warn "WEB_SERVER asks for httpd, which this buildpack does not have: nginx serves the app, without .htaccess."
  fi
}

check_php() {
  local version wanted="$PHP_VERSION"
  version="$(php -n -r 'echo PHP_VERSION;')"
  case "$wanted" in
    '' | '{PHP_DEFAULT}' | '{PHP_'*'_LATEST}') ;;
    *)
      case "$version." in
        "${wanted%.x}".*) ;;
        *) fail "options.json asks for PHP $wanted, the stack has $version. Change or remove PHP_VERSION, or use the official php_buildpack." ;;
      esac
      ;;
  esac
  info "Using php $version of the stack"
}
