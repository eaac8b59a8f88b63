// describe-app.cjs BUILD_DIR NPM: prints what the scripts need to know of the app and the toolchain, as assignments for
// the shell. One start of Node instead of one a question.
"use strict";
const { existsSync, readFileSync, realpathSync } = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");

const [buildDir, npm] = process.argv.slice(2);
const npmPackage = npmPackageFile(realpathSync(npm));
const semver = createRequire(npmPackage)("semver");
const npmVersion = readJson(npmPackage).version;
const app = readJson(path.join(buildDir, "package.json"));
const engines = app.engines ?? {};
const scripts = app.scripts ?? {};
const nodeRange = text(engines.node) || nvmRange();
// "pnpm@10.4.1+sha512.0123": what corepack reads. Only the version counts here, the registry's own checks do the rest.
const [, pinnedManager = "", pinnedVersion = ""] =
  /^(npm|yarn|pnpm)@(\d+\.\d+\.\d+[^+]*)(?:\+.*)?$/.exec(text(app.packageManager)) ?? [];

const description = {
  NODE_VERSION: process.version,
  NPM_VERSION: npmVersion,
  ENGINES_NODE: text(engines.node),
  NODE_RANGE: nodeRange,
  NODE_FITS: fits(process.version, nodeRange),
  NPM_RANGE: text(engines.npm),
  NPM_FITS: fits(npmVersion, text(engines.npm)),
  YARN_RANGE: managerRange("yarn"),
  PNPM_RANGE: managerRange("pnpm"),
  START_SCRIPT: text(scripts.start),
  PREBUILD_SCRIPT: text(scripts["heroku-prebuild"]),
  POSTBUILD_SCRIPT: text(scripts["heroku-postbuild"]),
  BUILD_SCRIPT: text(scripts.build),
  CACHED_FOLDERS: cachedFolders(),
  HAS_PACKAGES: hasPackages(["dependencies", "optionalDependencies", "peerDependencies"]),
  HAS_DEVELOPMENT_PACKAGES: hasPackages(["devDependencies"]),
};
for (const [name, value] of Object.entries(description)) {
  process.stdout.write(`${name}='${value.replaceAll("'", "'\\''")}'\n`);
}

// `npm` on the PATH is a link into the package, or a script beside Node's lib folder.
function npmPackageFile(program) {
  const directory = path.dirname(program);
  const candidates = ["../package.json", "../lib/node_modules/npm/package.json"];
  const found = candidates.map((name) => path.join(directory, name)).find((file) => existsSync(file));
  return found ?? fail(`Cannot find the package of ${program}.`);
}

function readJson(file) {
  try {
    const value = JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
    return fail(`${path.basename(file)} is not a JSON object.`);
  } catch (error) {
    return fail(`Cannot read ${path.basename(file)}: ${error.message}`);
  }
}

function text(value) {
  return typeof value === "string" ? value.trim() : "";
}

/** "yes", "no", or "invalid" when the range is none. No range fits every version. */
function fits(version, range) {
  if (semver.validRange(range) === null) return "invalid";
  return semver.satisfies(version, range) ? "yes" : "no";
}

function managerRange(name) {
  return text(engines[name]) || (pinnedManager === name ? pinnedVersion : "");
}

/** Folders of the app that its build wants to find again at the next staging, one a line; Heroku's two spellings. */
function cachedFolders() {
  const folders = app.cacheDirectories ?? app.cache_directories ?? [];
  if (!Array.isArray(folders)) return fail("cacheDirectories of package.json is not a list of folders.");
  for (const folder of folders) {
    const stays = typeof folder === "string" && /^[^\n]+$/.test(folder) && !path.isAbsolute(folder);
    const [first] = stays ? path.normalize(folder).split(path.sep) : [".."];
    if (first === ".." || first === ".") {
      return fail(`cacheDirectories of package.json: ${JSON.stringify(folder)} is not a folder in the app.`);
    }
  }
  return folders.join("\n");
}

// .nvmrc counts when package.json asks for nothing; nvm's names of releases become ranges.
function nvmRange() {
  const file = path.join(buildDir, ".nvmrc");
  if (!existsSync(file)) return "";
  const wanted = readFileSync(file, "utf8").trim();
  const names = { gallium: "16", hydrogen: "18", iron: "20", jod: "22", krypton: "24" };
  if (["node", "stable", "lts/*"].includes(wanted)) return "";
  if (!wanted.startsWith("lts/")) return wanted.replace(/^v/, "");
  return names[wanted.slice("lts/".length)] ?? fail(`.nvmrc names "${wanted}", which is not known here. Write a version, such as 20.`);
}

// Packages, workspaces, or scripts that an installation would run.
function hasPackages(lists) {
  const packages = lists.some((name) => Object.keys(app[name] ?? {}).length > 0);
  const hooks = ["preinstall", "install", "postinstall", "prepare"].some((name) => scripts[name]);
  return packages || hooks || app.workspaces ? "yes" : "no";
}

function fail(reason) {
  process.stderr.write(`       **ERROR** ${reason}\n`);
  process.exit(1);
}
