import { decodeCellPresence, encodeCellPresence } from "#diego/models/cell-presence-codec.ts";
import {
  CellPresenceLifecycleResponseSchema,
  CellsResponseSchema,
  RemoveCellPresenceRequestSchema,
  UpsertCellPresenceRequestSchema,
} from "#diego/models/proto/cell_pb.js";
import { EmptyRequestSchema } from "#diego/models/proto/domain_pb.js";
import type { CellPresences } from "../cell-presences.ts";
import { mandatory, protobufRoute, type ProtobufRoute } from "./protobuf-route.ts";

/** `cells/presence` is ours: it stands for locket, where the original's cells register. */
export function cellRoutes(cells: CellPresences): ProtobufRoute[] {
  return [
    protobufRoute(
      "/v1/cells/list.r1",
      { request: EmptyRequestSchema, response: CellsResponseSchema },
      async () => ({ cells: cells.list().map(encodeCellPresence) }),
    ),
    protobufRoute(
      "/v1/cells/presence/upsert",
      { request: UpsertCellPresenceRequestSchema, response: CellPresenceLifecycleResponseSchema },
      async ({ presence, ttlSeconds }) => {
        cells.heartbeat(decodeCellPresence(presence), ttlSeconds * 1_000);
        return {};
      },
    ),
    protobufRoute(
      "/v1/cells/presence/remove",
      { request: RemoveCellPresenceRequestSchema, response: CellPresenceLifecycleResponseSchema },
      async ({ cellId }) => {
        cells.withdraw(mandatory("cell_id", cellId));
        return {};
      },
    ),
  ];
}
