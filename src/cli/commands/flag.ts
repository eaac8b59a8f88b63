export interface Argument {
  readonly name: string;
  readonly isOptional?: boolean;
}

export interface Flag {
  readonly short?: string;
  readonly long?: string;
  /** Whether a value follows; a flag that may be repeated collects them. */
  readonly takes?: "value" | "values";
  readonly description: string;
  readonly default?: string;
  readonly isHidden?: boolean;
}

/** The name under which a flag is looked up: the long one where it has one. */
export function flagKey(flag: Flag): string {
  return flag.long ?? flag.short ?? "";
}

/** `--long, -s` as help shows it. */
export function flagText(flag: Flag): string {
  return [
    ...(flag.long === undefined ? [] : [`--${flag.long}`]),
    ...(flag.short === undefined ? [] : [`-${flag.short}`]),
  ].join(", ");
}
