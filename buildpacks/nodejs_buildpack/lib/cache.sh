# shellcheck shell=bash disable=SC2034,SC2154 # what describe_app sets, and what packages.sh reads
# The package managers' cache, and folders that an app's build finds again at its next staging: cacheDirectories of package.json.

# NODE_MODULES_CACHE=false: what the last staging left counts for nothing, and this one leaves nothing.
prepare_cache() {
  if [ "${NODE_MODULES_CACHE:-true}" = false ]; then
    info "NODE_MODULES_CACHE is false: the cache is not used"
    rm -rf "${CACHE_DIR:?}"/*
    CACHE_DIR="$(mktemp -d)"
  fi
  # Asked now: a Node or yarn of the app's own fills the cache before its packages do.
  NPM_CACHE_STATE="$(tell_cache "$CACHE_DIR/npm" npm)"
}

restore_cached_folders() {
  local folder number=0
  while IFS= read -r folder; do
    number=$((number + 1))
    if [ -z "$folder" ] || [ ! -d "$CACHE_DIR/folders/$number" ]; then continue; fi
    if [ -e "$folder" ]; then
      info "$folder came with the app: it is not restored from the cache"
    else
      info "Restoring $folder from the cache"
      mkdir -p "$(dirname "$folder")"
      mv "$CACHE_DIR/folders/$number" "$folder"
    fi
  done <<<"$CACHED_FOLDERS"
}

# They stay in the droplet as well: the app may read them.
save_cached_folders() {
  local folder number=0
  rm -rf "$CACHE_DIR/folders"
  while IFS= read -r folder; do
    number=$((number + 1))
    if [ -z "$folder" ] || [ ! -d "$folder" ]; then continue; fi
    mkdir -p "$CACHE_DIR/folders"
    cp -a "$folder" "$CACHE_DIR/folders/$number"
  done <<<"$CACHED_FOLDERS"
}
