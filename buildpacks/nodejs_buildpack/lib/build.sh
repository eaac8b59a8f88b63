# shellcheck shell=bash disable=SC2154 # what describe_app sets
# The app's own scripts, and what is left out of the droplet after them.

# As in Cloud Foundry a script named build is not run; BP_NODE_RUN_SCRIPTS (Paketo's variable) names those that are.
run_build_scripts() {
  local name names
  run_script heroku-postbuild "$POSTBUILD_SCRIPT"
  if [ -z "${BP_NODE_RUN_SCRIPTS:-}" ]; then
    if [ -n "$BUILD_SCRIPT" ] && [ -z "$POSTBUILD_SCRIPT" ] && [ -z "$PREBUILD_SCRIPT" ]; then
      info "The script \"build\" of package.json is not run. If the app needs it: cf set-env APP BP_NODE_RUN_SCRIPTS build,"
      info "or add \"heroku-postbuild\": \"npm run build\" to its scripts, and push again."
    fi
    return
  fi
  IFS=', ' read -ra names <<<"$BP_NODE_RUN_SCRIPTS"
  for name in ${names[@]+"${names[@]}"}; do run_script "$name" yes; done
  if ! keeps_development_packages && [ "$HAS_DEVELOPMENT_PACKAGES" = yes ]; then prune_packages; fi
}

prune_packages() {
  info "Taking the packages of devDependencies out of the droplet"
  if [ -f yarn.lock ]; then
    case "$(yarn --version)" in
      1.*) yarn install --production --frozen-lockfile --ignore-scripts --offline --cache-folder "$CACHE_DIR/yarn" --silent || fail "yarn could not take out devDependencies: see above." ;;
      *) prune_with_later_yarn ;;
    esac
  elif [ -f pnpm-lock.yaml ] && ! has_npm_lock; then
    CI=true pnpm prune --prod --ignore-scripts --store-dir "$CACHE_DIR/pnpm" >/dev/null || fail "pnpm could not take out devDependencies: see above."
  else
    npm prune --omit=dev --no-audit --no-fund --no-update-notifier --logs-max=0 --ignore-scripts --loglevel=error --cache "$CACHE_DIR/npm" >/dev/null ||
      fail "npm could not take out devDependencies: see above."
  fi
}

# run_script NAME TEXT: nothing where there is no such script.
run_script() {
  if [ -z "$2" ]; then return; fi
  info "Running $1 (npm)"
  indented npm run --silent "$1" || {
    if [ "$HAS_DEVELOPMENT_PACKAGES" = yes ] && ! wants_development_packages; then
      warn "The packages of devDependencies are not installed. If the script needs them: cf set-env APP NPM_CONFIG_PRODUCTION false"
    fi
    fail "The script \"$1\" of package.json failed: see above."
  }
}
