import assert from "node:assert/strict";
import { test } from "node:test";
import type { Process } from "../processes/process-table.ts";
import {
  cpuWeight,
  desiredLrpFor,
  lrpGuid,
  processGuidOf,
  type ProcessFacts,
} from "./desired-lrp.ts";
import type { MappedRoute } from "./mapped-routes.ts";

const guid = "11111111-1111-4111-8111-111111111111";
const version = "22222222-2222-4222-8222-222222222222";
const check = { invocationTimeout: null, interval: null, endpoint: null };

function process(changes: Partial<Process> = {}): Process {
  return {
    id: 1,
    guid,
    createdAt: "2030-01-01T00:00:00.000Z",
    updatedAt: "2030-01-01T00:00:01.000Z",
    appGuid: "app-guid",
    type: "web",
    state: "STARTED",
    version,
    command: null,
    user: null,
    instances: 2,
    memoryInMb: 1024,
    diskInMb: 512,
    logRateLimitInBytesPerSecond: -1,
    healthCheck: { ...check, type: "port", timeout: null },
    readinessHealthCheck: { ...check, type: "process" },
    revisionGuid: null,
    ...changes,
  };
}

function facts(changes: Partial<ProcessFacts> = {}): ProcessFacts {
  return {
    process: process(),
    app: { guid: "app-guid", name: "shop" },
    place: {
      spaceGuid: "space-guid",
      spaceName: "dev",
      organizationGuid: "org-guid",
      organizationName: "org",
    },
    stack: "cflinuxfs4",
    toolchains: ["go", "node"],
    startCommand: "node server.js",
    executionMetadata: "{}",
    droplet: { url: "http://cc/droplet", sha256: "d1" },
    lifecycle: { url: "http://cc/lifecycle", key: "v1" },
    routes: [route()],
    sidecars: [],
    environment: [{ name: "A", value: "1" }],
    egressRules: [],
    placementTags: ["isolated"],
    pidLimit: 1024,
    lang: "en_US.UTF-8",
    fileDescriptors: 16_384,
    ...changes,
  };
}

function route(changes: Partial<MappedRoute> = {}): MappedRoute {
  return {
    processType: "web",
    hostname: "shop.apps.localhost",
    port: 8080,
    protocol: "http1",
    options: {},
    internal: false,
    policies: undefined,
    ...changes,
  };
}

test("the LRP of a web process is that of the original, field by field", () => {
  assert.deepEqual(desiredLrpFor(facts()), {
    processGuid: `${guid}-${version}`,
    domain: "cf-apps",
    instances: 2,
    memoryMb: 1024,
    diskMb: 512,
    logRateLimitBytesPerSecond: -1,
    cpuWeight: 12,
    startTimeoutMs: 60_000,
    rootFs: "preloaded:cflinuxfs4?toolchains=go,node",
    privileged: false,
    environmentVariables: [{ name: "LANG", value: "en_US.UTF-8" }],
    setup: {
      kind: "serial",
      logSource: "",
      actions: [
        {
          kind: "download",
          artifact: "droplet",
          from: "http://cc/droplet",
          to: ".",
          cacheKey: `droplets-${guid}-${version}`,
          logSource: "",
          user: "vcap",
          checksum: { algorithm: "sha256", value: "d1" },
        },
      ],
    },
    action: {
      kind: "codependent",
      logSource: "",
      actions: [
        {
          kind: "run",
          path: "/tmp/lifecycle/launcher",
          args: ["app", "node server.js", "{}"],
          dir: "",
          env: [
            { name: "PORT", value: "8080" },
            { name: "VCAP_APP_PORT", value: "8080" },
            { name: "VCAP_APP_HOST", value: "0.0.0.0" },
            { name: "A", value: "1" },
          ],
          nofile: 16_384,
          user: "vcap",
          logSource: "APP/PROC/WEB",
          suppressLogOutput: false,
        },
      ],
    },
    monitor: {
      kind: "timeout",
      timeoutMs: 600_000,
      logSource: "",
      action: {
        kind: "parallel",
        logSource: "",
        actions: [
          {
            kind: "run",
            path: "/tmp/lifecycle/healthcheck",
            args: ["-port=8080"],
            dir: "",
            env: [],
            user: "vcap",
            logSource: "HEALTH",
            suppressLogOutput: true,
          },
        ],
      },
    },
    checkDefinition: {
      checks: [{ kind: "tcp", port: 8080, connectTimeoutMs: 0, intervalMs: 0 }],
      readinessChecks: [],
      logSource: "",
    },
    cachedDependencies: [
      {
        name: "",
        from: "http://cc/lifecycle",
        to: "/tmp/lifecycle",
        cacheKey: "buildpack-cflinuxfs4-lifecycle-v1",
        logSource: "",
      },
    ],
    ports: [8080],
    routes: {
      "cf-router": JSON.stringify([
        {
          hostnames: ["shop.apps.localhost"],
          port: 8080,
          route_service_url: null,
          isolation_segment: null,
          protocol: "http1",
        },
      ]),
    },
    logSource: "CELL",
    logGuid: "app-guid",
    metricsGuid: "app-guid",
    legacyDownloadUser: "vcap",
    trustedSystemCertificatesPath: "/etc/cf-system-certificates",
    egressRules: [],
    placementTags: ["isolated"],
    maxPids: 1024,
    metricTags: {
      source_id: { static: "app-guid" },
      app_id: { static: "app-guid" },
      app_name: { static: "shop" },
      space_id: { static: "space-guid" },
      space_name: { static: "dev" },
      organization_id: { static: "org-guid" },
      organization_name: { static: "org" },
      process_id: { static: guid },
      process_type: { static: "web" },
      process_instance_id: { dynamic: "INSTANCE_GUID" },
      instance_id: { dynamic: "INDEX" },
    },
    annotation: "2030-01-01T00:00:01.000Z",
  });
});

test("internal routes go to no router, and policies go with the options of those that do", () => {
  const lrp = desiredLrpFor(
    facts({
      routes: [
        route({ hostname: "back.apps.internal", internal: true, port: 9000 }),
        route({
          hostname: "guarded.test",
          port: 9000,
          options: { loadbalancing: "round-robin" },
          policies: { scope: "space", sources: ["cf:app:a", "cf:any"] },
        }),
      ],
    }),
  );

  assert.deepEqual(lrp.ports, [9000]);
  assert.deepEqual(JSON.parse(lrp.routes["internal-router"] ?? ""), [
    { hostname: "back.apps.internal" },
  ]);
  const [entry, ...others] = JSON.parse(lrp.routes["cf-router"] ?? "");
  assert.deepEqual(others, []);
  assert.deepEqual(entry.hostnames, ["guarded.test"]);
  assert.deepEqual(entry.options, {
    loadbalancing: "round-robin",
    route_policy_scope: "space",
    route_policy_sources: "cf:app:a,cf:any",
  });
});

test("a worker without routes has the port 8080 all the same, and is not checked", () => {
  const lrp = desiredLrpFor(
    facts({
      process: process({ type: "worker", healthCheck: { ...check, type: "process", timeout: 90 } }),
      routes: [],
    }),
  );

  assert.deepEqual(lrp.ports, [8080]);
  assert.equal(lrp.monitor, undefined);
  assert.equal(lrp.checkDefinition, undefined);
  assert.equal(lrp.startTimeoutMs, 90_000);
  assert.deepEqual(lrp.routes, { "cf-router": "[]" });
  assert.match(JSON.stringify(lrp.action), /"name":"PORT","value":"8080"/);
  assert.match(JSON.stringify(lrp.action), /APP\/PROC\/WORKER/);
});

test("an http check asks its path on the first port", () => {
  const healthCheck = {
    type: "http",
    timeout: null,
    invocationTimeout: 3,
    interval: 7,
    endpoint: "/up",
  } as const;

  const lrp = desiredLrpFor(
    facts({ process: process({ healthCheck }), routes: [route(), route({ port: 9090 })] }),
  );

  assert.deepEqual(lrp.ports, [8080, 9090]);
  assert.deepEqual(lrp.checkDefinition?.checks, [
    { kind: "http", port: 8080, path: "/up", requestTimeoutMs: 3000, intervalMs: 7000 },
  ]);
  assert.match(JSON.stringify(lrp.monitor), /"-port=8080","-uri=\/up","-timeout=3s"/);
});

test("a sidecar runs beside the app, with the ports and an environment of its own", () => {
  const environment = [{ name: "MEMORY_LIMIT", value: "64m" }];
  const sidecars = [{ name: "proxy", command: "./proxy", environment }];

  const { action } = desiredLrpFor(facts({ sidecars }));

  assert.ok(action?.kind === "codependent");
  const [, sidecar, ...others] = action.actions;
  assert.deepEqual(others, []);
  assert.ok(sidecar?.kind === "run");
  assert.equal(sidecar.path, "/tmp/lifecycle/launcher");
  assert.deepEqual(sidecar.args.slice(0, 2), ["app", "./proxy"]);
  assert.equal(sidecar.logSource, "APP/PROC/WEB/SIDECAR/PROXY");
  assert.deepEqual(
    sidecar.env.map(({ name, value }) => `${name}=${value}`),
    ["PORT=8080", "VCAP_APP_PORT=8080", "VCAP_APP_HOST=0.0.0.0", "MEMORY_LIMIT=64m"],
  );
});

test("a stopped process wants no instance", () => {
  assert.equal(desiredLrpFor(facts({ process: process({ state: "STOPPED" }) })).instances, 0);
});

for (const [memory, weight] of [
  [64, 1],
  [128, 1],
  [1024, 12],
  [8192, 100],
  [65_536, 100],
] as const) {
  test(`${memory} MB weigh ${weight} percent`, () => {
    assert.equal(cpuWeight(memory), weight);
  });
}

test("the process is found by what Diego calls its guid", () => {
  assert.equal(processGuidOf(lrpGuid({ guid, version })), guid);
});
