import assert from "node:assert/strict";
import { test } from "node:test";
import { stagingTaskDefinition, type StagingFacts } from "./task-definition.ts";

const app = { guid: "app-guid", name: "shop" };
const place = {
  spaceGuid: "space-guid",
  spaceName: "dev",
  organizationGuid: "org-guid",
  organizationName: "org",
};

function facts(changes: Partial<StagingFacts> = {}): StagingFacts {
  return {
    buildGuid: "build-guid",
    app,
    place,
    stack: "cflinuxfs4",
    toolchains: ["go", "node"],
    memoryInMb: 1024,
    diskInMb: 4096,
    logRateLimitBytesPerSecond: -1,
    timeoutMs: 900_000,
    pidLimit: 1024,
    lang: "en_US.UTF-8",
    fileDescriptors: 16_384,
    lifecycle: { url: "http://cc/lifecycle", key: "v1" },
    buildpacks: [
      {
        kind: "admin",
        name: "nodejs_buildpack",
        key: "nodejs_buildpack",
        bits: { url: "http://cc/nodejs", sha256: "b1" },
      },
    ],
    skipDetect: false,
    package: { url: "http://cc/package", sha256: "p1" },
    buildpackCache: undefined,
    dropletUploadUrl: "http://cc/droplet",
    buildpackCacheUploadUrl: "http://cc/cache",
    completionCallbackUrl: "http://cc/completed",
    observation: { url: "http://cc/observation", closingLine: "Timeline: there" },
    keep: { forMs: 90_000, line: "A shell: so" },
    environment: [{ name: "A", value: "1" }],
    egressRules: [],
    placementTags: ["isolated"],
    ...changes,
  };
}

test("the container of a staging task is that of the original", () => {
  const {
    action: _action,
    cachedDependencies: _dependencies,
    ...container
  } = stagingTaskDefinition(facts());

  assert.deepEqual(container, {
    rootFs: "preloaded:cflinuxfs4?toolchains=go,node",
    environmentVariables: [{ name: "LANG", value: "en_US.UTF-8" }],
    memoryMb: 1024,
    diskMb: 4096,
    cpuWeight: 50,
    privileged: false,
    logSource: "STG",
    logGuid: "app-guid",
    metricsGuid: "",
    legacyDownloadUser: "vcap",
    trustedSystemCertificatesPath: "/etc/cf-system-certificates",
    egressRules: [],
    placementTags: ["isolated"],
    maxPids: 1024,
    logRateLimitBytesPerSecond: -1,
    metricTags: {
      source_id: { static: "app-guid" },
      app_id: { static: "app-guid" },
      app_name: { static: "shop" },
      space_id: { static: "space-guid" },
      space_name: { static: "dev" },
      organization_id: { static: "org-guid" },
      organization_name: { static: "org" },
    },
    annotation:
      '{"rivera":{"observation_url":"http://cc/observation","closing_line":"Timeline: there","keep_failed":{"for_seconds":90,"directory":"/tmp/app","line":"A shell: so"}}}',
    resultFile: "/tmp/result.json",
    completionCallbackUrl: "http://cc/completed",
  });
});

test("lifecycle and buildpacks are cached on the cell, each buildpack where the builder looks for it", () => {
  const { cachedDependencies } = stagingTaskDefinition(facts());

  assert.deepEqual(cachedDependencies, [
    {
      name: "",
      from: "http://cc/lifecycle",
      to: "/tmp/lifecycle",
      cacheKey: "buildpack-cflinuxfs4-lifecycle-v1",
      logSource: "",
    },
    {
      name: "nodejs_buildpack",
      from: "http://cc/nodejs",
      to: "/tmp/buildpacks/c02c7fa35cb145b3",
      cacheKey: "nodejs_buildpack",
      logSource: "STG",
      checksum: { algorithm: "sha256", value: "b1" },
    },
  ]);
});

test("the task downloads, builds and uploads within its time, in the shape of the original", () => {
  const { action } = stagingTaskDefinition(facts());

  assert.deepEqual(action, {
    kind: "timeout",
    timeoutMs: 900_000,
    logSource: "",
    action: {
      kind: "serial",
      logSource: "",
      actions: [
        {
          kind: "parallel",
          logSource: "",
          actions: [
            {
              kind: "download",
              artifact: "app package",
              from: "http://cc/package",
              to: "/tmp/app",
              cacheKey: "",
              logSource: "STG",
              user: "vcap",
              checksum: { algorithm: "sha256", value: "p1" },
            },
          ],
        },
        {
          kind: "run",
          path: "/tmp/lifecycle/builder",
          args: [
            "-buildpackOrder=nodejs_buildpack",
            "-skipCertVerify=false",
            "-skipDetect=false",
            "-buildDir=/tmp/app",
            "-outputDroplet=/tmp/droplet",
            "-outputMetadata=/tmp/result.json",
            "-outputBuildArtifactsCache=/tmp/output-cache",
            "-buildpacksDir=/tmp/buildpacks",
            "-buildArtifactsCacheDir=/tmp/cache",
          ],
          dir: "",
          env: [{ name: "A", value: "1" }],
          nofile: 16_384,
          user: "vcap",
          logSource: "STG",
          suppressLogOutput: false,
        },
        {
          kind: "emitProgress",
          startMessage: "Uploading droplet, build artifacts cache...",
          successMessage: "Uploading complete",
          failureMessagePrefix: "Uploading failed",
          logSource: "STG",
          action: {
            kind: "parallel",
            logSource: "",
            actions: [
              {
                kind: "upload",
                artifact: "droplet",
                from: "/tmp/droplet",
                to: "http://cc/droplet",
                logSource: "STG",
                user: "vcap",
              },
              {
                kind: "upload",
                artifact: "build artifacts cache",
                from: "/tmp/output-cache",
                to: "http://cc/cache",
                logSource: "STG",
                user: "vcap",
              },
            ],
          },
        },
      ],
    },
  });
});

test("a cache that cannot be had does not fail the task", () => {
  const cache = { url: "http://cc/old-cache", sha256: "c1" };

  const { action } = stagingTaskDefinition(facts({ buildpackCache: cache }));

  assert.match(
    JSON.stringify(action),
    /"kind":"try","action":\{"kind":"download","artifact":"build artifacts cache","from":"http:\/\/cc\/old-cache","to":"\/tmp\/cache"/,
  );
});

test("the builder is told what buildpacks are called whose keys do not tell it", () => {
  const [known] = facts().buildpacks;
  assert.ok(known?.kind === "admin");
  const buildpacks = [{ ...known, key: "guid_sum", name: "ours" }, known];

  const { action } = stagingTaskDefinition(facts({ buildpacks }));

  assert.ok(
    JSON.stringify(action).includes(
      '{"name":"RIVERA_BUILDPACK_NAMES","value":"{\\"guid_sum\\":\\"ours\\"}"}',
    ),
  );
});

test("more names than a variable of a program may hold are left out", () => {
  const bits = { url: "http://cc/b", sha256: "b1" };
  const buildpacks = Array.from({ length: 1_000 }, (_, at) => ({
    kind: "admin" as const,
    name: `buildpack-${at}`,
    key: `${"0".repeat(100)}${at}`,
    bits,
  }));

  const { action } = stagingTaskDefinition(facts({ buildpacks }));

  assert.ok(!JSON.stringify(action).includes("RIVERA_BUILDPACK_NAMES"));
});

test("buildpacks by name or URL are not detected, and those by URL are the builder's to fetch", () => {
  const definition = stagingTaskDefinition(
    facts({
      skipDetect: true,
      buildpacks: [{ kind: "custom", url: "https://example.com/one.git" }, ...facts().buildpacks],
    }),
  );

  const text = JSON.stringify(definition.action);
  assert.match(text, /-buildpackOrder=https:\/\/example.com\/one.git,nodejs_buildpack/);
  assert.match(text, /-skipDetect=true/);
  assert.equal(definition.cachedDependencies.length, 2);
});
