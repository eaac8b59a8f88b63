/** What the command line holds, by the names that the command's definition gives. */
export class ParsedInput {
  readonly #arguments: ReadonlyMap<string, string>;
  readonly #flags: ReadonlyMap<string, true | string | readonly string[]>;

  constructor(
    args: ReadonlyMap<string, string>,
    flags: ReadonlyMap<string, true | string | readonly string[]>,
  ) {
    this.#arguments = args;
    this.#flags = flags;
  }

  /** A required argument; the parser has seen to it that it is there. */
  argument(name: string): string {
    return this.#arguments.get(name) ?? "";
  }

  optionalArgument(name: string): string | undefined {
    return this.#arguments.get(name);
  }

  has(flag: string): boolean {
    return this.#flags.has(flag);
  }

  value(flag: string): string | undefined {
    const value = this.#flags.get(flag);
    return typeof value === "string" ? value : undefined;
  }

  values(flag: string): readonly string[] {
    const value = this.#flags.get(flag);
    return Array.isArray(value) ? value : [];
  }
}
