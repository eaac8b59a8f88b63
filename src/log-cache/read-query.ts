import { envelopeTypes, type EnvelopeType } from "./envelope.ts";
import type { ReadQuery } from "./envelope-store.ts";

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
const defaultLimit = 100;
const maxLimit = 1_000;

/** The client's mistake, answered 400. */
export class InvalidReadQuery extends Error {
  constructor(message: string) {
    super(message);
    this.name = "InvalidReadQuery";
  }
}

/**
 * Parses the query of `GET /api/v1/read/:source_id`. Times are signed 64-bit nanoseconds: the official client asks for
 * "all" with -6795364578871345152.
 *
 * @throws InvalidReadQuery
 */
export function parseReadQuery(parameters: URLSearchParams): ReadQuery {
  const startTime = parseInt64(parameters, "start_time") ?? int64Min;
  const endTime = parseInt64(parameters, "end_time") ?? int64Max;
  if (startTime > endTime) {
    throw new InvalidReadQuery(`StartTime (${startTime}) must be before EndTime (${endTime})`);
  }
  return {
    startTime,
    endTime,
    limit: parseLimit(parameters),
    descending: parseBoolean(parameters, "descending"),
    types: parameters.getAll("envelope_types").map(parseType),
    nameFilter: parseNameFilter(parameters.get("name_filter")),
  };
}

function parseInt64(parameters: URLSearchParams, name: string): bigint | undefined {
  const text = parameters.get(name);
  if (text === null || text === "") return undefined;
  const value = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
  if (value === undefined || value < int64Min || value > int64Max) {
    throw new InvalidReadQuery(`${name} must be a signed 64-bit number of nanoseconds`);
  }
  return value;
}

function parseLimit(parameters: URLSearchParams): number {
  const limit = parseInt64(parameters, "limit") ?? 0n;
  if (limit < 0n) throw new InvalidReadQuery("Limit must be greater than zero");
  if (limit > BigInt(maxLimit)) {
    throw new InvalidReadQuery(`Limit (${limit}) must be ${maxLimit} or less`);
  }
  // Protobuf knows no absent number: 0 is "not given".
  return limit === 0n ? defaultLimit : Number(limit);
}

function parseBoolean(parameters: URLSearchParams, name: string): boolean {
  const text = parameters.get(name);
  if (text === null || text === "false" || text === "0" || text === "") return false;
  if (text === "true" || text === "1") return true;
  throw new InvalidReadQuery(`${name} must be true or false`);
}

function parseType(text: string): EnvelopeType {
  const type = envelopeTypes.find((candidate) => candidate === text);
  if (type === undefined) {
    throw new InvalidReadQuery(`envelope_types must be one of ${envelopeTypes.join(", ")}`);
  }
  return type;
}

/**
 * The original matches with RE2, which is linear. JavaScript backtracks, so what could make it do so without end is
 * refused: a quantified group, more than three open quantifiers, a back reference, a look-around.
 */
function parseNameFilter(text: string | null): RegExp | undefined {
  if (text === null || text === "") return undefined;
  const isCostly =
    text.length > 256 ||
    /\)[*+?{]/.test(text) ||
    /\\[1-9k]/.test(text) ||
    /\(\?[=!<]/.test(text) ||
    (text.match(/[*+{]/g) ?? []).length > 3;
  if (isCostly) throw new InvalidReadQuery("name_filter is too complex");
  try {
    return new RegExp(text);
  } catch {
    throw new InvalidReadQuery("name_filter must be a regular expression");
  }
}
