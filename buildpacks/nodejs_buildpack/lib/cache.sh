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
  keep_npm_index
}

# npm notes every use of a package in the index of its cache, which so would be another one, and longer, after each staging.
# Where no new package has come it is put back as it was: the same cache need not be stored again.
keep_npm_index() {
  KEPT_INDEX="" KEPT_CONTENT="$(npm_content)"
  if [ ! -d "$CACHE_DIR/npm/_cacache/index-v5" ]; then return; fi
  KEPT_INDEX="$(mktemp -d)"
  cp -a "$CACHE_DIR/npm/_cacache/index-v5" "$KEPT_INDEX/"
  touch -r "$CACHE_DIR/npm/_cacache" "$KEPT_INDEX/time"
}

put_back_npm_index() {
  rm -rf "$CACHE_DIR/npm/_cacache/tmp"
  if [ -z "$KEPT_INDEX" ] || [ "$(npm_content)" != "$KEPT_CONTENT" ]; then return; fi
  rm -rf "$CACHE_DIR/npm/_cacache/index-v5"
  mv "$KEPT_INDEX/index-v5" "$CACHE_DIR/npm/_cacache/"
  touch -r "$KEPT_INDEX/time" "$CACHE_DIR/npm/_cacache"
}

# Its files are named by what is in them.
npm_content() {
  if [ -d "$CACHE_DIR/npm/_cacache/content-v2" ]; then find "$CACHE_DIR/npm/_cacache/content-v2" -type f | sort | sha256sum; fi
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
