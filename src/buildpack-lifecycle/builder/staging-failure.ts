/** The statuses with which the builder ends; Cloud Controller turns 222, 223 and 224 into errors of their own. */
export const exitStatus = {
  general: 1,
  platformOptions: 3,
  credhub: 4,
  detect: 222,
  compile: 223,
  release: 224,
  supply: 225,
} as const;

/** Staging cannot go on. The message is what the developer reads last, on standard error. */
export class StagingFailure extends Error {
  readonly exitStatus: number;
  /** The same for the build's error; where the message is the original's, it may say more. */
  readonly reason: string;

  constructor(status: number, message: string, reason = message) {
    super(message);
    this.reason = reason;
    this.name = "StagingFailure";
    this.exitStatus = status;
  }
}

/** Says what was being done when `cause` happened; the outermost such layer decides the exit status. */
export function failedWhile(
  what: string,
  cause: unknown,
  status: number = exitStatus.general,
): StagingFailure {
  return new StagingFailure(status, `${what}: ${messageOf(cause)}`);
}

export function messageOf(cause: unknown): string {
  // Of a host with several addresses none of which answers: it has no words of its own.
  if (cause instanceof AggregateError && cause.message === "") {
    return cause.errors.map(messageOf).join(", ");
  }
  return cause instanceof Error ? cause.message : String(cause);
}
