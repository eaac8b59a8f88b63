/** The error types of the BBS, by their names on the wire (`models.Error.Type`). */
export type BbsErrorType =
  | "Unknown"
  | "InvalidRecord"
  | "InvalidRequest"
  | "InvalidResponse"
  | "InvalidProtobufMessage"
  | "InvalidStateTransition"
  | "ResourceConflict"
  | "ResourceExists"
  | "ResourceNotFound"
  | "ActualLrpCannotBeClaimed"
  | "ActualLrpCannotBeStarted"
  | "ActualLrpCannotBeCrashed"
  | "ActualLrpCannotBeFailed"
  | "ActualLrpCannotBeRemoved"
  | "ActualLrpCannotBeUnclaimed"
  | "RunningOnDifferentCell"
  | "Deadlock"
  | "Unrecoverable"
  | "Timeout";

export class BbsError extends Error {
  readonly type: BbsErrorType;
  constructor(type: BbsErrorType, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BbsError";
    this.type = type;
  }
}
