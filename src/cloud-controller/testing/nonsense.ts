import assert from "node:assert/strict";
import { z } from "zod";
import { filled, methodOf, type Row } from "./permission-table.ts";
import type { PermissionWorld } from "./permission-world.ts";
import type { Answer } from "./test-cloud-controller.ts";

/** What no field means: of each kind one, and what breaks databases, paths and numbers. */
const nothings = [null, true, 1e308, "\u0000", "x".repeat(70_000), { data: [5] }];

const queries = [
  "page=1e9&per_page=-1",
  "page=999999999999999&per_page=5000",
  "order_by=%00&include=%00&embed=x",
  "created_ats[gt]=x&updated_ats=1,2,3",
  "guids=%FF%FE,%2C,&guids=",
  "label_selector=%21%21,(,a in (),%00",
  "fields[a][b]=c&fields[__proto__]=x&constructor=1",
];

const headers = [
  { "content-type": "text/plain" },
  { "content-type": "application/json; charset=utf-99" },
  { "content-type": "multipart/form-data" },
  { "content-type": "application/x-yaml", prefer: "wait=x", range: "bytes=9-1" },
];

const refusal = z.object({
  errors: z
    .array(z.object({ code: z.int(), title: z.string().min(1), detail: z.string().min(1) }))
    .min(1),
});

/**
 * Sends each row's request as an administrator with nonsense in each place of it: query, headers, body, and each field of
 * a body that would be right. Whatever is wrong is the caller's fault, said in Cloud Controller's format.
 *
 * @returns how many requests were sent
 */
export async function sendNonsense(world: PermissionWorld, rows: readonly Row[]): Promise<number> {
  const faults: string[] = [];
  let sent = 0;
  for (const row of rows) {
    const subject = (await row.subject?.(world)) ?? "";
    const [method, path] = [methodOf(row), filled(world, row, subject)];
    const check = (what: string, answer: Answer): void => {
      sent += 1;
      const isFaulty = answer.status >= 500 || (answer.status >= 400 && !isRefusal(answer));
      if (isFaulty) faults.push(`${row.request} with ${what}: ${answer.status} ${answer.text}`);
    };
    // Few but lists read a query.
    for (const query of method === "GET" ? queries : queries.slice(0, 1)) {
      const target = `${path}${path.includes("?") ? "&" : "?"}${query}`;
      check(query, await world.admin.send(method, target));
    }
    if (method === "GET") continue;
    for (const given of headers) {
      const answer = await world.admin.send(method, path, Buffer.from("--\u0000{"), given);
      check(JSON.stringify(given), answer);
    }
    for (const body of bodiesFor(row.body?.(world, subject))) {
      const answer = await world.admin.send(method, path, body);
      check(JSON.stringify(body)?.slice(0, 200) ?? "nothing", answer);
    }
  }
  assert.deepEqual(faults, []);
  return sent;
}

function* bodiesFor(right: unknown): Generator<unknown> {
  yield* [[], "text", 7, { "": 1, __proto__x: {} }, { data: [] }, { relationships: { app: 1 } }];
  for (const nothing of nothings) yield* withEachField(right, nothing);
}

/** The value with each field of it, at any depth, replaced in turn. */
function* withEachField(value: unknown, replacement: unknown): Generator<unknown> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const replaced = (by: unknown): unknown =>
      Array.isArray(value)
        ? value.map((item) => (item === inner ? by : item))
        : { ...value, [key]: by };
    yield replaced(replacement);
    for (const changed of withEachField(inner, replacement)) yield replaced(changed);
  }
}

function isRefusal({ text }: Answer): boolean {
  try {
    return refusal.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}
