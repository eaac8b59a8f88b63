import assert from "node:assert/strict";
import { test } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { decodeAction, encodeAction } from "./action-codec.ts";
import { decodeActualLrp, encodeActualLrp } from "./actual-lrp-codec.ts";
import { decodeBbsError, encodeBbsError } from "./bbs-error-codec.ts";
import { BbsError, type BbsErrorType } from "./bbs-error.ts";
import { decodeDesiredLrpRequest, encodeDesiredLrpUpdate } from "./desired-lrp-codec.ts";
import { runningOn, unclaimedLrp } from "./model-builders.ts";
import { ActionSchema, RunActionSchema } from "./proto/actions_pb.js";
import { ActualLRPSchema } from "./proto/actual_lrp_pb.js";
import { LogRateLimitSchema } from "./proto/container_pb.js";
import { DesiredLRPSchema, DesiredLRPUpdateSchema } from "./proto/desired_lrp_pb.js";
import { ErrorSchema, RefusedResponseSchema } from "./proto/error_pb.js";
import { TaskLifecycleResponseSchema, TaskSchema } from "./proto/task_pb.js";

// What another implementation of the protocol would send and expect, byte for byte: written by hand from the field
// numbers, with the tag of a field being its number times 8, plus 0 for a number and 2 for a length and bytes.

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

test("a response without a refusal has no bytes at all", () => {
  assert.equal(hex(toBinary(TaskLifecycleResponseSchema, create(TaskLifecycleResponseSchema))), "");
});

test("a refusal is field 1 of its response: type by number, then the message", () => {
  const error = encodeBbsError(new BbsError("ResourceNotFound", "x"));
  const bytes = toBinary(RefusedResponseSchema, create(RefusedResponseSchema, { error }));
  assert.equal(hex(bytes), "0a05080d120178");
  assert.equal(fromBinary(TaskLifecycleResponseSchema, bytes).error?.message, "x");
});

for (const [type, number] of [
  ["Unknown", 0],
  ["InvalidRecord", 3],
  ["InvalidRequest", 4],
  ["InvalidResponse", 5],
  ["InvalidProtobufMessage", 6],
  ["InvalidStateTransition", 9],
  ["ResourceConflict", 11],
  ["ResourceExists", 12],
  ["ResourceNotFound", 13],
  ["ActualLrpCannotBeClaimed", 15],
  ["ActualLrpCannotBeStarted", 16],
  ["ActualLrpCannotBeCrashed", 17],
  ["ActualLrpCannotBeFailed", 18],
  ["ActualLrpCannotBeRemoved", 19],
  ["ActualLrpCannotBeUnclaimed", 21],
  ["RunningOnDifferentCell", 24],
  ["Deadlock", 28],
  ["Unrecoverable", 29],
  ["Timeout", 31],
] satisfies [BbsErrorType, number][]) {
  test(`error type ${type} is number ${number}`, () => {
    const message = create(ErrorSchema, encodeBbsError(new BbsError(type, "")));
    assert.equal(message.type, number);
    assert.equal(decodeBbsError(message).type, type);
  });
}

test("an error type from a newer BBS reads as Unknown", () => {
  const message = fromBinary(ErrorSchema, Buffer.from("0863120178", "hex"));
  assert.equal(decodeBbsError(message).type, "Unknown");
});

test("an ActualLRP omits what is unset, sends its state as text and its presence by number", () => {
  const bytes = toBinary(
    ActualLRPSchema,
    create(
      ActualLRPSchema,
      encodeActualLrp({
        ...unclaimedLrp({ presence: "SUSPECT", processGuid: "web" }),
        key: { processGuid: "web", index: 0, domain: "d" },
        modificationTag: { epoch: "e", index: 0 },
        since: new Date(1),
      }),
    ),
  );
  assert.equal(
    hex(bytes),
    [
      "0a080a03776562" + "1a0164", // key: process_guid, no index, domain
      "3209" + Buffer.from("UNCLAIMED").toString("hex"),
      "40c0843d", // since: 1,000,000 ns
      "4a030a0165", // modification_tag: epoch, no index
      "5002", // presence SUSPECT
    ].join(""),
  );
});

test("a routable instance that is not says so explicitly; one that says nothing is routable", () => {
  const init = encodeActualLrp({ ...runningOn("a"), routable: false });
  assert.match(
    hex(toBinary(ActualLRPSchema, create(ActualLRPSchema, { routable: init.routable ?? true }))),
    /^6800$/,
  );
  const silent = create(ActualLRPSchema, encodeActualLrp(runningOn("a")));
  delete silent.routable;
  const decoded = decodeActualLrp(silent);
  assert.equal(decoded.state === "RUNNING" && decoded.routable, true);
});

test("a run action is field 3 of an action, its limit of files in a message of its own", () => {
  const bytes = toBinary(
    ActionSchema,
    create(
      ActionSchema,
      encodeAction({
        kind: "run",
        path: "/a",
        args: [""],
        dir: "",
        env: [],
        nofile: 16384,
        user: "u",
        logSource: "",
        suppressLogOutput: false,
      }),
    ),
  );
  assert.equal(hex(bytes), "1a0f" + "0a022f61" + "1200" + "2a0408808001" + "320175");
});

test("a time-out is sent in milliseconds as field 4", () => {
  const action = decodeAction(
    fromBinary(ActionSchema, Buffer.from("220a0a051a030a012f20e807", "hex")),
  );
  assert.equal(action.kind === "timeout" && action.timeoutMs, 1_000);
});

test("an unlimited log rate is -1 in ten bytes", () => {
  const bytes = toBinary(LogRateLimitSchema, create(LogRateLimitSchema, { bytesPerSecond: -1n }));
  assert.equal(hex(bytes), "08ffffffffffffffffff01");
});

test("the state of a task is a number", () => {
  assert.equal(hex(toBinary(TaskSchema, create(TaskSchema, { state: 4 }))), "3804");
});

test("an update to no instances differs from an update that leaves instances alone", () => {
  const bytes = (update: Parameters<typeof encodeDesiredLrpUpdate>[0]) =>
    hex(
      toBinary(
        DesiredLRPUpdateSchema,
        create(DesiredLRPUpdateSchema, encodeDesiredLrpUpdate(update)),
      ),
    );
  assert.equal(bytes({ instances: 0 }), "0800");
  assert.equal(bytes({}), "");
  assert.equal(bytes({ annotation: "" }), "1a00");
  assert.equal(bytes({ routes: {} }), "1200");
});

function isInvalidRequest(pattern: RegExp) {
  return (error: unknown) =>
    error instanceof BbsError && error.type === "InvalidRequest" && pattern.test(error.message);
}

test("an action of no kind, or of two, is refused", () => {
  assert.throws(() => decodeAction(create(ActionSchema)), isInvalidRequest(/inner-action/));
  const two = create(ActionSchema, { runAction: create(RunActionSchema), uploadAction: {} });
  assert.throws(() => decodeAction(two), isInvalidRequest(/more than one kind/));
});

for (const [name, init] of [
  ["a checksum without a value", { checksumAlgorithm: "sha256" }],
  ["a checksum without an algorithm", { checksumValue: "ab" }],
  ["a checksum by an algorithm that is none", { checksumAlgorithm: "crc", checksumValue: "ab" }],
] as const) {
  test(`a download with ${name} is refused`, () => {
    const message = create(ActionSchema, { downloadAction: init });
    assert.throws(() => decodeAction(message), isInvalidRequest(/checksum/));
  });
}

test("a DesiredLRP that asks for what we do not have is refused rather than run without it", () => {
  const action = { runAction: { path: "/a", user: "u" } };
  for (const asked of [
    { sidecars: [{ action }] },
    { volumeMounts: [{ driver: "nfs" }] },
    { imageLayers: [{ url: "http://layer" }] },
    { volumeMountedFiles: [{ path: "/a" }] },
  ]) {
    const message = create(DesiredLRPSchema, { action, ...asked });
    assert.throws(() => decodeDesiredLrpRequest(message), isInvalidRequest(/Not supported/));
  }
});

test("a DesiredLRP without a log rate limit has none", () => {
  const message = create(DesiredLRPSchema, { action: { runAction: {} } });
  assert.equal(decodeDesiredLrpRequest(message).logRateLimitBytesPerSecond, -1);
});

test("a metric tag that is static and dynamic is refused", () => {
  const message = create(DesiredLRPSchema, {
    action: { runAction: {} },
    metricTags: { index: { static: "1", dynamic: 1 } },
  });
  assert.throws(() => decodeDesiredLrpRequest(message), isInvalidRequest(/metric_tags.index/));
});

test("a check that is neither tcp nor http, or both, is refused", () => {
  for (const check of [{}, { tcpCheck: { port: 1 }, httpCheck: { port: 1 } }]) {
    const message = create(DesiredLRPSchema, {
      action: { runAction: {} },
      checkDefinition: { checks: [check] },
    });
    assert.throws(() => decodeDesiredLrpRequest(message), isInvalidRequest(/check/));
  }
});
