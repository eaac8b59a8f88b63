import type { MessageInitShape } from "@bufbuild/protobuf";
import { BbsError } from "./bbs-error.ts";
import type { CellPresence } from "./cell-presence.ts";
import type { CellPresence as CellPresenceMessage, CellPresenceSchema } from "./proto/cell_pb.js";

/** The name of the rootfs provider that lists the stacks of `preloaded:NAME`. */
const preloadedProvider = "preloaded";

export function encodeCellPresence(
  presence: CellPresence,
): MessageInitShape<typeof CellPresenceSchema> {
  return {
    cellId: presence.cellId,
    repAddress: presence.repUrl,
    repUrl: presence.repUrl,
    zone: presence.zone,
    capacity: presence.capacity,
    rootfsProviders: [{ name: preloadedProvider, properties: [...presence.preloadedRootFses] }],
    placementTags: [...presence.placementTags],
    optionalPlacementTags: [...presence.optionalPlacementTags],
  };
}

/** @throws {BbsError} InvalidRequest where the message does not say which cell it is and where. */
export function decodeCellPresence(message: CellPresenceMessage | undefined): CellPresence {
  if (message === undefined) throw new BbsError("InvalidRequest", "Invalid field: presence");
  if (message.cellId === "") throw new BbsError("InvalidRequest", "Invalid field: cell_id");
  if (message.repUrl === "") throw new BbsError("InvalidRequest", "Invalid field: rep_url");
  return {
    cellId: message.cellId,
    repUrl: message.repUrl,
    zone: message.zone,
    capacity: {
      memoryMb: message.capacity?.memoryMb ?? 0,
      diskMb: message.capacity?.diskMb ?? 0,
      containers: message.capacity?.containers ?? 0,
    },
    preloadedRootFses: message.rootfsProviders
      .filter(({ name }) => name === preloadedProvider)
      .flatMap(({ properties }) => properties),
    placementTags: message.placementTags,
    optionalPlacementTags: message.optionalPlacementTags,
  };
}
