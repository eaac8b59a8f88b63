// What the buildpack's finalize left for the server: settings, media types, users.
"use strict";
const path = require("node:path");

function readSettings(directory, env, readFile) {
  const lines = readFile(path.join(directory, "staticfile.settings"), "utf8").split("\n");
  const values = new Map(lines.filter((line) => line !== "").map((line) => line.split("\t")));
  const isOn = (key) => ["true", "enabled", "visible", "yes", "on"].includes(values.get(key));
  const statusPages = new Map();
  for (const [key, value] of values) {
    if (!key.startsWith("status_codes.")) continue;
    for (const status of statusesOf(key.slice("status_codes.".length))) statusPages.set(status, value);
  }
  return {
    forceHttps: isOn("force_https") || (env.FORCE_HTTPS ?? "") !== "",
    strictTransportSecurity: isOn("http_strict_transport_security") ? hsts(isOn) : undefined,
    hostDotFiles: isOn("host_dot_files"),
    pushState: isOn("pushstate"),
    listDirectories: !["", "false", "no", "off", "disabled"].includes(values.get("directory") ?? ""),
    statusPages,
    mediaTypes: readMediaTypes(readFile(path.join(directory, "mime.types"), "utf8")),
    users: readUsers(directory, readFile),
  };
}

/** "404", "404 410", or a group: "4xx". */
function statusesOf(key) {
  const group = /^([45])xx$/.exec(key);
  if (group === null) return key.split(" ").map(Number);
  return Array.from({ length: 100 }, (_, index) => Number(group[1]) * 100 + index);
}

function hsts(isOn) {
  return [
    "max-age=31536000",
    ...(isOn("http_strict_transport_security_include_subdomains") ? ["includeSubDomains"] : []),
    ...(isOn("http_strict_transport_security_preload") ? ["preload"] : []),
  ].join("; ");
}

/** nginx's format: `type extension extension;` lines. */
function readMediaTypes(source) {
  const types = new Map();
  for (const [, type, extensions] of source.matchAll(/^\s*([\w.+-]+\/[\w.+-]+)\s+([^;]+);/gm)) {
    for (const extension of extensions.trim().split(/\s+/)) types.set(`.${extension}`, type);
  }
  return types;
}

function readUsers(directory, readFile) {
  let source;
  try {
    source = readFile(path.join(directory, ".htpasswd"), "utf8");
  } catch {
    return undefined; // No Staticfile.auth: everyone may read.
  }
  const entries = source.split(/\r?\n/).filter((line) => /^[^#:]+:/.test(line));
  return new Map(entries.map((line) => [line.split(":")[0], line.slice(line.indexOf(":") + 1)]));
}

module.exports = { readSettings };
