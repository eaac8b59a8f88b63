import type { MessageInitShape } from "@bufbuild/protobuf";
import { fromMilliseconds } from "#kernel/clock/clock.ts";
import type { ActualLrpState } from "./actual-lrp.ts";
import { BbsError } from "./bbs-error.ts";
import {
  ActualLRPStatesResponse_State as State,
  type ActualLRPStatesResponse,
  type ActualLRPStatesResponseSchema,
} from "./proto/actual_lrp_pb.js";

// Columns instead of a message a row: a message costs five objects, which outlive the young generation as lists do.

/** @param processGuids what was asked for; every row is of one of them */
export function encodeActualLrpStates(
  states: readonly ActualLrpState[],
  processGuids: readonly string[],
): MessageInitShape<typeof ActualLRPStatesResponseSchema> {
  const places = new Map(processGuids.map((guid, place) => [guid, place]));
  return {
    process: states.map(({ key }) => places.get(key.processGuid) ?? processGuids.length),
    index: states.map(({ key }) => key.index),
    state: states.map(({ state }) => State[state]),
    sinceMs: states.map(({ since }) => since.getTime()),
    routable: states.map((lrp) => lrp.state === "RUNNING" && lrp.routable),
    placementError: states.map((lrp) => (lrp.state === "UNCLAIMED" ? lrp.placementError : "")),
  };
}

/** @throws {BbsError} InvalidResponse where a column is too short or a row is of no process that was asked for */
export function decodeActualLrpStates(
  message: ActualLRPStatesResponse,
  processGuids: readonly string[],
): ActualLrpState[] {
  return message.process.map((place, row) => {
    const processGuid = processGuids[place];
    const index = message.index[row];
    const state = message.state[row];
    const sinceMs = message.sinceMs[row];
    const routable = message.routable[row];
    const placementError = message.placementError[row];
    if (
      processGuid === undefined ||
      index === undefined ||
      state === undefined ||
      sinceMs === undefined ||
      routable === undefined ||
      placementError === undefined
    ) {
      throw new BbsError("InvalidResponse", `Row ${row} of the states of ActualLRPs is not whole`);
    }
    const base = { key: { processGuid, index }, since: fromMilliseconds(sinceMs) };
    switch (state) {
      case State.UNCLAIMED:
        return { ...base, state: "UNCLAIMED", placementError };
      case State.CLAIMED:
        return { ...base, state: "CLAIMED" };
      case State.RUNNING:
        return { ...base, state: "RUNNING", routable };
      case State.CRASHED:
        return { ...base, state: "CRASHED" };
      default:
        throw new BbsError(
          "InvalidResponse",
          `Row ${row} of the states of ActualLRPs is in an unknown one`,
        );
    }
  });
}
