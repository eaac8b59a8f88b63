import { BbsError } from "#diego/models/bbs-error.ts";
import {
  decodeDesiredLrpRequest,
  decodeDesiredLrpUpdate,
  encodeDesiredLrp,
  encodeSchedulingInfo,
} from "#diego/models/desired-lrp-codec.ts";
import {
  DesiredLRPByProcessGuidRequestSchema,
  DesiredLRPLifecycleResponseSchema,
  DesiredLRPResponseSchema,
  DesiredLRPSchedulingInfoByProcessGuidResponseSchema,
  DesiredLRPSchedulingInfosResponseSchema,
  DesiredLRPsRequestSchema,
  DesiredLRPsResponseSchema,
  DesireLRPRequestSchema,
  RemoveDesiredLRPRequestSchema,
  UpdateDesiredLRPRequestSchema,
} from "#diego/models/proto/desired_lrp_pb.js";
import type { DesiredLrpOperations } from "../controllers/desired-lrp-operations.ts";
import type { BbsDatabase } from "../store/bbs-schema.ts";
import {
  desiredLrp,
  desiredLrps,
  schedulingInfos,
  type DesiredLrpFilter,
} from "../store/desired-lrp-table.ts";
import { mandatory, protobufRoute, type ProtobufRoute } from "./protobuf-route.ts";

export function desiredLrpRoutes(
  db: BbsDatabase,
  operations: DesiredLrpOperations,
): ProtobufRoute[] {
  return [...readRoutes(db), ...writeRoutes(operations)];
}

function readRoutes(db: BbsDatabase): ProtobufRoute[] {
  return [
    protobufRoute(
      "/v1/desired_lrps/list.r3",
      { request: DesiredLRPsRequestSchema, response: DesiredLRPsResponseSchema },
      async (request) => ({
        desiredLrps: (await desiredLrps(db, filterOf(request))).map(encodeDesiredLrp),
      }),
    ),
    protobufRoute(
      "/v1/desired_lrps/get_by_process_guid.r3",
      { request: DesiredLRPByProcessGuidRequestSchema, response: DesiredLRPResponseSchema },
      async ({ processGuid }) => {
        const lrp = await desiredLrp(db, processGuid);
        if (lrp === undefined) throw notFound(processGuid);
        return { desiredLrp: encodeDesiredLrp(lrp) };
      },
    ),
    protobufRoute(
      "/v1/desired_lrp_scheduling_infos/list",
      { request: DesiredLRPsRequestSchema, response: DesiredLRPSchedulingInfosResponseSchema },
      async (request) => ({
        desiredLrpSchedulingInfos: (await schedulingInfos(db, filterOf(request))).map(
          encodeSchedulingInfo,
        ),
      }),
    ),
    protobufRoute(
      "/v1/desired_lrp_scheduling_infos/get_by_process_guid",
      {
        request: DesiredLRPByProcessGuidRequestSchema,
        response: DesiredLRPSchedulingInfoByProcessGuidResponseSchema,
      },
      async ({ processGuid }) => {
        const [info] = await schedulingInfos(db, { processGuids: [processGuid] });
        if (info === undefined) throw notFound(processGuid);
        return { desiredLrpSchedulingInfo: encodeSchedulingInfo(info) };
      },
    ),
  ];
}

function writeRoutes(operations: DesiredLrpOperations): ProtobufRoute[] {
  return [
    protobufRoute(
      "/v1/desired_lrp/desire.r2",
      { request: DesireLRPRequestSchema, response: DesiredLRPLifecycleResponseSchema },
      async ({ desiredLrp: message }) => {
        await operations.desire(decodeDesiredLrpRequest(message));
        return {};
      },
    ),
    protobufRoute(
      "/v1/desired_lrp/update",
      { request: UpdateDesiredLRPRequestSchema, response: DesiredLRPLifecycleResponseSchema },
      async ({ processGuid, update }) => {
        await operations.update(
          mandatory("process_guid", processGuid),
          decodeDesiredLrpUpdate(update),
        );
        return {};
      },
    ),
    protobufRoute(
      "/v1/desired_lrp/remove",
      { request: RemoveDesiredLRPRequestSchema, response: DesiredLRPLifecycleResponseSchema },
      async ({ processGuid }) => {
        await operations.remove(mandatory("process_guid", processGuid));
        return {};
      },
    ),
  ];
}

function filterOf(request: {
  readonly domain: string;
  readonly processGuids: readonly string[];
}): DesiredLrpFilter {
  return {
    ...(request.domain === "" ? {} : { domain: request.domain }),
    processGuids: request.processGuids,
  };
}

function notFound(processGuid: string): BbsError {
  return new BbsError("ResourceNotFound", `There is no DesiredLRP "${processGuid}"`);
}
