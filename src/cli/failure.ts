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

/** A file or folder of the app that is gone, locked, or has a name that the system does not take. */
export function cannotRead(error: unknown): Failure {
  const text = error instanceof Error ? error.message : String(error);
  return new Failure(`Cannot read an app file: ${text}`, { cause: error });
}

/** Everything has been said, in a form for programs; only the exit code is left. */
export class SaidFailure extends Failure {}

/** Flags that cannot stand together or hold what they cannot: the command's help follows the message. */
export class UsageFailure extends Failure {
  constructor(message: string, { isPrefixed = true }: { isPrefixed?: boolean } = {}) {
    super(isPrefixed ? `Incorrect Usage: ${message}` : message);
    this.name = "UsageFailure";
  }
}

/**
 * What is wrong with the words of a command line, or with a file that they name: the command's help follows, and no
 * `FAILED`.
 */
export class InvalidCommandLine extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(`Incorrect Usage: ${message}`, options);
    this.name = "InvalidCommandLine";
  }
}

export function noSuchPath(file: string, options?: ErrorOptions): InvalidCommandLine {
  return new InvalidCommandLine(`The specified path '${file}' does not exist.`, options);
}

export function cannotCombine(...flags: string[]): UsageFailure {
  return new UsageFailure(`The following arguments cannot be used together: ${flags.join(", ")}`);
}

export function mustCombine(one: string, other: string): UsageFailure {
  return new UsageFailure(`'${one}' and '${other}' must be used together.`);
}
