import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import { fromNanoseconds, toNanoseconds } from "#kernel/clock/clock.ts";
import {
  decodeActualLrp,
  decodeActualLrpKey,
  decodeActualLrpParts,
  decodeInstanceKey,
  encodeActualLrp,
  encodeActualLrpInfo,
  instanceKeyOf,
} from "./actual-lrp-codec.ts";
import type { ActualLrp, ActualLrpInstanceKey, ActualLrpKey } from "./actual-lrp.ts";
import { BbsError } from "./bbs-error.ts";
import { decodeDesiredLrp, encodeDesiredLrp } from "./desired-lrp-codec.ts";
import type { LrpEvent, TaskEvent } from "./event.ts";
import type { ActualLRPInfo } from "./proto/actual_lrp_pb.js";
import {
  ActualLRPCrashedEventSchema,
  ActualLRPInstanceChangedEventSchema,
  ActualLRPInstanceCreatedEventSchema,
  ActualLRPInstanceRemovedEventSchema,
  DesiredLRPChangedEventSchema,
  DesiredLRPCreatedEventSchema,
  DesiredLRPRemovedEventSchema,
  TaskChangedEventSchema,
  TaskCreatedEventSchema,
  TaskRemovedEventSchema,
} from "./proto/events_pb.js";
import { decodeTask, encodeTask } from "./task-codec.ts";

/** The bytes of an event's message; its name on the stream is its kind. */
export function encodeLrpEvent(event: LrpEvent): Uint8Array {
  switch (event.kind) {
    case "desired_lrp_created":
      return bytes(DesiredLRPCreatedEventSchema, {
        desiredLrp: encodeDesiredLrp(event.desiredLrp),
      });
    case "desired_lrp_changed":
      return bytes(DesiredLRPChangedEventSchema, {
        before: encodeDesiredLrp(event.before),
        after: encodeDesiredLrp(event.after),
      });
    case "desired_lrp_removed":
      return bytes(DesiredLRPRemovedEventSchema, {
        desiredLrp: encodeDesiredLrp(event.desiredLrp),
      });
    case "actual_lrp_instance_created":
      return bytes(ActualLRPInstanceCreatedEventSchema, {
        actualLrp: encodeActualLrp(event.actualLrp),
      });
    case "actual_lrp_instance_changed":
      return bytes(ActualLRPInstanceChangedEventSchema, changedInstance(event));
    case "actual_lrp_instance_removed":
      return bytes(ActualLRPInstanceRemovedEventSchema, {
        actualLrp: encodeActualLrp(event.actualLrp),
      });
    case "actual_lrp_crashed":
      return bytes(ActualLRPCrashedEventSchema, {
        actualLrpKey: event.key,
        actualLrpInstanceKey: event.instanceKey,
        crashCount: event.crashCount,
        crashReason: event.crashReason,
        since: toNanoseconds(event.since),
      });
  }
}

/** One instance key stands for both sides: the newer one, else the older. */
function changedInstance(event: {
  readonly before: ActualLrp;
  readonly after: ActualLrp;
}): MessageInitShape<typeof ActualLRPInstanceChangedEventSchema> {
  const instanceKey = instanceKeyOf(event.after) ?? instanceKeyOf(event.before);
  return {
    actualLrpKey: event.after.key,
    ...(instanceKey === undefined ? {} : { actualLrpInstanceKey: instanceKey }),
    before: encodeActualLrpInfo(event.before),
    after: encodeActualLrpInfo(event.after),
  };
}

export function encodeTaskEvent(event: TaskEvent): Uint8Array {
  switch (event.kind) {
    case "task_created":
      return bytes(TaskCreatedEventSchema, { task: encodeTask(event.task) });
    case "task_changed":
      return bytes(TaskChangedEventSchema, {
        before: encodeTask(event.before),
        after: encodeTask(event.after),
      });
    case "task_removed":
      return bytes(TaskRemovedEventSchema, { task: encodeTask(event.task) });
  }
}

/**
 * Undefined for a name that we do not know, so that a newer BBS may send more kinds.
 *
 * A changed instance carries neither metric tags nor both instance keys: tags decode as empty (who wants them
 * takes the DesiredLRP's), and where a running
 * instance has overtaken another's claim, `before` shows the new key.
 *
 * @throws {BbsError} where the bytes are no such event.
 */
export function decodeLrpEvent(name: string, data: Uint8Array): LrpEvent | undefined {
  switch (name) {
    case "desired_lrp_created":
    case "desired_lrp_removed": {
      const schema =
        name === "desired_lrp_created"
          ? DesiredLRPCreatedEventSchema
          : DesiredLRPRemovedEventSchema;
      const { desiredLrp } = fromBinary(schema, data);
      return { kind: name, desiredLrp: decodeDesiredLrp(present(desiredLrp)) };
    }
    case "desired_lrp_changed": {
      const { before, after } = fromBinary(DesiredLRPChangedEventSchema, data);
      return {
        kind: name,
        before: decodeDesiredLrp(present(before)),
        after: decodeDesiredLrp(present(after)),
      };
    }
    case "actual_lrp_instance_created":
    case "actual_lrp_instance_removed": {
      const schema =
        name === "actual_lrp_instance_created"
          ? ActualLRPInstanceCreatedEventSchema
          : ActualLRPInstanceRemovedEventSchema;
      const { actualLrp } = fromBinary(schema, data);
      return { kind: name, actualLrp: decodeActualLrp(present(actualLrp)) };
    }
    case "actual_lrp_instance_changed": {
      const message = fromBinary(ActualLRPInstanceChangedEventSchema, data);
      const side = (info: ActualLRPInfo | undefined): ActualLrp =>
        decodeActualLrpParts({
          key: message.actualLrpKey,
          instanceKey: message.actualLrpInstanceKey,
          info: present(info),
          metricTags: {},
        });
      return { kind: name, before: side(message.before), after: side(message.after) };
    }
    case "actual_lrp_crashed":
      return decodeCrash(data);
    default:
      return undefined;
  }
}

function decodeCrash(data: Uint8Array): LrpEvent {
  const message = fromBinary(ActualLRPCrashedEventSchema, data);
  const key: ActualLrpKey = decodeActualLrpKey(message.actualLrpKey);
  const instanceKey: ActualLrpInstanceKey = decodeInstanceKey(message.actualLrpInstanceKey);
  return {
    kind: "actual_lrp_crashed",
    key,
    instanceKey,
    crashCount: message.crashCount,
    crashReason: message.crashReason,
    since: fromNanoseconds(message.since),
  };
}

/** As `decodeLrpEvent`. */
export function decodeTaskEvent(name: string, data: Uint8Array): TaskEvent | undefined {
  switch (name) {
    case "task_created":
    case "task_removed": {
      const schema = name === "task_created" ? TaskCreatedEventSchema : TaskRemovedEventSchema;
      const { task } = fromBinary(schema, data);
      return { kind: name, task: decodeTask(present(task)) };
    }
    case "task_changed": {
      const { before, after } = fromBinary(TaskChangedEventSchema, data);
      return {
        kind: name,
        before: decodeTask(present(before)),
        after: decodeTask(present(after)),
      };
    }
    default:
      return undefined;
  }
}

function bytes<Schema extends DescMessage>(
  schema: Schema,
  init: MessageInitShape<Schema>,
): Uint8Array {
  return toBinary(schema, create(schema, init));
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new BbsError("InvalidResponse", "Event without its subject");
  return value;
}
