import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { z } from "zod";
import { coreApps } from "./endpoints/core-apps.ts";
import { coreLifecycle } from "./endpoints/core-lifecycle.ts";
import { corePackages } from "./endpoints/core-packages.ts";
import { coreRoutes } from "./endpoints/core-routes.ts";
import { coreTasks } from "./endpoints/core-tasks.ts";
import { endpointsBesideV3 } from "./endpoints/beside-v3.ts";
import type { Call, Endpoint } from "./endpoints/endpoint.ts";
import { serviceEndpoints } from "./endpoints/services.ts";
import { tenancyLimits } from "./endpoints/tenancy-limits.ts";
import { tenancyEndpoints } from "./endpoints/tenancy.ts";
import { prepareThings, type Things } from "./endpoints/things.ts";
import { prepareWorld, type World } from "./world.ts";

// Every endpoint of the table on a running platform: a request that succeeds, whose answer is compared key by key, and
// what it refuses.

const endpoints: readonly Endpoint[] = [
  ...coreApps,
  ...corePackages,
  ...coreTasks,
  ...coreLifecycle,
  ...coreRoutes,
  ...tenancyEndpoints,
  ...tenancyLimits,
  ...serviceEndpoints,
  ...endpointsBesideV3,
];

const postgres = process.env["RIVERA_TEST_POSTGRES"];

let world: World;
let things: Things;

before(async () => {
  world = await prepareWorld({ withClient: false, postgres });
  things = await prepareThings(world);
});

after(async () => {
  await world?.[Symbol.asyncDispose]();
});

test("the table has every endpoint of the V3 API once", async (t) => {
  const { json } = await world.api("GET", "/");
  t.diagnostic(`V3 API: ${json.links.cloud_controller_v3.meta.version}`);
  t.diagnostic(`database: ${postgres === undefined ? "SQLite" : "PostgreSQL"}`);
  const names = endpoints.map(({ name }) => name);
  const of = (group: string) => endpoints.filter((endpoint) => endpoint.group === group).length;

  assert.deepEqual(names, [...new Set(names)]);
  assert.deepEqual([of("core"), of("tenancy"), of("services")], [133, 72, 45]);
});

for (const endpoint of endpoints) {
  test(`${endpoint.name}: answers`, async () => {
    const { status, body } = await send(endpoint, await endpoint.call(things));

    assert.equal(status, endpoint.status, JSON.stringify(body));
    if (endpoint.shape === undefined) return;
    const parsed = endpoint.shape.safeParse(body);
    assert.ok(
      parsed.success,
      `${JSON.stringify(body)}\n${parsed.success ? "" : z.prettifyError(parsed.error)}`,
    );
  });

  test(`${endpoint.name}: refuses`, async () => {
    if (endpoint.isPublic !== true) {
      const { status, body } = await send(endpoint, await endpoint.call(things), "");
      // Log-cache tells a stranger no more than that there is nothing.
      assert.equal(status, endpoint.group === "log-cache" ? 404 : 401, JSON.stringify(body));
      if (endpoint.group === "uaa") z.object({ error: z.string() }).parse(body);
      else if (endpoint.group !== "log-cache") {
        assert.deepEqual(errorsOf(body), ["10002 CF-NotAuthenticated"]);
      }
    }
    if (endpoint.refusal === undefined) return;
    const { call, status, code, detail } = await refusalOf(endpoint);
    const answer = await send(endpoint, call);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    if (code !== undefined) assert.deepEqual(errorsOf(answer.body), [code]);
    assert.match(detailsOf(answer.body), detail);
  });
}

/** What must be refused, and how. */
async function refusalOf({ call, refusal, name }: Endpoint): Promise<{
  readonly call: Call;
  readonly status: number;
  readonly code?: string;
  readonly detail: RegExp;
}> {
  assert.ok(refusal !== undefined);
  const made = refusal.kind === "own" ? await refusal.call(things) : await call(things);
  const [path, body] = typeof made === "string" ? [made, undefined] : made;
  switch (refusal.kind) {
    case "own":
      return { call: made, status: refusal.status, detail: refusal.detail };
    case "absent": {
      // The first guid of the name stands behind the collection.
      const at = name.split(" ")[1]?.split("/").indexOf(":guid") ?? -1;
      const parts = path.split("/");
      parts[at] = "00000000-0000-4000-8000-000000000000" + (parts[at]?.match(/\?.*/)?.[0] ?? "");
      return {
        call: typeof made === "string" ? parts.join("/") : [parts.join("/"), body],
        status: 404,
        code: "10010 CF-ResourceNotFound",
        detail: new RegExp(`^${refusal.resource} not found$`),
      };
    }
    case "query":
      return {
        call: `${path}?nope=1`,
        status: 400,
        code: "10005 CF-BadQueryParameter",
        detail: /Unknown query parameter\(s\): 'nope'\. Valid parameters are: '/,
      };
    case "field":
      return {
        call: [path, { ...z.object({}).loose().parse(body), nope: 1 }],
        status: 422,
        code: "10008 CF-UnprocessableEntity",
        detail: /Unknown field\(s\): 'nope'/,
      };
  }
}

async function send(
  { name, group, ...endpoint }: Endpoint,
  call: Call,
  authorization = endpoint.authorization?.() ?? `bearer ${world.api.token}`,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const [path, body] = typeof call === "string" ? [call, undefined] : call;
  const isForm = body instanceof FormData || body instanceof URLSearchParams;
  const response = await fetch(new URL(path, world.platform.addresses.api), {
    method: name.split(" ")[0] ?? "",
    redirect: "manual",
    headers: {
      ...(authorization === "" ? {} : { authorization }),
      ...(group === "uaa" ? { accept: "application/json" } : {}),
      ...endpoint.headers,
      ...(isForm
        ? {}
        : { "content-type": typeof body === "string" ? "application/x-yaml" : "application/json" }),
    },
    ...(body === undefined
      ? {}
      : { body: isForm || typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  return {
    status: response.status,
    body: text === "" ? undefined : isJson ? JSON.parse(text) : text,
  };
}

const document = z.object({
  errors: z.array(z.strictObject({ code: z.int(), title: z.string(), detail: z.string() })).min(1),
});

function errorsOf(body: unknown): string[] {
  return document.parse(body).errors.map(({ code, title }) => `${code} ${title}`);
}

function detailsOf(body: unknown): string {
  return document
    .parse(body)
    .errors.map(({ detail }) => detail)
    .join("\n");
}
