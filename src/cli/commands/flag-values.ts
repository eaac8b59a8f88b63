import { parseBytes } from "#kernel/size.ts";
import { InvalidCommandLine } from "../failure.ts";

/** `-i`: zero or more. */
export function parseInstances(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidCommandLine("invalid argument for flag '-i' (expected int > 0)");
}

/** `-m` and `-k`: whole megabytes, from `512M`, `1G` and the like. */
export function parseMegabytes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = /^\d+\s*[MGT]B?$/i.test(text) ? parseBytes(text) : undefined;
  if (bytes !== undefined && bytes > 0) return Math.floor(bytes / 1024 ** 2);
  throw new InvalidCommandLine(
    "Byte quantity must be an integer with a unit of measurement like M, MB, G, or GB",
  );
}

/** `-l`: bytes a second, -1 for no limit. */
export function parseLogRate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === "-1") return -1;
  const bytes = text === "0" ? 0 : parseBytes(text);
  if (bytes !== undefined && Number.isInteger(bytes)) return bytes;
  throw new InvalidCommandLine(
    "Byte quantity must be an integer with a unit of measurement like B, K, KB, M, MB, G, or GB",
  );
}

/** `-t`: a whole number of seconds from 1 on. */
export function parsePositive(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number(text) >= 1) return Number(text);
  throw new InvalidCommandLine("Value must be greater than or equal to 1.");
}

export function parseHealthCheckType(text: string | undefined): string | undefined {
  const type = text?.toLowerCase();
  if (type === undefined || ["port", "process", "http"].includes(type)) return type;
  throw new InvalidCommandLine('HEALTH_CHECK_TYPE must be "port", "process", or "http"');
}

export function parseStrategy(text: string | undefined): "rolling" | "canary" | undefined {
  const strategy = text?.toLowerCase();
  if (strategy === undefined || strategy === "null" || strategy === "") return undefined;
  if (strategy === "rolling" || strategy === "canary") return strategy;
  throw new InvalidCommandLine('STRATEGY must be "canary", "rolling" or not set');
}

/** `--instance-steps 20,40,60`. */
export function parseSteps(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  if (/^\d+(,\d+)*$/.test(text)) return text.split(",").map(Number);
  throw new InvalidCommandLine("Value for --instance-steps must be list of weights");
}

/** A route's path with its leading slash. */
export function parseRoutePath(text: string | undefined): string {
  if (text === undefined || text === "") return "";
  return text.startsWith("/") ? text : `/${text}`;
}

export function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidCommandLine(`invalid argument for flag \`--port' (expected int): ${text}`);
}
