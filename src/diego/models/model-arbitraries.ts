import fc from "fast-check";
import { fromNanoseconds } from "#kernel/clock/clock.ts";
import type { Action, Checksum, EnvironmentVariable } from "./action.ts";
import type { ActualLrp, ActualLrpNetInfo } from "./actual-lrp.ts";
import type { CellPresence } from "./cell-presence.ts";
import type {
  CachedDependency,
  ContainerDefinition,
  MetricTagValue,
  SecurityGroupRule,
} from "./container-definition.ts";
import type {
  Check,
  CheckDefinition,
  DesiredLrp,
  DesiredLrpSchedulingInfo,
} from "./desired-lrp.ts";
import type { Task, TaskDefinition } from "./task.ts";

// Any model that can be, for tests of what must hold for all of them.

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const nonEmpty = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
const count = fc.nat({ max: 2 ** 31 - 1 });
const port = fc.integer({ min: 1, max: 65_535 });
const duration = fc.nat({ max: 86_400_000 });
const texts = fc.array(text, { maxLength: 3 });

/** To the millisecond, from 1970 on: what the BBS keeps. */
const instant = fc
  .integer({ min: 1, max: 4_000_000_000_000 })
  .map((ms) => fromNanoseconds(BigInt(ms) * 1_000_000n));

function tagged<Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Record<string, Value>> {
  const key = text.filter((name) => name !== "__proto__");
  return fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true });
}

const checksum: fc.Arbitrary<Checksum> = fc.record({
  algorithm: fc.constantFrom("md5", "sha1", "sha256"),
  value: nonEmpty,
});

const environment: fc.Arbitrary<EnvironmentVariable[]> = fc.array(
  fc.record({ name: text, value: text }),
  { maxLength: 3 },
);

const leaf: fc.Arbitrary<Action> = fc.oneof(
  fc.record(
    {
      kind: fc.constant("download" as const),
      artifact: text,
      from: text,
      to: text,
      cacheKey: text,
      logSource: text,
      user: text,
      checksum,
    },
    { requiredKeys: ["kind", "artifact", "from", "to", "cacheKey", "logSource", "user"] },
  ),
  fc.record({
    kind: fc.constant("upload" as const),
    artifact: text,
    from: text,
    to: text,
    logSource: text,
    user: text,
  }),
  fc.record(
    {
      kind: fc.constant("run" as const),
      path: text,
      args: texts,
      dir: text,
      env: environment,
      nofile: count,
      user: text,
      logSource: text,
      suppressLogOutput: fc.boolean(),
    },
    {
      requiredKeys: [
        "kind",
        "path",
        "args",
        "dir",
        "env",
        "user",
        "logSource",
        "suppressLogOutput",
      ],
    },
  ),
);

export const anyAction: fc.Arbitrary<Action> = fc.letrec<{ action: Action }>((tie) => ({
  action: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.record({
      kind: fc.constant("timeout" as const),
      action: tie("action"),
      timeoutMs: duration,
      logSource: text,
    }),
    fc.record({
      kind: fc.constant("emitProgress" as const),
      action: tie("action"),
      startMessage: text,
      successMessage: text,
      failureMessagePrefix: text,
      logSource: text,
    }),
    fc.record({ kind: fc.constant("try" as const), action: tie("action"), logSource: text }),
    fc.record({
      kind: fc.constantFrom("parallel" as const, "serial" as const, "codependent" as const),
      actions: fc.array(tie("action"), { maxLength: 3 }),
      logSource: text,
    }),
  ),
})).action;

const metricTag: fc.Arbitrary<MetricTagValue> = fc.oneof(
  fc.record({ static: text }),
  fc.record({ dynamic: fc.constantFrom("INDEX" as const, "INSTANCE_GUID" as const) }),
);

const cachedDependency: fc.Arbitrary<CachedDependency> = fc.record(
  { name: text, from: text, to: text, cacheKey: text, logSource: text, checksum },
  { requiredKeys: ["name", "from", "to", "cacheKey", "logSource"] },
);

const securityGroupRule: fc.Arbitrary<SecurityGroupRule> = fc.record(
  {
    protocol: fc.constantFrom("tcp", "udp", "icmp", "icmpv6", "all"),
    destinations: texts,
    ports: fc.array(port, { maxLength: 3 }),
    portRange: fc.record({ start: port, end: port }),
    icmpInfo: fc.record({ type: fc.integer({ min: -1, max: 255 }), code: fc.integer() }),
    log: fc.boolean(),
  },
  { requiredKeys: ["protocol", "destinations", "ports", "log"] },
);

const containerFields = {
  rootFs: text,
  environmentVariables: environment,
  diskMb: count,
  memoryMb: count,
  cpuWeight: count,
  privileged: fc.boolean(),
  logSource: text,
  logGuid: text,
  metricsGuid: text,
  cachedDependencies: fc.array(cachedDependency, { maxLength: 2 }),
  legacyDownloadUser: text,
  trustedSystemCertificatesPath: text,
  egressRules: fc.array(securityGroupRule, { maxLength: 2 }),
  placementTags: texts,
  maxPids: count,
  logRateLimitBytesPerSecond: fc.integer({ min: -1 }),
  metricTags: tagged(metricTag),
  annotation: text,
} satisfies { [Field in keyof ContainerDefinition]: fc.Arbitrary<ContainerDefinition[Field]> };

const anyTaskDefinition: fc.Arbitrary<TaskDefinition> = fc.record({
  ...containerFields,
  action: anyAction,
  resultFile: text,
  completionCallbackUrl: text,
});

export const anyTask: fc.Arbitrary<Task> = fc.record({
  definition: anyTaskDefinition,
  taskGuid: text,
  domain: text,
  createdAt: instant,
  updatedAt: instant,
  firstCompletedAt: fc.option(instant, { nil: undefined }),
  state: fc.constantFrom("PENDING", "RUNNING", "COMPLETED", "RESOLVING"),
  cellId: text,
  result: text,
  failed: fc.boolean(),
  failureReason: text,
  rejectionCount: count,
  rejectionReason: text,
});

const check: fc.Arbitrary<Check> = fc.oneof(
  fc.record({
    kind: fc.constant("tcp" as const),
    port,
    connectTimeoutMs: duration,
    intervalMs: duration,
  }),
  fc.record({
    kind: fc.constant("http" as const),
    port,
    requestTimeoutMs: duration,
    path: text,
    intervalMs: duration,
  }),
);

const checkDefinition: fc.Arbitrary<CheckDefinition> = fc.record({
  checks: fc.array(check, { maxLength: 2 }),
  readinessChecks: fc.array(check, { maxLength: 2 }),
  logSource: text,
});

const modificationTag = fc.record({ epoch: text, index: count });

export const anyDesiredLrp: fc.Arbitrary<DesiredLrp> = fc.record({
  ...containerFields,
  processGuid: text,
  domain: text,
  instances: count,
  setup: fc.option(anyAction, { nil: undefined }),
  action: anyAction,
  monitor: fc.option(anyAction, { nil: undefined }),
  checkDefinition: fc.option(checkDefinition, { nil: undefined }),
  startTimeoutMs: duration,
  ports: fc.array(port, { maxLength: 3 }),
  routes: tagged(text),
  modificationTag,
});

export const anySchedulingInfo: fc.Arbitrary<DesiredLrpSchedulingInfo> = fc.record({
  processGuid: text,
  domain: text,
  logGuid: text,
  annotation: text,
  instances: count,
  memoryMb: count,
  diskMb: count,
  maxPids: count,
  rootFs: text,
  routes: tagged(text),
  modificationTag,
  placementTags: texts,
});

const netInfo: fc.Arbitrary<ActualLrpNetInfo> = fc.record({
  address: text,
  ports: fc.array(fc.record({ containerPort: port, hostPort: port }), { maxLength: 3 }),
  instanceAddress: text,
  preferredAddress: fc.constantFrom("UNKNOWN", "INSTANCE", "HOST"),
});

const actualLrpFields = {
  key: fc.record({ processGuid: text, index: count, domain: text }),
  crashCount: count,
  crashReason: text,
  since: instant,
  modificationTag,
  presence: fc.constantFrom("ORDINARY" as const, "EVACUATING" as const, "SUSPECT" as const),
};
const instanceKey = fc.record({ instanceGuid: text, cellId: text });

export const anyActualLrp: fc.Arbitrary<ActualLrp> = fc.oneof(
  fc.record({
    ...actualLrpFields,
    state: fc.constant("UNCLAIMED" as const),
    placementError: text,
  }),
  fc.record({ ...actualLrpFields, state: fc.constant("CLAIMED" as const), instanceKey }),
  fc.record({
    ...actualLrpFields,
    state: fc.constant("RUNNING" as const),
    instanceKey,
    netInfo,
    metricTags: tagged(text),
    routable: fc.boolean(),
  }),
  fc.record({ ...actualLrpFields, state: fc.constant("CRASHED" as const) }),
);

export const anyCellPresence: fc.Arbitrary<CellPresence> = fc.record({
  cellId: nonEmpty,
  repUrl: nonEmpty,
  zone: text,
  capacity: fc.record({ memoryMb: count, diskMb: count, containers: count }),
  preloadedRootFses: texts,
  placementTags: texts,
  optionalPlacementTags: texts,
});
