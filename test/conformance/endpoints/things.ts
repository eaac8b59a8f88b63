import assert from "node:assert/strict";
import { to } from "../look-up.ts";
import type { World } from "../world.ts";

/** What the endpoints are asked about: guids of a world in which everything exists once. */
export interface Things {
  readonly world: World;
  readonly app: string;
  readonly process: string;
  readonly package: string;
  readonly build: string;
  readonly droplet: string;
  readonly space: string;
  readonly otherSpace: string;
  readonly organization: string;
  readonly domain: string;
  readonly route: string;
  readonly user: string;
  /** Makes a thing of a collection, and gives its guid. */
  readonly made: (collection: string, body: object) => Promise<string>;
  /** The guid of the first entry of a list. */
  readonly first: (path: string) => Promise<string>;
  /** A name that nothing has. */
  readonly name: () => string;
}

export async function prepareThings(world: World): Promise<Things> {
  const { api, demo } = world;
  const first = async (path: string): Promise<string> => {
    const { json } = await api("GET", path);
    const guid: unknown = json.resources?.[0]?.guid;
    assert.ok(typeof guid === "string", `${path} has no entry: ${JSON.stringify(json)}`);
    return guid;
  };
  const made = async (collection: string, body: object): Promise<string> => {
    const { status, json } = await api("POST", `/v3/${collection}`, body);
    assert.ok(status === 201 || status === 202, `POST ${collection}: ${JSON.stringify(json)}`);
    return json.guid;
  };
  let names = 0;
  return {
    world,
    made,
    first,
    name: () => `made-${(names += 1)}`,
    app: demo.guid,
    process: await first(`/v3/apps/${demo.guid}/processes?types=web`),
    package: await first(`/v3/apps/${demo.guid}/packages`),
    build: await first(`/v3/apps/${demo.guid}/builds`),
    droplet: await first(`/v3/apps/${demo.guid}/droplets`),
    space: world.space.guid,
    otherSpace: world.otherSpace.guid,
    organization: world.organization.guid,
    domain: world.domain.guid,
    route: await first("/v3/routes?hosts=demo"),
    user: await first("/v3/users?usernames=admin"),
  };
}

export const newApp = (t: Things): Promise<string> =>
  t.made("apps", { name: t.name(), relationships: { space: to(t.space) } });

export const newPackage = async (t: Things, app?: string): Promise<string> =>
  await t.made("packages", {
    type: "bits",
    relationships: { app: to(app ?? (await newApp(t))) },
  });

export const newRoute = (t: Things): Promise<string> =>
  t.made("routes", {
    host: t.name(),
    relationships: { space: to(t.space), domain: to(t.domain) },
  });

export const newDroplet = async (t: Things, app?: string): Promise<string> =>
  await t.made("droplets", { relationships: { app: to(app ?? (await newApp(t))) } });

export const newOrganization = (t: Things): Promise<string> =>
  t.made("organizations", { name: t.name() });
