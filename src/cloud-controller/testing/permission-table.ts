import assert from "node:assert/strict";
import { callerNames, type CallerName, type PermissionWorld } from "./permission-world.ts";

/** Who gets what: `allowed` get `ok`, of the others those in `forbidden` 403 and the rest `otherwise`. */
export interface Verdict {
  readonly ok: number;
  readonly allowed: readonly CallerName[];
  readonly forbidden: readonly CallerName[];
  readonly otherwise: number;
}

export interface Row {
  /** `METHOD /v3/path`; `:name` is a guid of the world, `:subject` what `subject` makes for each caller anew. */
  readonly request: string;
  readonly verdict: Verdict;
  readonly body?: (world: PermissionWorld, subject: string) => unknown;
  /** A body that is a manifest. */
  readonly yaml?: (world: PermissionWorld) => string;
  readonly subject?: (world: PermissionWorld) => Promise<string>;
}

export const globals = ["admin", "readOnly", "globalAuditor"] as const;
export const spaceRoles = ["developer", "manager", "auditor", "supporter"] as const;
const organizationRoles = ["orgManager", "orgAuditor", "orgBilling", "orgUser"] as const;
export const spaceReaders = [...spaceRoles, "orgManager", ...globals] as const;
export const organizationReaders = [...spaceRoles, ...organizationRoles, ...globals] as const;
export const appManagers = ["developer", "supporter", "admin"] as const;
export const writers = ["developer", "admin"] as const;
export const spaceUpdaters = ["manager", "orgManager", "admin"] as const;
export const managers = ["orgManager", "admin"] as const;

/** What may be read by some and is not there for others. */
export function read(allowed: readonly CallerName[]): Verdict {
  return { ok: 200, allowed, forbidden: [], otherwise: 404 };
}

/** What may be changed by some, only seen by others. */
export function change(
  ok: number,
  allowed: readonly CallerName[],
  seenBy: readonly CallerName[],
): Verdict {
  return { ok, allowed, forbidden: seenBy, otherwise: 404 };
}

/** What is said to be forbidden to all others, whether they could see it or not. */
export function only(ok: number, allowed: readonly CallerName[]): Verdict {
  return { ok, allowed, forbidden: callerNames, otherwise: 403 };
}

/** What makes something in a place: who cannot see the place has named one that is invalid. */
export function create(allowed: readonly CallerName[], seenBy: readonly CallerName[]): Verdict {
  return { ok: 201, allowed, forbidden: seenBy, otherwise: 422 };
}

/** What is the same for all who are signed in. */
export const everybody: Verdict = { ok: 200, allowed: callerNames, forbidden: [], otherwise: 0 };

export const to = (guid: string) => ({ data: { guid } });

export async function made(
  world: PermissionWorld,
  path: string,
  body: (unique: string) => object,
): Promise<string> {
  const answer = await world.admin.post(path, body(world.unique()));
  assert.equal(answer.status, 201, answer.text);
  return answer.json.guid;
}

const manifestHeaders = { "content-type": "application/x-yaml" };

/** Sends each row's request as each caller, and compares what all got with what the rows say. */
export async function checkRows(world: PermissionWorld, rows: readonly Row[]): Promise<void> {
  const expected: string[] = [];
  const actual: string[] = [];
  for (const row of rows) {
    for (const name of callerNames) {
      const who = `${row.request} as ${name}`;
      expected.push(`${who}: ${statusFor(row.verdict, name)}`);
      actual.push(`${who}: ${await send(world, row, name)}`);
    }
  }
  assert.deepEqual(actual, expected);
}

function statusFor({ ok, allowed, forbidden, otherwise }: Verdict, name: CallerName): number {
  if (allowed.includes(name)) return ok;
  return forbidden.includes(name) ? 403 : otherwise;
}

async function send(world: PermissionWorld, row: Row, name: CallerName): Promise<number> {
  const subject = (await row.subject?.(world)) ?? "";
  const caller = world.callers[name];
  const [method, path] = [methodOf(row), filled(world, row, subject)];
  const yaml = row.yaml?.(world);
  const answer =
    yaml === undefined
      ? await caller.send(method, path, row.body?.(world, subject))
      : await caller.send(method, path, Buffer.from(yaml), manifestHeaders);
  return answer.status;
}

/** The path of a row with the guids that it names. */
export function filled(world: PermissionWorld, { request }: Row, subject: string): string {
  const guids: Readonly<Record<string, unknown>> = { ...world, subject };
  const [, path = ""] = request.split(" ");
  return path.replace(/:(\w+)/g, (_, key: string) => String(guids[key]));
}

export function methodOf({ request }: Row): "GET" | "POST" | "PATCH" | "DELETE" {
  const [method] = request.split(" ");
  assert(
    method === "GET" || method === "POST" || method === "PATCH" || method === "DELETE",
    request,
  );
  return method;
}
