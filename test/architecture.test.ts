import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { parseSync } from "oxc-parser";

// The whole dependency diagram. `x/client` is the one file of x that others may see; a component may always import
// itself. The most specific component that holds a file decides.
const mayImport: Record<string, readonly string[]> = {
  kernel: [],
  db: ["kernel"],
  blobstore: ["kernel"],
  "diego/models": ["kernel"],
  "diego/bbs": ["kernel", "db", "diego/models", "diego/auctioneer/client", "diego/cell/rep/client"],
  "diego/auctioneer": [
    "kernel",
    "diego/models",
    "diego/bbs/client",
    "diego/cell/rep/client",
    "log-cache/client",
  ],
  "diego/cell/runtime": ["kernel"],
  "diego/cell/executor": [
    "kernel",
    "diego/models",
    "diego/cell/runtime/container-runtime",
    "log-cache/client",
  ],
  "diego/cell/rep": [
    "kernel",
    "diego/models",
    "diego/bbs/client",
    "diego/auctioneer/client",
    "diego/cell/executor",
    "log-cache/client",
  ],
  "diego/route-emitter": ["kernel", "diego/models", "diego/bbs/client", "router/client"],
  router: ["kernel", "log-cache/client"],
  "log-cache": ["kernel"],
  uaa: ["kernel", "db"],
  "cloud-controller": [
    "kernel",
    "db",
    "blobstore",
    "diego/models",
    "diego/bbs/client",
    "diego/cell/rep/client",
    "log-cache/client",
  ],
  "buildpack-lifecycle": [],
  // Tests only: what a new platform installs, in its order.
  "buildpack-lifecycle/shipped-buildpacks": [
    "buildpack-lifecycle",
    "cloud-controller/buildpacks/detection-order",
  ],
  "web-server": ["kernel"],
  cli: ["kernel/clock", "kernel/size"],
  // Stages and runs without a platform: the plans of Cloud Controller and the rep, which are pure, on an executor of its own;
  // apps are packed as our client packs them.
  workbench: [
    "kernel",
    "diego/models",
    "diego/cell/executor",
    "diego/cell/rep/run-request",
    "diego/cell/runtime/container-runtime",
    "log-cache/client",
    "cloud-controller/build-observations/interpret-records",
    "cloud-controller/build-observations/observation-table",
    "cloud-controller/buildpacks/buildpack-manifest",
    "cloud-controller/buildpacks/buildpack-uri",
    "cloud-controller/buildpacks/detection-order",
    "cloud-controller/http/cf-errors",
    "cloud-controller/running/desired-lrp",
    "cloud-controller/running/vcap-application",
    "cloud-controller/sidecars/sidecar-memory",
    "cloud-controller/staging/environment",
    "cloud-controller/staging/failure-reason",
    "cloud-controller/staging/staging-config",
    "cloud-controller/staging/staging-result",
    "cloud-controller/staging/staging-verdict",
    "cloud-controller/staging/task-definition",
    "cloud-controller/staging/toolchains",
    "cli/app-files",
    "cli/droplets",
    "cli/testing/droplet-archive",
    "cli/failure",
  ],
  cmd: [
    "kernel",
    "db",
    "blobstore",
    "diego/models",
    "diego/bbs",
    "diego/auctioneer",
    "diego/cell/rep",
    "diego/cell/executor",
    "diego/cell/runtime",
    "diego/route-emitter",
    "router",
    "log-cache",
    "uaa",
    "cloud-controller",
    "buildpack-lifecycle/bundle",
    "web-server",
    "workbench",
    "cli",
  ],
};

// What crosses components speaks public HTTP, as a user would; the bulletin board is measured alone as well.
const outside: Record<string, readonly string[]> = {
  "test/support": ["kernel", "cmd", "test/support"],
  "test/acceptance": ["kernel", "test/support"],
  "test/conformance": ["kernel", "test/support", "test/conformance"],
  "test/buildpacks": ["test/support"],
  "test/buildpacks-of-others": ["test/support", "test/buildpacks-of-others"],
  // What runs in browsers speaks the public APIs, and shares no code with what serves them.
  web: ["web"],
  // A benchmark of one part opens that part alone.
  bench: [
    "kernel",
    "diego",
    "cloud-controller/testing",
    "test/support",
    "bench",
    "db",
    "cloud-controller",
  ],
};

function componentOf(file: string): string | undefined {
  return Object.keys(mayImport)
    .filter((component) => file.startsWith(`src/${component}/`))
    .sort((a, b) => b.length - a.length)
    .at(0);
}

function importedFiles(file: string): string[] {
  const source = readFileSync(file, "utf8");
  const { module, errors } = parseSync(file, source);
  assert.deepEqual(errors, [], `${file} does not parse`);
  const specifiers = [
    ...module.staticImports.map((statement) => statement.moduleRequest.value),
    ...module.staticExports.flatMap((statement) =>
      statement.entries.flatMap((entry) => entry.moduleRequest?.value ?? []),
    ),
    ...module.dynamicImports.map(({ moduleRequest }) =>
      source.slice(moduleRequest.start, moduleRequest.end).replace(/^["'`]|["'`]$/g, ""),
    ),
  ];
  return specifiers
    .filter((specifier) => /^[.#]/.test(specifier))
    .map((specifier) =>
      specifier.startsWith("#")
        ? `src/${specifier.slice(1)}`
        : path.join(path.dirname(file), specifier),
    );
}

function isInside(root: string, scope: string, target: string): boolean {
  return target.startsWith(`${root}${scope}/`) || target === `${root}${scope}.ts`;
}

test("components import only what the diagram allows", () => {
  const files = globSync("src/**/*.ts");
  assert.ok(files.length > 20, "found no sources: this test would pass on nothing");
  const violations = files.flatMap((file) => {
    const from = componentOf(file);
    if (from === undefined) return [`${file} belongs to no component`];
    return importedFiles(file)
      .filter((target) => {
        if (componentOf(target) === from) return false;
        return !(mayImport[from] ?? []).some((scope) => isInside("src/", scope, target));
      })
      .map((target) => `${file} -> ${target}`);
  });
  assert.deepEqual(violations, []);
});

test("the dashboard, acceptance tests and benchmarks reach the platform through what a user has", () => {
  const files = globSync(["test/**/*.ts", "bench/**/*.ts", "web/**/*.{ts,tsx}"]).filter(
    (file) => path.dirname(file) !== "test",
  );
  assert.ok(
    files.some((file) => file.startsWith("web/")),
    "the dashboard is looked at",
  );
  const violations = files.flatMap((file) => {
    const scope = Object.keys(outside).find((candidate) => file.startsWith(`${candidate}/`));
    if (scope === undefined) return [`${file} belongs to no scope`];
    return importedFiles(file)
      .filter(
        (target) =>
          !(outside[scope] ?? []).some(
            (allowed) => isInside("src/", allowed, target) || isInside("", allowed, target),
          ),
      )
      .map((target) => `${file} -> ${target}`);
  });
  assert.deepEqual(violations, []);
});

test("every component of the diagram exists", () => {
  const missing = Object.keys(mayImport).filter((component) => !existsSync(`src/${component}`));
  assert.deepEqual(missing, []);
});

test("no file is a barrel or named after nothing", () => {
  const vague = globSync(["src/**/*.ts", "web/**/*.{ts,tsx}"]).filter((file) =>
    /\/(index|utils?|helpers?|common|misc|types|interfaces|constants)(\.tsx?|\/)/.test(file),
  );
  assert.deepEqual(vague, []);
});
