# shellcheck shell=bash disable=SC2154 # what describe_app sets
# The app's packages: npm, yarn or pnpm, from the cache of the last staging where possible.

install_packages() {
  local vendored=""
  cd "$BUILD_DIR" || fail "Cannot enter the folder of the app."
  if [ -d node_modules ] && [ "$(ls -A node_modules)" ]; then vendored=yes; fi
  restore_cached_folders
  allow_package_scripts
  run_script heroku-prebuild "$PREBUILD_SCRIPT"
  if [ -f yarn.lock ]; then
    install_with_yarn
  elif [ -n "$vendored" ]; then
    rebuild_vendored
  elif [ -f pnpm-lock.yaml ] && ! has_npm_lock; then
    install_with_pnpm
  elif needs_install; then
    install_with_npm
  else
    info "package.json asks for no packages: nothing to install"
  fi
  run_build_scripts
  save_cached_folders
}

# From npm 12 on, packages build their native parts only where the app has approved of their scripts. The npm that comes with
# Node, which official buildpacks take, still runs them all; an app that has a list of its own is asked for no other.
allow_package_scripts() {
  local version="$NPM_VERSION"
  if grep -qs '"allowScripts"' package.json || grep -qsE '^(allow-scripts|strict-allow-scripts|ignore-scripts)' .npmrc; then return; fi
  if [ "$NODE_FITS" = no ] || [ "$NPM_FITS" = no ]; then version="$(npm --version)"; fi
  if [ "${version%%.*}" -ge 12 ]; then export npm_config_dangerously_allow_all_scripts=true; fi
}

has_npm_lock() { [ -f package-lock.json ] || [ -f npm-shrinkwrap.json ]; }

# Without packages, and scripts that installing would run, no network is touched.
needs_install() {
  [ "$HAS_PACKAGES" = yes ] || { [ "$HAS_DEVELOPMENT_PACKAGES" = yes ] && wants_development_packages; }
}

# They stay in the droplet where NODE_ENV or NPM_CONFIG_PRODUCTION ask for them; for BP_NODE_RUN_SCRIPTS alone they are
# taken out again.
wants_development_packages() { keeps_development_packages || [ -n "${BP_NODE_RUN_SCRIPTS:-}" ]; }

keeps_development_packages() {
  [ "$NODE_ENV" != production ] || [ "${NPM_CONFIG_PRODUCTION:-true}" = false ]
}

npm_options() {
  printf '%s\n' --no-audit --no-fund --no-update-notifier --logs-max=0 --loglevel=warn --prefer-offline --cache "$CACHE_DIR/npm"
  if wants_development_packages; then echo --include=dev; fi
}

install_with_npm() {
  local options
  mapfile -t options < <(npm_options)
  echo "$NPM_CACHE_STATE"
  mkdir -p "$CACHE_DIR/npm"
  if has_npm_lock; then
    info "Installing node modules (package.json + lock file): npm ci"
    indented npm ci "${options[@]}" || fail "npm ci failed: see above. Where the lock file does not fit package.json, npm install on your machine mends it."
  else
    warn "There is no lock file: the versions of packages are chosen anew at every staging. npm install on your machine makes one."
    info "Installing node modules (package.json): npm install"
    indented npm install --no-package-lock "${options[@]}" || fail "npm install failed: see above."
  fi
}

# node_modules that came with the app are used as they are; native parts are built again for this stack.
rebuild_vendored() {
  local options
  mapfile -t options < <(npm_options)
  info "Prebuild detected (node_modules already exists)"
  info "Rebuilding any native modules"
  indented npm rebuild "${options[@]}" || fail "npm rebuild failed: see above."
  if ! npm ls --depth=0 --omit=dev >/dev/null 2>&1; then
    info "Installing what package.json asks for and node_modules lacks"
    indented npm install --no-package-lock "${options[@]}" || fail "npm install failed: see above."
  fi
}

install_with_yarn() {
  local options=(--non-interactive --cache-folder "$CACHE_DIR/yarn" --prefer-offline)
  tell_cache "$CACHE_DIR/yarn" yarn
  info "Installing node modules (yarn.lock)"
  case "$(yarn --version)" in
    1.*) ;;
    *)
      install_with_later_yarn
      return
      ;;
  esac
  if [ -d npm-packages-offline-cache ]; then
    info "Found yarn mirror directory npm-packages-offline-cache: running yarn in offline mode"
    yarn config set yarn-offline-mirror "$BUILD_DIR/npm-packages-offline-cache" >/dev/null
    options+=(--offline)
  fi
  if wants_development_packages; then options+=(--production=false); fi
  indented yarn install --frozen-lockfile "${options[@]}" ||
    fail "yarn install failed: see above. Where yarn.lock does not fit package.json, yarn install on your machine mends it."
}

# From version 2 on. npm start knows nothing of Plug'n'Play, so there is a node_modules unless the app decides otherwise.
install_with_later_yarn() {
  export YARN_GLOBAL_FOLDER="$CACHE_DIR/yarn" YARN_ENABLE_TELEMETRY=0
  if ! grep -qs '^nodeLinker:' .yarnrc.yml; then export YARN_NODE_LINKER=node-modules; fi
  indented yarn install --immutable ||
    fail "yarn install failed: see above. Where yarn.lock does not fit package.json, yarn install on your machine mends it."
  if ! wants_development_packages; then prune_with_later_yarn; fi
}

prune_with_later_yarn() {
  yarn workspaces focus --all --production >/dev/null 2>&1 ||
    warn "This yarn cannot leave out devDependencies (yarn workspaces focus): they stay in the droplet."
}

install_with_pnpm() {
  local options=(--frozen-lockfile --prefer-offline --store-dir "$CACHE_DIR/pnpm" --package-import-method=copy --reporter=append-only)
  tell_cache "$CACHE_DIR/pnpm" pnpm
  info "Installing node modules (pnpm-lock.yaml)"
  if wants_development_packages; then options+=(--prod=false); else options+=(--prod); fi
  CI=true indented pnpm install "${options[@]}" ||
    fail "pnpm install failed: see above. Where pnpm-lock.yaml does not fit package.json, pnpm install on your machine mends it."
}
