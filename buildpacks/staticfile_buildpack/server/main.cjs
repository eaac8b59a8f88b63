// Serves the app's files where the stack has no nginx. Behaves as our nginx.conf does; both pass the same tests.
"use strict";
const { readFileSync } = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { readSettings } = require("./settings.cjs");
const { createHandler } = require("./handler.cjs");

const home = process.argv[2];
const settings = readSettings(path.join(home, "nginx", "conf"), process.env, readFileSync);
const server = http.createServer(createHandler(path.join(home, "public"), settings));

server.listen(Number(process.env.PORT), "0.0.0.0");
process.on("SIGTERM", () => {
  server.close();
  server.closeIdleConnections();
});
