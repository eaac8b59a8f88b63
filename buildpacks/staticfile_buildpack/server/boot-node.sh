#!/bin/bash
# Starts the server in Node on the app's files.
set -eu
if [ -x /opt/node/bin/node ]; then PATH="/opt/node/bin:$PATH"; fi
exec node "$HOME/nginx/main.cjs" "$HOME"
