import type { MessageInitShape } from "@bufbuild/protobuf";
import { fromNanoseconds, toNanoseconds } from "#kernel/clock/clock.ts";
import type {
  ActualLrp,
  ActualLrpInstanceKey,
  ActualLrpKey,
  ActualLrpNetInfo,
  Presence,
} from "./actual-lrp.ts";
import { BbsError } from "./bbs-error.ts";
import { decodeModificationTag } from "./desired-lrp-codec.ts";
import {
  ActualLRP_Presence,
  ActualLRPNetInfo_PreferredAddress,
  type ActualLRP as ActualLrpMessage,
  type ActualLRPInfo as ActualLrpInfoMessage,
  type ActualLRPInfoSchema,
  type ActualLRPInstanceKey as InstanceKeyMessage,
  type ActualLRPKey as KeyMessage,
  type ActualLRPNetInfo as NetInfoMessage,
  type ActualLRPNetInfoSchema,
  type ActualLRPSchema,
} from "./proto/actual_lrp_pb.js";

export function encodeActualLrp(lrp: ActualLrp): MessageInitShape<typeof ActualLRPSchema> {
  const instanceKey = instanceKeyOf(lrp);
  return {
    ...encodeActualLrpInfo(lrp),
    actualLrpKey: lrp.key,
    ...(instanceKey === undefined ? {} : { actualLrpInstanceKey: instanceKey }),
    ...(lrp.state === "RUNNING" ? { metricTags: { ...lrp.metricTags } } : {}),
  };
}

/** The part of an ActualLRP that a change event carries twice. */
export function encodeActualLrpInfo(
  lrp: ActualLrp,
): Omit<MessageInitShape<typeof ActualLRPInfoSchema>, "$typeName"> {
  return {
    crashCount: lrp.crashCount,
    crashReason: lrp.crashReason,
    state: lrp.state,
    since: toNanoseconds(lrp.since),
    modificationTag: lrp.modificationTag,
    presence: ActualLRP_Presence[lrp.presence],
    ...(lrp.state === "UNCLAIMED" ? { placementError: lrp.placementError } : {}),
    ...(lrp.state === "RUNNING"
      ? { actualLrpNetInfo: encodeNetInfo(lrp.netInfo), routable: lrp.routable }
      : {}),
  };
}

/** The instance that holds the row, where there is one. */
export function instanceKeyOf(lrp: ActualLrp): ActualLrpInstanceKey | undefined {
  switch (lrp.state) {
    case "CLAIMED":
    case "RUNNING":
      return lrp.instanceKey;
    case "UNCLAIMED":
    case "CRASHED":
      return undefined;
  }
}

/** @throws {BbsError} InvalidRecord where the message is no ActualLRP. */
export function decodeActualLrp(message: ActualLrpMessage): ActualLrp {
  return decodeActualLrpParts({
    key: message.actualLrpKey,
    instanceKey: message.actualLrpInstanceKey,
    info: message,
    metricTags: message.metricTags,
  });
}

export function decodeActualLrpParts(parts: {
  readonly key: KeyMessage | undefined;
  readonly instanceKey: InstanceKeyMessage | undefined;
  readonly info: Omit<ActualLrpInfoMessage, "$typeName">;
  readonly metricTags: Readonly<Record<string, string>>;
}): ActualLrp {
  const { info } = parts;
  const base = {
    key: decodeActualLrpKey(parts.key),
    crashCount: info.crashCount,
    crashReason: info.crashReason,
    since: fromNanoseconds(info.since),
    modificationTag: decodeModificationTag(info.modificationTag),
    presence: decodePresence(info.presence),
  };
  switch (info.state) {
    case "UNCLAIMED":
      return { ...base, state: "UNCLAIMED", placementError: info.placementError };
    case "CLAIMED":
      return { ...base, state: "CLAIMED", instanceKey: decodeInstanceKey(parts.instanceKey) };
    case "RUNNING":
      return {
        ...base,
        state: "RUNNING",
        instanceKey: decodeInstanceKey(parts.instanceKey),
        netInfo: decodeNetInfo(info.actualLrpNetInfo),
        metricTags: { ...parts.metricTags },
        routable: info.routable ?? true,
      };
    case "CRASHED":
      return { ...base, state: "CRASHED" };
    default:
      throw new BbsError("InvalidRecord", `Invalid field: state ("${info.state}")`);
  }
}

/** @throws {BbsError} InvalidRequest where there is no key. */
export function decodeActualLrpKey(message: KeyMessage | undefined): ActualLrpKey {
  if (message === undefined) throw new BbsError("InvalidRequest", "Invalid field: actual_lrp_key");
  return { processGuid: message.processGuid, index: message.index, domain: message.domain };
}

/** @throws {BbsError} InvalidRequest where there is no instance key. */
export function decodeInstanceKey(message: InstanceKeyMessage | undefined): ActualLrpInstanceKey {
  if (message === undefined) {
    throw new BbsError("InvalidRequest", "Invalid field: actual_lrp_instance_key");
  }
  return { instanceGuid: message.instanceGuid, cellId: message.cellId };
}

export function encodeNetInfo(
  netInfo: ActualLrpNetInfo,
): MessageInitShape<typeof ActualLRPNetInfoSchema> {
  return {
    address: netInfo.address,
    ports: netInfo.ports.map(({ containerPort, hostPort }) => ({ containerPort, hostPort })),
    instanceAddress: netInfo.instanceAddress,
    preferredAddress: ActualLRPNetInfo_PreferredAddress[netInfo.preferredAddress],
  };
}

/** @throws {BbsError} InvalidRequest where there is no net info. */
export function decodeNetInfo(message: NetInfoMessage | undefined): ActualLrpNetInfo {
  if (message === undefined) {
    throw new BbsError("InvalidRequest", "Invalid field: actual_lrp_net_info");
  }
  return {
    address: message.address,
    ports: message.ports.map(({ containerPort, hostPort }) => ({ containerPort, hostPort })),
    instanceAddress: message.instanceAddress,
    preferredAddress: decodePreferredAddress(message.preferredAddress),
  };
}

function decodePreferredAddress(
  preferred: ActualLRPNetInfo_PreferredAddress,
): ActualLrpNetInfo["preferredAddress"] {
  switch (preferred) {
    case ActualLRPNetInfo_PreferredAddress.UNKNOWN:
      return "UNKNOWN";
    case ActualLRPNetInfo_PreferredAddress.INSTANCE:
      return "INSTANCE";
    case ActualLRPNetInfo_PreferredAddress.HOST:
      return "HOST";
  }
}

function decodePresence(presence: ActualLRP_Presence): Presence {
  switch (presence) {
    case ActualLRP_Presence.ORDINARY:
      return "ORDINARY";
    case ActualLRP_Presence.EVACUATING:
      return "EVACUATING";
    case ActualLRP_Presence.SUSPECT:
      return "SUSPECT";
  }
}
