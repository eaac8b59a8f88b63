import {
  decodeActualLrpKey,
  decodeInstanceKey,
  decodeNetInfo,
  encodeActualLrp,
} from "#diego/models/actual-lrp-codec.ts";
import { encodeActualLrpStates } from "#diego/models/actual-lrp-state-codec.ts";
import {
  ActualLRPLifecycleResponseSchema,
  ActualLRPsByProcessGuidsRequestSchema,
  ActualLRPsRequestSchema,
  ActualLRPsResponseSchema,
  ActualLRPStatesResponseSchema,
  ClaimActualLRPRequestSchema,
  CrashActualLRPRequestSchema,
  FailActualLRPRequestSchema,
  RemoveActualLRPRequestSchema,
  RetireActualLRPRequestSchema,
  StartActualLRPRequestSchema,
} from "#diego/models/proto/actual_lrp_pb.js";
import type { ActualLrpLifecycle } from "../controllers/actual-lrp-lifecycle.ts";
import type { ActualLrpRetirement } from "../controllers/actual-lrp-retirement.ts";
import {
  actualLrps,
  actualLrpsByProcessGuids,
  actualLrpStates,
} from "../store/actual-lrp-table.ts";
import type { BbsDatabase } from "../store/bbs-schema.ts";
import { mandatory, protobufRoute, type ProtobufRoute } from "./protobuf-route.ts";

export function actualLrpRoutes(
  db: BbsDatabase,
  lifecycle: ActualLrpLifecycle,
  retirement: ActualLrpRetirement,
): ProtobufRoute[] {
  return [...readRoutes(db), ...runningRoutes(lifecycle), ...endingRoutes(lifecycle, retirement)];
}

function readRoutes(db: BbsDatabase): ProtobufRoute[] {
  return [
    protobufRoute(
      "/v1/actual_lrps/list",
      { request: ActualLRPsRequestSchema, response: ActualLRPsResponseSchema },
      async ({ domain, cellId, processGuid, index }) => {
        const found = await actualLrps(db, {
          ...(domain === "" ? {} : { domain }),
          ...(cellId === "" ? {} : { cellId }),
          ...(processGuid === "" ? {} : { processGuid }),
          ...(index === undefined ? {} : { index }),
        });
        return { actualLrps: found.map(encodeActualLrp) };
      },
    ),
    protobufRoute(
      "/v1/actual_lrps/list_by_process_guids",
      { request: ActualLRPsByProcessGuidsRequestSchema, response: ActualLRPsResponseSchema },
      async ({ processGuids }) => ({
        actualLrps: (await actualLrpsByProcessGuids(db, processGuids)).map(encodeActualLrp),
      }),
    ),
    protobufRoute(
      "/v1/actual_lrps/states_by_process_guids",
      { request: ActualLRPsByProcessGuidsRequestSchema, response: ActualLRPStatesResponseSchema },
      async ({ processGuids }) =>
        encodeActualLrpStates(await actualLrpStates(db, processGuids), processGuids),
    ),
  ];
}

function runningRoutes(lifecycle: ActualLrpLifecycle): ProtobufRoute[] {
  return [
    protobufRoute(
      "/v1/actual_lrps/claim",
      { request: ClaimActualLRPRequestSchema, response: ActualLRPLifecycleResponseSchema },
      async ({ processGuid, index, actualLrpInstanceKey }) => {
        await lifecycle.claim(
          { processGuid: mandatory("process_guid", processGuid), index },
          decodeInstanceKey(actualLrpInstanceKey),
        );
        return {};
      },
    ),
    protobufRoute(
      "/v1/actual_lrps/start.r1",
      { request: StartActualLRPRequestSchema, response: ActualLRPLifecycleResponseSchema },
      async (request) => {
        await lifecycle.start(decodeActualLrpKey(request.actualLrpKey), {
          instanceKey: decodeInstanceKey(request.actualLrpInstanceKey),
          netInfo: decodeNetInfo(request.actualLrpNetInfo),
          metricTags: request.metricTags,
          routable: request.routable ?? true,
        });
        return {};
      },
    ),
    protobufRoute(
      "/v1/actual_lrps/fail",
      { request: FailActualLRPRequestSchema, response: ActualLRPLifecycleResponseSchema },
      async ({ actualLrpKey, errorMessage }) => {
        await lifecycle.fail(decodeActualLrpKey(actualLrpKey), errorMessage);
        return {};
      },
    ),
  ];
}

function endingRoutes(
  lifecycle: ActualLrpLifecycle,
  retirement: ActualLrpRetirement,
): ProtobufRoute[] {
  return [
    protobufRoute(
      "/v1/actual_lrps/crash",
      { request: CrashActualLRPRequestSchema, response: ActualLRPLifecycleResponseSchema },
      async ({ actualLrpKey, actualLrpInstanceKey, errorMessage }) => {
        await lifecycle.crash(
          decodeActualLrpKey(actualLrpKey),
          decodeInstanceKey(actualLrpInstanceKey),
          errorMessage,
        );
        return {};
      },
    ),
    protobufRoute(
      "/v1/actual_lrps/remove",
      { request: RemoveActualLRPRequestSchema, response: ActualLRPLifecycleResponseSchema },
      async ({ processGuid, index, actualLrpInstanceKey }) => {
        await lifecycle.remove(
          { processGuid: mandatory("process_guid", processGuid), index },
          actualLrpInstanceKey === undefined ? undefined : decodeInstanceKey(actualLrpInstanceKey),
        );
        return {};
      },
    ),
    protobufRoute(
      "/v1/actual_lrps/retire",
      { request: RetireActualLRPRequestSchema, response: ActualLRPLifecycleResponseSchema },
      async ({ actualLrpKey }) => {
        await retirement.retire(decodeActualLrpKey(actualLrpKey));
        return {};
      },
    ),
  ];
}
