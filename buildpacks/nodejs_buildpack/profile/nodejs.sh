# shellcheck shell=bash
# Sourced when the app starts, as every variable here may be set by the app's owner first.
if [ -x /opt/node/bin/node ]; then
  export NODE_HOME="${NODE_HOME:-/opt/node}"
  case ":$PATH:" in
    *:/opt/node/bin:*) ;;
    *) export PATH="$PATH:/opt/node/bin" ;;
  esac
fi
export NODE_ENV="${NODE_ENV:-production}"

# Megabytes of this process, out of MEMORY_LIMIT=256m.
if [ -z "${MEMORY_AVAILABLE:-}" ] && [ -n "${MEMORY_LIMIT:-}" ]; then
  export MEMORY_AVAILABLE="${MEMORY_LIMIT%[mM]}"
fi
export WEB_MEMORY="${WEB_MEMORY:-512}"
export WEB_CONCURRENCY="${WEB_CONCURRENCY:-1}"
if [ "${OPTIMIZE_MEMORY:-}" = true ] && [ -n "${MEMORY_AVAILABLE:-}" ]; then
  export NODE_OPTIONS="${NODE_OPTIONS:+$NODE_OPTIONS }--max_old_space_size=$((MEMORY_AVAILABLE * 75 / 100))"
fi

# npm runs scripts by sh, which stays between npm and the app: SIGTERM ends it, and the app never hears of it. bash gives
# its place to the app, so that `npm start` stops gracefully.
export npm_config_script_shell="${npm_config_script_shell:-/bin/bash}"
