import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action } from "./action.ts";
import { BbsError } from "./bbs-error.ts";
import type { SecurityGroupRule } from "./container-definition.ts";
import { validateDesiredLrp, validateDesiredLrpUpdate, validateTask } from "./desire-validation.ts";
import type { DesiredLrpRequest } from "./desired-lrp.ts";
import { desiredLrpRequest, runAction, taskDefinition } from "./model-builders.ts";

function refuses(work: () => void, fields: string): void {
  assert.throws(work, (error: unknown) => {
    assert.ok(error instanceof BbsError);
    assert.equal(error.type, "InvalidRequest");
    assert.equal(error.message, fields);
    return true;
  });
}

function rule(overrides: Partial<SecurityGroupRule>): SecurityGroupRule {
  return { protocol: "tcp", destinations: ["0.0.0.0/0"], ports: [80], log: false, ...overrides };
}

const run = runAction();
const icmpInfo = { type: 0, code: 0 };
const portRange = { start: 1, end: 2 };

test("a DesiredLRP of no instances with everything in place is valid", () => {
  validateDesiredLrp(
    desiredLrpRequest({
      instances: 0,
      memoryMb: 0,
      setup: { kind: "serial", actions: [run], logSource: "" },
      monitor: { kind: "timeout", action: run, timeoutMs: 1, logSource: "" },
      egressRules: [
        rule({}),
        rule({ protocol: "udp", ports: [], portRange }),
        rule({ protocol: "icmp", ports: [], icmpInfo }),
        rule({ protocol: "all", ports: [], log: true }),
      ],
      annotation: "x".repeat(10 * 1024),
    }),
  );
});

for (const [field, lrp] of [
  ["process_guid", { processGuid: "" }],
  ["process_guid", { processGuid: "a guid" }],
  ["process_guid", { processGuid: "x".repeat(256) }],
  ["domain", { domain: "" }],
  ["instances", { instances: -1 }],
  ["start_timeout_ms", { startTimeoutMs: -1 }],
  ["root_fs", { rootFs: "" }],
  ["root_fs", { rootFs: "cflinuxfs4" }],
  ["disk_mb", { diskMb: -1 }],
  ["memory_mb", { memoryMb: -1 }],
  ["max_pids", { maxPids: -1 }],
  ["log_rate_limit", { logRateLimitBytesPerSecond: -2 }],
  ["annotation", { annotation: "x".repeat(10 * 1024 + 1) }],
  ["routes", { routes: { "cf-router": "x".repeat(128 * 1024) } }],
  ["ports", { ports: [0] }],
  ["egress_rules.destinations", { egressRules: [rule({ destinations: [] })] }],
  ["egress_rules.ports", { egressRules: [rule({ ports: [] })] }],
  ["egress_rules.ports", { egressRules: [rule({ portRange })] }],
  ["egress_rules.ports", { egressRules: [rule({ ports: [70_000] })] }],
  ["egress_rules.icmp_info", { egressRules: [rule({ icmpInfo })] }],
  ["egress_rules.icmp_info", { egressRules: [rule({ protocol: "icmp", ports: [] })] }],
  ["egress_rules.ports", { egressRules: [rule({ protocol: "icmp", icmpInfo })] }],
  ["egress_rules.ports", { egressRules: [rule({ protocol: "all" })] }],
  ["egress_rules.log", { egressRules: [rule({ protocol: "udp", log: true })] }],
  [
    "egress_rules.port_range",
    { egressRules: [rule({ ports: [], portRange: { start: 2, end: 1 } })] },
  ],
  [
    "check_definition.port",
    {
      checkDefinition: {
        checks: [{ kind: "tcp", port: 65_536, connectTimeoutMs: 0, intervalMs: 0 }],
        readinessChecks: [],
        logSource: "",
      },
    },
  ],
] satisfies [string, Partial<DesiredLrpRequest>][]) {
  test(`a DesiredLRP with ${JSON.stringify(lrp).slice(0, 60)} is refused for its ${field}`, () => {
    refuses(() => validateDesiredLrp(desiredLrpRequest(lrp)), `Invalid field: ${field}`);
  });
}

const download: Action = {
  kind: "download",
  artifact: "",
  from: "http://blob",
  to: "/tmp/app",
  cacheKey: "",
  logSource: "",
  user: "vcap",
};

for (const [fields, action] of [
  ["path, user", { ...run, path: "", user: "" }],
  ["from, to, user", { ...download, from: "", to: "", user: "" }],
  ["checksum value", { ...download, checksum: { algorithm: "sha1", value: "" } }],
  ["timeout_ms", { kind: "timeout", action: run, timeoutMs: 0, logSource: "" }],
  ["actions", { kind: "parallel", actions: [], logSource: "" }],
  [
    "path",
    {
      kind: "try",
      logSource: "",
      action: { kind: "codependent", actions: [run, { ...run, path: "" }], logSource: "" },
    },
  ],
] as [string, Action][]) {
  test(`a task with ${action.kind} ${JSON.stringify(action).length} long is refused for ${fields}`, () => {
    const message = fields
      .split(", ")
      .map((field) => `Invalid field: ${field}`)
      .join(", ");
    refuses(
      () =>
        validateTask({
          definition: taskDefinition({ action }),
          taskGuid: "task-1",
          domain: "cf-tasks",
        }),
      message,
    );
  });
}

test("a task is refused for all its wrong fields at once", () => {
  refuses(
    () =>
      validateTask({
        definition: taskDefinition({ rootFs: "x", memoryMb: -1 }),
        taskGuid: "a/b",
        domain: "",
      }),
    "Invalid field: task_guid, Invalid field: domain, Invalid field: root_fs, Invalid field: memory_mb",
  );
});

test("an update may set what it likes within the limits, and no more", () => {
  validateDesiredLrpUpdate({});
  validateDesiredLrpUpdate({ instances: 0, annotation: "", routes: {} });
  refuses(() => validateDesiredLrpUpdate({ instances: -1 }), "Invalid field: instances");
  refuses(
    () => validateDesiredLrpUpdate({ annotation: "é".repeat(5 * 1024 + 1) }),
    "Invalid field: annotation",
  );
});
