import { CfError } from "./cf-errors.ts";

/** Deeper than any message of the API; JSON.parse takes millions of levels, what runs after it does not. */
const maximumDepth = 64;

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** A body of JSON: an object, or nothing, which counts as `{}`. Everything else is 400 1001. */
export function parseJsonBody(body: string | Buffer): unknown {
  if (body.length === 0) return {};
  const text = typeof body === "string" ? body : decodeUtf8(body);
  if (nestsDeeperThan(text, maximumDepth)) throw new CfError("MessageParseError");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new CfError("MessageParseError", [], { cause: error });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new CfError("MessageParseError");
  }
  return parsed;
}

function decodeUtf8(body: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch (error) {
    throw new CfError("MessageParseError", [], { cause: error });
  }
}

/** Bodies have megabytes: what stands in quotes is passed over without a look at each character. */
function nestsDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === quote) index = endOfString(text, index);
    else if (character === openBrace || character === openBracket) depth += 1;
    else if (character === closeBrace || character === closeBracket) depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}

/** Where the quote stands that ends the string that one at `start` begins; the text's end where none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}
