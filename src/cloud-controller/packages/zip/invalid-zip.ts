/** The archive breaks a rule; the message is for its owner and names the entry. */
export class InvalidZip extends Error {
  override readonly name = "InvalidZip";
}

/** The archive, or what it unpacks to, is larger than the platform allows. */
export class ZipTooLarge extends Error {
  override readonly name = "ZipTooLarge";
}

/** A file out of the cache is not what its hash says. */
export class CorruptResource extends Error {
  override readonly name = "CorruptResource";
  readonly sha256: string;

  constructor(sha256: string, options?: ErrorOptions) {
    super(`The cached file ${sha256} is damaged`, options);
    this.sha256 = sha256;
  }
}

/** A name in a form that cannot act on a terminal or a log: 80 characters at most, escapes for the rest. */
export function shown(name: string): string {
  const short = name.length > 80 ? `${name.slice(0, 77)}...` : name;
  return JSON.stringify(short).slice(1, -1);
}
