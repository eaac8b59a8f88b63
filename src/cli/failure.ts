/**
 * What went wrong, in words meant for the user. The runner prints the message on stderr and `FAILED` on stdout, as the
 * official client does; anything else that is thrown is a bug of the client.
 */
export class Failure extends Error {
  readonly exitCode: number;
  /** Printed last, on stdout. */
  readonly tip: string | undefined;

  constructor(message: string, options: { cause?: unknown; exitCode?: number; tip?: string } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : {});
    this.name = "Failure";
    this.exitCode = options.exitCode ?? 1;
    this.tip = options.tip;
  }
}

/** Flags that cannot stand together or hold what they cannot: the command's help follows the message. */
export class UsageFailure extends Failure {
  constructor(message: string, { isPrefixed = true }: { isPrefixed?: boolean } = {}) {
    super(isPrefixed ? `Incorrect Usage: ${message}` : message);
    this.name = "UsageFailure";
  }
}

export function cannotCombine(...flags: string[]): UsageFailure {
  return new UsageFailure(`The following arguments cannot be used together: ${flags.join(", ")}`);
}

export function mustCombine(one: string, other: string): UsageFailure {
  return new UsageFailure(`'${one}' and '${other}' must be used together.`);
}
