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

/** Of which JSON writes none as an escape: DEL, C1 controls, ends of lines, and what turns the direction of the rest. */
const acting = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A name in a form that cannot act on a terminal or a log: 80 characters at most, escapes for the rest. */
export function shown(name: string): string {
  const short = name.length > 80 ? `${name.slice(0, 77)}...` : name;
  return JSON.stringify(short)
    .slice(1, -1)
    .replace(acting, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
