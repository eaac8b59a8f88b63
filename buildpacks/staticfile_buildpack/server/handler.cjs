// One request: redirect, users, which file, its headers, its bytes. Files are streamed and never left open.
"use strict";
const { createReadStream } = require("node:fs");
const { readdir, stat } = require("node:fs/promises");
const path = require("node:path");
const { pipeline } = require("node:stream/promises");
const { createGzip } = require("node:zlib");
const { passwordMatches } = require("./password.cjs");

const indexes = ["index.html", "index.htm", "Default.htm"];
const compressible = /^(text\/|application\/(javascript|json|xml)$|image\/svg\+xml$)/;
const compressFromBytes = 1100;

function createHandler(root, settings) {
  return (request, response) => {
    const started = new Date();
    response.on("finish", () => log(request, response, started));
    if (settings.strictTransportSecurity !== undefined) {
      response.setHeader("Strict-Transport-Security", settings.strictTransportSecurity);
    }
    answer(root, settings, request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(500).end();
      else response.destroy();
      if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") process.stderr.write(`${error.stack}\n`);
    });
  };
}

async function answer(root, settings, request, response) {
  const proto = request.headers["x-forwarded-proto"] ?? "";
  if (settings.forceHttps && !proto.startsWith("https")) {
    return end(response, 301, { Location: `https://${knownHost(request)}${request.url}` });
  }
  if (settings.users !== undefined && !isUser(settings.users, request)) {
    return end(response, 401, { "WWW-Authenticate": 'Basic realm="Restricted"' });
  }
  const found = await locate(root, settings, request);
  if (found.kind === "file") return sendFile(settings, found, request, response);
  if (found.kind === "listing") return sendListing(found, request, response);
  if (found.kind === "redirect") return end(response, 301, { Location: found.location });
  return sendStatus(root, settings, found.status, { request, response });
}

/** A proxy before the router may name the host, and the path, that a browser knows. */
function knownHost({ headers }) {
  const first = (name) => (headers[name] ?? "").split(/[, ]/)[0];
  const host = first("x-forwarded-host") || (headers.host ?? "").replace(/:\d+$/, "");
  return `${host}${first("x-forwarded-prefix")}`;
}

function isUser(users, request) {
  const match = /^Basic +(\S+)$/i.exec(request.headers.authorization ?? "");
  const [name, ...password] = Buffer.from(match?.[1] ?? "", "base64").toString().split(":");
  const stored = users.get(name);
  return stored !== undefined && passwordMatches(password.join(":"), stored);
}

/** Which file the URL means; what it may not see is as absent. */
async function locate(root, settings, request) {
  if (request.method !== "GET" && request.method !== "HEAD") return { kind: "status", status: 405 };
  const [rawPath, query] = request.url.split("?");
  let urlPath;
  try {
    urlPath = path.posix.normalize(decodeURIComponent(rawPath));
  } catch {
    return { kind: "status", status: 400 };
  }
  // normalize() has taken ".." away; what still begins with it would lead out of the root.
  if (!urlPath.startsWith("/") || urlPath.includes("\0")) return { kind: "status", status: 400 };
  if (!settings.hostDotFiles && urlPath.includes("/.")) return { kind: "status", status: 404 };
  const file = path.join(root, urlPath);
  const stats = await statOrUndefined(file);
  if (stats?.isFile() && !urlPath.endsWith("/")) return { kind: "file", file, stats };
  if (stats?.isDirectory()) {
    if (!urlPath.endsWith("/")) {
      return { kind: "redirect", location: `${rawPath}/${query === undefined ? "" : `?${query}`}` };
    }
    const index = await firstFile(file, indexes);
    if (index !== undefined) return index;
    if (settings.listDirectories) return { kind: "listing", directory: file, urlPath };
    return { kind: "status", status: 403 };
  }
  if (settings.pushState) {
    const index = await firstFile(root, ["index.html"]);
    if (index !== undefined) return index;
  }
  return { kind: "status", status: 404 };
}

async function firstFile(directory, names) {
  for (const name of names) {
    const file = path.join(directory, name);
    const stats = await statOrUndefined(file);
    if (stats?.isFile()) return { kind: "file", file, stats };
  }
  return undefined;
}

async function statOrUndefined(file) {
  try {
    return await stat(file);
  } catch {
    return undefined; // Absent, a file where a folder is meant, or a name that is too long: all "not there".
  }
}

async function sendFile(settings, { file, stats, status = 200 }, request, response) {
  const etag = `"${Math.floor(stats.mtimeMs / 1000).toString(16)}-${stats.size.toString(16)}"`;
  const type = settings.mediaTypes.get(path.extname(file).toLowerCase()) ?? "application/octet-stream";
  response.setHeader("Content-Type", compressible.test(type) ? `${type}; charset=utf-8` : type);
  response.setHeader("Last-Modified", stats.mtime.toUTCString());
  response.setHeader("ETag", etag);
  if (status === 200 && isUnchanged(request, etag, stats)) return end(response, 304, {});
  const range = status === 200 ? rangeOf(request, etag, stats) : undefined;
  if (range === "unsatisfiable") {
    return end(response, 416, { "Content-Range": `bytes */${stats.size}` });
  }
  const zip = range === undefined && wantsGzip(request, type, stats.size, response);
  if (range !== undefined) {
    response.writeHead(206, {
      "Content-Range": `bytes ${range.start}-${range.end}/${stats.size}`,
      "Content-Length": range.end - range.start + 1,
    });
  } else if (zip) {
    response.writeHead(status, { "Content-Encoding": "gzip", ETag: `W/${etag}` });
  } else {
    response.writeHead(status, { "Accept-Ranges": "bytes", "Content-Length": stats.size });
  }
  if (request.method === "HEAD" || (stats.size === 0 && !zip)) return response.end();
  const stream = createReadStream(file, range);
  return zip ? pipeline(stream, createGzip(), response) : pipeline(stream, response);
}

function isUnchanged(request, etag, stats) {
  const tags = request.headers["if-none-match"];
  if (tags !== undefined) {
    return tags.split(",").some((tag) => ["*", etag].includes(tag.trim().replace(/^W\//, "")));
  }
  const since = Date.parse(request.headers["if-modified-since"] ?? "");
  return !Number.isNaN(since) && Math.floor(stats.mtimeMs / 1000) * 1000 <= since;
}

/** The one range asked for, "unsatisfiable", or undefined: then the whole file is sent. */
function rangeOf(request, etag, stats) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  const condition = request.headers["if-range"];
  if (condition !== undefined && condition !== etag) return undefined;
  const last = stats.size - 1;
  const start = match[1] === "" ? Math.max(0, stats.size - Number(match[2])) : Number(match[1]);
  const to = match[1] === "" || match[2] === "" ? last : Math.min(last, Number(match[2]));
  if (start > last || to < start) return "unsatisfiable";
  return { start, end: to };
}

function wantsGzip(request, type, size, response) {
  if (!compressible.test(type) || size < compressFromBytes) return false;
  response.setHeader("Vary", "Accept-Encoding");
  const accepted = (request.headers["accept-encoding"] ?? "").split(",");
  return accepted.some((coding) => /^\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(coding));
}

async function sendListing({ directory, urlPath }, request, response) {
  const entries = (await readdir(directory, { withFileTypes: true })).filter(
    (entry) => !entry.name.startsWith("."),
  );
  const links = entries
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort()
    .map((name) => `<a href="${encodeURIComponent(name).replace(/%2F$/, "/")}">${escape(name)}</a>`);
  const title = `Index of ${escape(urlPath)}`;
  const page = `<html><head><title>${title}</title></head><body><h1>${title}</h1><pre>${["<a href=\"../\">../</a>", ...links].join("\n")}</pre></body></html>\n`;
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Length": Buffer.byteLength(page) });
  response.end(request.method === "HEAD" ? undefined : page);
}

/** The page that the Staticfile names for the status, else a line of our own. */
async function sendStatus(root, settings, status, { request, response }) {
  const page = settings.statusPages.get(status);
  const found = page === undefined ? undefined : await firstFile(root, [page]);
  if (found !== undefined) return sendFile(settings, { ...found, status }, request, response);
  return end(response, status, status === 405 ? { Allow: "GET, HEAD" } : {});
}

function end(response, status, headers) {
  const body = status === 304 ? "" : `<html><body><h1>${status}</h1></body></html>\n`;
  if (status === 304) {
    response.removeHeader("Content-Type");
    response.writeHead(status, headers).end();
    return;
  }
  response.writeHead(status, {
    ...headers,
    "Content-Type": "text/html",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

function escape(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function log(request, response, started) {
  const { "x-forwarded-for": client = "-", referer = "-" } = request.headers;
  const bytes = response.getHeader("content-length") ?? "-";
  const line = `${request.method} ${request.url} HTTP/${request.httpVersion}`;
  process.stdout.write(`${client} - ${referer} - [${started.toISOString()}] "${line}" ${response.statusCode} ${bytes}\n`);
}

module.exports = { createHandler };
