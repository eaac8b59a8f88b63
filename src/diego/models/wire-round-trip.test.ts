import assert from "node:assert/strict";
import { test } from "node:test";
import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import { decodeAction, encodeAction } from "./action-codec.ts";
import { decodeActualLrp, encodeActualLrp } from "./actual-lrp-codec.ts";
import { decodeCellPresence, encodeCellPresence } from "./cell-presence-codec.ts";
import {
  decodeDesiredLrp,
  decodeSchedulingInfo,
  encodeDesiredLrp,
  encodeSchedulingInfo,
} from "./desired-lrp-codec.ts";
import { decodeLrpEvent, decodeTaskEvent, encodeLrpEvent, encodeTaskEvent } from "./event-codec.ts";
import type { LrpEvent, TaskEvent } from "./event.ts";
import {
  anyAction,
  anyActualLrp,
  anyCellPresence,
  anyDesiredLrp,
  anySchedulingInfo,
  anyTask,
} from "./model-arbitraries.ts";
import { ActionSchema } from "./proto/actions_pb.js";
import { ActualLRPSchema } from "./proto/actual_lrp_pb.js";
import { CellPresenceSchema } from "./proto/cell_pb.js";
import { DesiredLRPSchedulingInfoSchema, DesiredLRPSchema } from "./proto/desired_lrp_pb.js";
import { TaskSchema } from "./proto/task_pb.js";
import { decodeTask, encodeTask } from "./task-codec.ts";

/** Some generated objects have no prototype, which a strict comparison would count as a difference. */
function plain<Model>(model: Model): Model {
  return structuredClone(model);
}

function roundTrips<Model, Schema extends DescMessage>(
  models: fc.Arbitrary<Model>,
  schema: Schema,
  codec: {
    readonly encode: (model: Model) => MessageInitShape<Schema>;
    readonly decode: (message: MessageShape<Schema>) => Model;
  },
): void {
  fc.assert(
    fc.property(models, (model) => {
      const bytes = toBinary(schema, create(schema, codec.encode(model)));
      assert.deepEqual(codec.decode(fromBinary(schema, bytes)), plain(model));
    }),
  );
}

test("an action is the same after a trip over the wire", () => {
  roundTrips(anyAction, ActionSchema, { encode: encodeAction, decode: decodeAction });
});

test("a task is the same after a trip over the wire", () => {
  roundTrips(anyTask, TaskSchema, { encode: encodeTask, decode: decodeTask });
});

test("a DesiredLRP is the same after a trip over the wire", () => {
  roundTrips(anyDesiredLrp, DesiredLRPSchema, {
    encode: encodeDesiredLrp,
    decode: decodeDesiredLrp,
  });
});

test("scheduling info is the same after a trip over the wire", () => {
  roundTrips(anySchedulingInfo, DesiredLRPSchedulingInfoSchema, {
    encode: encodeSchedulingInfo,
    decode: decodeSchedulingInfo,
  });
});

test("an ActualLRP is the same after a trip over the wire", () => {
  roundTrips(anyActualLrp, ActualLRPSchema, { encode: encodeActualLrp, decode: decodeActualLrp });
});

test("a cell presence is the same after a trip over the wire", () => {
  roundTrips(anyCellPresence, CellPresenceSchema, {
    encode: encodeCellPresence,
    decode: decodeCellPresence,
  });
});

const wholeLrpEvents: fc.Arbitrary<LrpEvent> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("desired_lrp_created" as const, "desired_lrp_removed" as const),
    desiredLrp: anyDesiredLrp,
  }),
  fc.record({
    kind: fc.constant("desired_lrp_changed" as const),
    before: anyDesiredLrp,
    after: anyDesiredLrp,
  }),
  fc.record({
    kind: fc.constantFrom(
      "actual_lrp_instance_created" as const,
      "actual_lrp_instance_removed" as const,
    ),
    actualLrp: anyActualLrp,
  }),
  anyActualLrp.map((lrp) => ({
    kind: "actual_lrp_crashed" as const,
    key: lrp.key,
    instanceKey: { instanceGuid: "instance-a", cellId: "cell-a" },
    crashCount: lrp.crashCount,
    crashReason: lrp.crashReason,
    since: lrp.since,
  })),
);

test("an LRP event is the same after a trip over the wire", () => {
  fc.assert(
    fc.property(wholeLrpEvents, (event) => {
      assert.deepEqual(decodeLrpEvent(event.kind, encodeLrpEvent(event)), plain(event));
    }),
  );
});

test("a changed instance keeps all but its metric tags and the older of two instance keys", () => {
  fc.assert(
    fc.property(anyActualLrp, anyActualLrp, (before, after) => {
      const event: LrpEvent = {
        kind: "actual_lrp_instance_changed",
        before: { ...before, key: after.key },
        after,
      };

      const decoded = decodeLrpEvent(event.kind, encodeLrpEvent(event));

      const expected = after.state === "RUNNING" ? { ...after, metricTags: {} } : after;
      assert.equal(decoded?.kind, "actual_lrp_instance_changed");
      assert.deepEqual(decoded.after, plain(expected));
      assert.equal(decoded.before.state, before.state);
      assert.deepEqual(decoded.before.modificationTag, plain(before.modificationTag));
    }),
  );
});

test("a task event is the same after a trip over the wire", () => {
  const events: fc.Arbitrary<TaskEvent> = fc.oneof(
    fc.record({
      kind: fc.constantFrom("task_created" as const, "task_removed" as const),
      task: anyTask,
    }),
    fc.record({ kind: fc.constant("task_changed" as const), before: anyTask, after: anyTask }),
  );
  fc.assert(
    fc.property(events, (event) => {
      assert.deepEqual(decodeTaskEvent(event.kind, encodeTaskEvent(event)), plain(event));
    }),
  );
});

test("an event of a kind that we do not know is passed over", () => {
  assert.equal(decodeLrpEvent("actual_lrp_changed", new Uint8Array()), undefined);
  assert.equal(decodeTaskEvent("task_celebrated", new Uint8Array()), undefined);
});
