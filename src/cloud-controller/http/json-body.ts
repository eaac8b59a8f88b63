import { CfError } from "./cf-errors.ts";

/** Deeper than any message of the API; JSON.parse takes millions of levels, what runs after it does not. */
const maximumDepth = 64;

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

function nestsDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (inString) {
      if (character === "\\") index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}
