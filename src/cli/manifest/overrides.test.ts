import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestYaml, parseManifest, parseYaml, type Manifest } from "./manifest.ts";
import { applyDeploymentScale, applyOverrides, type PushOverrides } from "./overrides.ts";

const none: PushOverrides = { buildpacks: [], noRoute: false, randomRoute: false, task: false };

function manifest(yaml: string): Manifest {
  return parseManifest("/app/manifest.yml", parseYaml(yaml));
}

function applied(yaml: string, overrides: Partial<PushOverrides>): string {
  return manifestYaml(applyOverrides(manifest(yaml), { ...none, ...overrides }));
}

test("known keys come first and in order, others by name, and anchors are written out", () => {
  const yaml = `
defaults: &defaults
  memory: 1G
  env: {B: on, A: "1"}
applications:
- <<: *defaults
  services: [db]
  name: app
  disk_quota: 2G
  buildpack: ruby
version: 1
`;

  assert.equal(
    applied(yaml, {}),
    `applications:
- name: app
  disk-quota: 2G
  memory: 1G
  default-route: true
  buildpack: ruby
  env:
    B: true
    A: "1"
  services:
  - db
version: 1
`,
  );
});

test("sizes that are written as numbers are sent as texts", () => {
  assert.match(applied("applications: [{name: a, memory: 256}]", {}), /memory: "256"/);
});

test("flags go to the web process where the manifest has one, else to the app", () => {
  const withProcess = "applications: [{name: a, processes: [{type: web, memory: 1G}, {type: w}]}]";

  assert.equal(
    applied(withProcess, { memory: "64M", disk: "1G", startCommand: "run", stack: "s" }),
    `applications:
- name: a
  processes:
  - disk_quota: 1G
    memory: 64M
    type: web
    command: run
  - type: w
  default-route: true
  stack: s
`,
  );
  assert.equal(
    applied("applications: [{name: a}]", { memory: "64M", disk: "1G", startCommand: "null" }),
    "applications:\n- name: a\n  disk-quota: 1G\n  memory: 64M\n  default-route: true\n  command: null\n",
  );
});

test("a name chooses one app of several, renames the only one, and is refused for none", () => {
  const two = "applications: [{name: a}, {name: b}]";

  assert.match(applied(two, { appName: "b" }), /^applications:\n- name: b\n/);
  assert.match(applied("applications: [{name: a}]", { appName: "x" }), /- name: x\n/);
  assert.throws(() => applied(two, { appName: "x" }), /Could not find app named 'x' in manifest/);
  assert.throws(() => applied("applications: [{memory: 1G}]", {}), /requires an app name/);
});

test("flags for one app are refused where the manifest has several", () => {
  assert.throws(
    () => applied("applications: [{name: a}, {name: b}]", { memory: "1G" }),
    /Command line flags \(except -f and --no-start\) cannot be applied/,
  );
});

test("an app gets a default route unless it wants none or a random one", () => {
  assert.match(applied("applications: [{name: a}]", {}), /default-route: true/);
  assert.doesNotMatch(applied("applications: [{name: a}]", { noRoute: true }), /default-route/);
  assert.doesNotMatch(applied("applications: [{name: a, random-route: true}]", {}), /default-/);
  assert.match(applied("applications: [{name: a}]", { task: true }), /no-route: true/);
});

test("flags that the manifest contradicts are refused", () => {
  const app = "applications: [{name: a, health-check-type: port}]";
  assert.throws(
    () => applied(app, { healthCheckEndpoint: "/x" }),
    /The flag option --endpoint cannot be used with the manifest property health-check-type set to port/,
  );
  assert.throws(
    () => applied("applications: [{name: a, docker: {image: x}}]", { buildpacks: ["b"] }),
    /--buildpack, -b cannot be used with the manifest property docker/,
  );
});

test("with a strategy the sizes are left to the deployment", () => {
  const overrides: PushOverrides = { ...none, strategy: "rolling", memory: "1G", instances: 2 };

  const toApply = applyOverrides(manifest("applications: [{name: a, memory: 64M}]"), overrides);

  assert.match(manifestYaml(toApply), /memory: 64M/);
  assert.match(
    manifestYaml(applyDeploymentScale(toApply, overrides)),
    /instances: 2\n {2}memory: 1G/,
  );
});

test("both spellings of the disk quota at once are refused", () => {
  assert.throws(
    () => manifest("applications: [{name: a, disk_quota: 1G, disk-quota: 2G}]"),
    /cannot define both `disk_quota` and `disk-quota`/,
  );
});
