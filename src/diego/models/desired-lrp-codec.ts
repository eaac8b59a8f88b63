import type { MessageInitShape } from "@bufbuild/protobuf";
import { decodeMandatoryAction, decodeOptionalAction, encodeAction } from "./action-codec.ts";
import { BbsError } from "./bbs-error.ts";
import { decodeCheckDefinition, encodeCheckDefinition } from "./check-definition-codec.ts";
import {
  decodeContainerDefinition,
  decodeMetricTags,
  encodeContainerDefinition,
  encodeMetricTags,
  refuseUnsupported,
} from "./container-definition-codec.ts";
import type {
  DesiredLrp,
  DesiredLrpRequest,
  DesiredLrpSchedulingInfo,
  DesiredLrpUpdate,
  Routes,
} from "./desired-lrp.ts";
import type { ModificationTag } from "./modification-tag.ts";
import type {
  DesiredLRP as DesiredLrpMessage,
  DesiredLRPSchedulingInfo as SchedulingInfoMessage,
  DesiredLRPSchedulingInfoSchema,
  DesiredLRPSchema,
  DesiredLRPUpdate as DesiredLrpUpdateMessage,
  DesiredLRPUpdateSchema,
  ProtoRoutes as RoutesMessage,
} from "./proto/desired_lrp_pb.js";

export function encodeDesiredLrpRequest(
  lrp: DesiredLrpRequest,
): Omit<MessageInitShape<typeof DesiredLRPSchema>, "$typeName"> {
  return {
    ...encodeContainerDefinition(lrp),
    processGuid: lrp.processGuid,
    domain: lrp.domain,
    instances: lrp.instances,
    ...(lrp.setup === undefined ? {} : { setup: encodeAction(lrp.setup) }),
    action: encodeAction(lrp.action),
    ...(lrp.monitor === undefined ? {} : { monitor: encodeAction(lrp.monitor) }),
    ...(lrp.checkDefinition === undefined
      ? {}
      : { checkDefinition: encodeCheckDefinition(lrp.checkDefinition) }),
    startTimeoutMs: BigInt(lrp.startTimeoutMs),
    ports: [...lrp.ports],
    routes: encodeRoutes(lrp.routes),
  };
}

export function encodeDesiredLrp(lrp: DesiredLrp): MessageInitShape<typeof DesiredLRPSchema> {
  return { ...encodeDesiredLrpRequest(lrp), modificationTag: lrp.modificationTag };
}

/** @throws {BbsError} InvalidRequest where the message is no DesiredLRP. */
export function decodeDesiredLrpRequest(message: DesiredLrpMessage | undefined): DesiredLrpRequest {
  if (message === undefined) throw new BbsError("InvalidRequest", "Invalid field: desired_lrp");
  refuseUnsupported({ sidecars: message.sidecars });
  return {
    ...decodeContainerDefinition(message),
    processGuid: message.processGuid,
    domain: message.domain,
    instances: message.instances,
    setup: decodeOptionalAction(message.setup),
    action: decodeMandatoryAction(message.action),
    monitor: decodeOptionalAction(message.monitor),
    checkDefinition:
      message.checkDefinition === undefined
        ? undefined
        : decodeCheckDefinition(message.checkDefinition),
    startTimeoutMs: Number(message.startTimeoutMs),
    ports: message.ports,
    routes: decodeRoutes(message.routes),
  };
}

export function decodeDesiredLrp(message: DesiredLrpMessage): DesiredLrp {
  return {
    ...decodeDesiredLrpRequest(message),
    modificationTag: decodeModificationTag(message.modificationTag),
  };
}

export function encodeDesiredLrpUpdate(
  update: DesiredLrpUpdate,
): MessageInitShape<typeof DesiredLRPUpdateSchema> {
  return {
    ...(update.instances === undefined ? {} : { instances: update.instances }),
    ...(update.routes === undefined ? {} : { routes: encodeRoutes(update.routes) }),
    ...(update.annotation === undefined ? {} : { annotation: update.annotation }),
    ...(update.metricTags === undefined ? {} : { metricTags: encodeMetricTags(update.metricTags) }),
  };
}

/** An empty map of metric tags is no different from an absent one on the wire: both leave the tags alone. */
export function decodeDesiredLrpUpdate(
  message: DesiredLrpUpdateMessage | undefined,
): DesiredLrpUpdate {
  if (message === undefined) throw new BbsError("InvalidRequest", "Invalid field: update");
  const metricTags = decodeMetricTags(message.metricTags);
  return {
    ...(message.instances === undefined ? {} : { instances: message.instances }),
    ...(message.routes === undefined ? {} : { routes: decodeRoutes(message.routes) }),
    ...(message.annotation === undefined ? {} : { annotation: message.annotation }),
    ...(Object.keys(metricTags).length === 0 ? {} : { metricTags }),
  };
}

export function encodeSchedulingInfo(
  info: DesiredLrpSchedulingInfo,
): MessageInitShape<typeof DesiredLRPSchedulingInfoSchema> {
  return {
    desiredLrpKey: {
      processGuid: info.processGuid,
      domain: info.domain,
      logGuid: info.logGuid,
    },
    annotation: info.annotation,
    instances: info.instances,
    desiredLrpResource: {
      memoryMb: info.memoryMb,
      diskMb: info.diskMb,
      rootFs: info.rootFs,
      maxPids: info.maxPids,
    },
    routes: encodeRoutes(info.routes),
    modificationTag: info.modificationTag,
    placementTags: [...info.placementTags],
  };
}

export function decodeSchedulingInfo(message: SchedulingInfoMessage): DesiredLrpSchedulingInfo {
  return {
    processGuid: message.desiredLrpKey?.processGuid ?? "",
    domain: message.desiredLrpKey?.domain ?? "",
    logGuid: message.desiredLrpKey?.logGuid ?? "",
    annotation: message.annotation,
    instances: message.instances,
    memoryMb: message.desiredLrpResource?.memoryMb ?? 0,
    diskMb: message.desiredLrpResource?.diskMb ?? 0,
    maxPids: message.desiredLrpResource?.maxPids ?? 0,
    rootFs: message.desiredLrpResource?.rootFs ?? "",
    routes: decodeRoutes(message.routes),
    modificationTag: decodeModificationTag(message.modificationTag),
    placementTags: message.placementTags,
  };
}

export function decodeModificationTag(message: ModificationTag | undefined): ModificationTag {
  return { epoch: message?.epoch ?? "", index: message?.index ?? 0 };
}

const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

function encodeRoutes(routes: Routes) {
  return {
    routes: Object.fromEntries(
      Object.entries(routes).map(([key, json]) => [key, utf8.encode(json)]),
    ),
  };
}

function decodeRoutes(message: RoutesMessage | undefined): Routes {
  return Object.fromEntries(
    Object.entries(message?.routes ?? {}).map(([key, json]) => [key, fromUtf8.decode(json)]),
  );
}
