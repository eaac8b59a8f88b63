import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { BbsError, type BbsErrorType } from "./bbs-error.ts";
import { Error_Type, ErrorSchema, type Error as ErrorMessage } from "./proto/error_pb.js";

/** The numbers of `models.Error.Type`; a number that we do not know reads as Unknown. */
const numbers = {
  Unknown: Error_Type.Unknown,
  InvalidRecord: Error_Type.InvalidRecord,
  InvalidRequest: Error_Type.InvalidRequest,
  InvalidResponse: Error_Type.InvalidResponse,
  InvalidProtobufMessage: Error_Type.InvalidProtobufMessage,
  InvalidStateTransition: Error_Type.InvalidStateTransition,
  ResourceConflict: Error_Type.ResourceConflict,
  ResourceExists: Error_Type.ResourceExists,
  ResourceNotFound: Error_Type.ResourceNotFound,
  ActualLrpCannotBeClaimed: Error_Type.ActualLrpCannotBeClaimed,
  ActualLrpCannotBeStarted: Error_Type.ActualLrpCannotBeStarted,
  ActualLrpCannotBeCrashed: Error_Type.ActualLrpCannotBeCrashed,
  ActualLrpCannotBeFailed: Error_Type.ActualLrpCannotBeFailed,
  ActualLrpCannotBeRemoved: Error_Type.ActualLrpCannotBeRemoved,
  ActualLrpCannotBeUnclaimed: Error_Type.ActualLrpCannotBeUnclaimed,
  RunningOnDifferentCell: Error_Type.RunningOnDifferentCell,
  Deadlock: Error_Type.Deadlock,
  Unrecoverable: Error_Type.Unrecoverable,
  Timeout: Error_Type.Timeout,
} as const satisfies Record<BbsErrorType, Error_Type>;

const names = new Map<number, BbsErrorType>();
for (const [name, number] of Object.entries(numbers)) names.set(number, name as BbsErrorType);

export function encodeBbsError(error: BbsError): MessageInitShape<typeof ErrorSchema> {
  return create(ErrorSchema, { type: numbers[error.type], message: error.message });
}

export function decodeBbsError(message: ErrorMessage): BbsError {
  return new BbsError(names.get(message.type) ?? "Unknown", message.message);
}
