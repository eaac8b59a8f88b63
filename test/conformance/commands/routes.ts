import assert from "node:assert/strict";
import { z } from "zod";
import type { Command } from "../command.ts";
import { domainNamed, organizationNamed, spaceNamed, to } from "../look-up.ts";
import * as push from "../push.ts";
import * as reads from "../reads.ts";
import type { Wire } from "../wire.ts";
import type { World } from "../world.ts";

const apps = "apps.localhost";

/** The client asks for an empty path, not for any. */
const routeAt = (domain: string, host: string) =>
  `/v3/routes?domain_guids=${domain}&hosts=${host}&page=1&paths=&per_page=1`;

async function routeNamed(wire: Wire, host: string) {
  const { guid } = await domainNamed(wire, apps);
  return await wire.one(reads.route, routeAt(guid, host));
}

async function destinationsOf(
  { the }: World,
  host: string,
): Promise<{ protocol: string | null }[]> {
  return (await the(`/v3/routes?hosts=${host}`)).destinations;
}

const makingAndShowing: readonly Command[] = [
  {
    name: "create-route",
    async wire({ wire, space }) {
      const domain = await domainNamed(wire, apps);
      const body = {
        host: "wire-route",
        relationships: { space: to(space.guid), domain: to(domain.guid) },
      };
      const made = await wire.post(reads.route, "/v3/routes", body);
      assert.equal(made.url, "wire-route.apps.localhost");
      await wire.refused("POST", "/v3/routes", {
        body,
        status: 422,
        detail: /^Route already exists with host 'wire-route' for domain 'apps\.localhost'\.$/,
      });
    },
    async client({ cf, the, space }) {
      assert.match(
        await cf("create-route", apps, "--hostname", "cf-route"),
        /Creating route cf-route\.apps\.localhost for org conformance \/ space dev as admin\.\.\.\nRoute cf-route\.apps\.localhost has been created\.\nOK/,
      );
      const { relationships } = await the("/v3/routes?hosts=cf-route");
      assert.equal(relationships.space.data.guid, space.guid);
    },
    async more({ cfWith }) {
      const stderr = /^Route already exists with host 'cf-route' for domain 'apps\.localhost'\.\n$/;
      assert.match(await cfWith({ stderr }, "create-route", apps, "--hostname", "cf-route"), /OK/);
    },
  },
  {
    name: "check-route",
    async wire({ wire }) {
      const { guid } = await domainNamed(wire, apps);
      const path = `/v3/domains/${guid}/route_reservations`;
      const { matching_route } = await wire.get(reads.reservations, `${path}?host=wire-route`);
      assert.equal(matching_route, true);
    },
    async client({ cf }) {
      assert.match(
        await cf("check-route", apps, "--hostname", "cf-route"),
        /Checking for route\.\.\.\nRoute 'cf-route\.apps\.localhost' does exist\.\nOK/,
      );
    },
    async more({ cf }) {
      assert.match(
        await cf("check-route", apps, "--hostname", "cf-other"),
        /Route 'cf-other\.apps\.localhost' does not exist\.\nOK/,
      );
    },
  },
  {
    name: "map-route",
    async wire({ wire, demo, space }) {
      const route = await routeNamed(wire, "wire-route");
      const app = await push.appNamed(wire, space.guid, "demo");
      await wire.send("POST", `/v3/routes/${route.guid}/destinations`, {
        body: { destinations: [{ app: { guid: app.guid } }] },
      });
      const { destinations } = await wire.one(
        reads.route,
        routeAt(route.relationships.domain.data?.guid ?? "", "wire-route"),
      );
      assert.deepEqual(
        destinations.map((destination) => [destination.app.guid, destination.app.process.type]),
        [[demo.guid, "web"]],
      );
    },
    async client(world) {
      assert.match(
        await world.cf("map-route", "demo", apps, "--hostname", "cf-route"),
        /Mapping route cf-route\.apps\.localhost to app demo in org conformance \/ space dev as admin\.\.\.\nOK/,
      );
      assert.equal((await destinationsOf(world, "cf-route")).length, 1);
      assert.equal((await world.platform.fetchApp("cf-route.apps.localhost")).status, 200);
    },
  },
  {
    name: "update-destination",
    async wire({ wire, space }) {
      const app = await push.appNamed(wire, space.guid, "demo");
      const { guid, destinations } = await routeNamed(wire, "wire-route");
      assert.equal(destinations[0]?.app.guid, app.guid);
      const changed = await wire.patch(
        z.object({ protocol: z.string() }),
        `/v3/routes/${guid}/destinations/${destinations[0]?.guid}`,
        { protocol: "http2" },
      );
      assert.equal(changed.protocol, "http2");
    },
    async client(world) {
      const said = await world.cf(
        "update-destination",
        "demo",
        apps,
        "--hostname",
        "cf-route",
        "--app-protocol",
        "http2",
      );
      assert.match(
        said,
        /Updating destination protocol from http1 to http2 for route cf-route\.apps\.localhost in org conformance \/ space dev as admin\.\.\.\nOK/,
      );
      assert.equal((await destinationsOf(world, "cf-route"))[0]?.protocol, "http2");
    },
  },
  {
    name: "update-route",
    async wire({ wire }) {
      const { guid } = await routeNamed(wire, "wire-route");
      const changed = await wire.patch(reads.route, `/v3/routes/${guid}`, {
        options: { loadbalancing: "least-connection" },
      });
      assert.deepEqual(changed.options, { loadbalancing: "least-connection" });
    },
    async client({ cf, the }) {
      const said = await cf(
        "update-route",
        apps,
        "--hostname",
        "cf-route",
        "--option",
        "loadbalancing=least-connection",
      );
      assert.match(
        said,
        /Updating route cf-route\.apps\.localhost for org conformance \/ space dev as admin\.\.\.\nRoute cf-route\.apps\.localhost has been updated\nOK/,
      );
      const { options } = await the("/v3/routes?hosts=cf-route");
      assert.deepEqual(options, { loadbalancing: "least-connection" });
    },
  },
  {
    name: "route",
    async wire({ wire, demo }) {
      const { destinations } = await routeNamed(wire, "wire-route");
      const guids = destinations.map(({ app }) => app.guid).join(",");
      const { guid } = await wire.one(reads.app, `/v3/apps?guids=${guids}`);
      assert.equal(guid, demo.guid);
    },
    async client({ cf, cfFails }) {
      const out = await cf("route", apps, "--hostname", "cf-route");
      assert.match(out, /domain:\s+apps\.localhost\nhost:\s+cf-route\n/);
      assert.match(
        out,
        /Destinations:\n\s+app\s+process\s+port\s+app-protocol\n\s+demo\s+web\s+8080\s+http2\n/,
      );
      assert.match(
        await cfFails("route", apps, "--hostname", "cf-nope"),
        /Route with host 'cf-nope', domain 'apps\.localhost', and path '\/' not found\./,
      );
    },
  },
  {
    name: "routes",
    async wire({ wire, space }) {
      const all = await wire.list(
        reads.route,
        `/v3/routes?per_page=5000&space_guids=${space.guid}`,
      );
      assert.ok(all.some(({ host }) => host === "wire-route"));
      const joined = (values: readonly (string | null | undefined)[]) =>
        [...new Set(values)].join(",");
      const spaces = joined(all.map(({ relationships }) => relationships.space.data?.guid));
      await wire.list(reads.space, `/v3/spaces?guids=${spaces}`);
      const guids = joined(all.flatMap(({ destinations }) => destinations.map((d) => d.app.guid)));
      await wire.list(reads.app, `/v3/apps?guids=${guids}`);
      const bindings = `/v3/service_route_bindings?include=service_instance&route_guids=`;
      await wire.list(z.object({}), bindings + joined(all.map(({ guid }) => guid)));
    },
    async client({ cf }) {
      const out = await cf("routes");
      assert.match(out, /Getting routes for org conformance \/ space dev as admin\.\.\./);
      assert.match(
        out,
        /space\s+host\s+domain\s+port\s+path\s+protocol\s+app-protocol\s+app-port\s+apps\s+service instance\s+options\n/,
      );
      assert.match(
        out,
        /dev\s+cf-route\s+apps\.localhost\s+http\s+http2\s+8080\s+demo\s+{loadbalancing=least-connection}\n/,
      );
    },
  },
  {
    name: "unmap-route",
    async wire({ wire, space }) {
      const app = await push.appNamed(wire, space.guid, "demo");
      const { guid, destinations } = await routeNamed(wire, "wire-route");
      const [destination] = destinations.filter((candidate) => candidate.app.guid === app.guid);
      await wire.send("DELETE", `/v3/routes/${guid}/destinations/${destination?.guid}`);
      assert.deepEqual((await routeNamed(wire, "wire-route")).destinations, []);
    },
    async client(world) {
      assert.match(
        await world.cf("unmap-route", "demo", apps, "--hostname", "cf-route"),
        /Removing route cf-route\.apps\.localhost from app demo in org conformance \/ space dev as admin\.\.\.\nOK/,
      );
      assert.deepEqual(await destinationsOf(world, "cf-route"), []);
    },
  },
];

const moving: readonly Command[] = [
  {
    name: "share-route",
    async wire({ wire, api, otherSpace }) {
      await api("PATCH", "/v3/feature_flags/route_sharing", { enabled: true });
      const route = await routeNamed(wire, "wire-route");
      const organization = await organizationNamed(wire, "conformance");
      const space = await spaceNamed(wire, organization.guid, "other");
      const { data } = await wire.post(
        reads.relationships,
        `/v3/routes/${route.guid}/relationships/shared_spaces`,
        { data: [{ guid: space.guid }] },
      );
      assert.deepEqual(data, [{ guid: otherSpace.guid }]);
    },
    async client({ cf, the, api, otherSpace }) {
      await api("PATCH", "/v3/feature_flags/route_sharing", { enabled: true });
      assert.match(
        await cf("share-route", apps, "--hostname", "cf-route", "-s", "other", "-o", "conformance"),
        /Sharing route cf-route\.apps\.localhost to space other as admin\n+OK/,
      );
      const { guid } = await the("/v3/routes?hosts=cf-route");
      const { json } = await api("GET", `/v3/routes/${guid}/relationships/shared_spaces`);
      assert.deepEqual(json.data, [{ guid: otherSpace.guid }]);
    },
  },
  {
    name: "unshare-route",
    async wire({ wire, api }) {
      const route = await routeNamed(wire, "wire-route");
      const organization = await organizationNamed(wire, "conformance");
      const space = await spaceNamed(wire, organization.guid, "other");
      const path = `/v3/routes/${route.guid}/relationships/shared_spaces`;
      await wire.send("DELETE", `${path}/${space.guid}`);
      assert.deepEqual((await api("GET", path)).json.data, []);
    },
    async client({ cf, the, api }) {
      assert.match(
        await cf(
          "unshare-route",
          apps,
          "--hostname",
          "cf-route",
          "-s",
          "other",
          "-o",
          "conformance",
        ),
        /Unsharing route cf-route\.apps\.localhost from space other as admin\n+OK/,
      );
      const { guid } = await the("/v3/routes?hosts=cf-route");
      const { json } = await api("GET", `/v3/routes/${guid}/relationships/shared_spaces`);
      assert.deepEqual(json.data, []);
    },
  },
  {
    name: "move-route",
    async wire({ wire, the, otherSpace }) {
      const route = await routeNamed(wire, "wire-route");
      const organization = await organizationNamed(wire, "conformance");
      const space = await spaceNamed(wire, organization.guid, "other");
      await wire.patch(z.object({}), `/v3/routes/${route.guid}/relationships/space`, {
        data: { guid: space.guid },
      });
      const { relationships } = await the("/v3/routes?hosts=wire-route");
      assert.equal(relationships.space.data.guid, otherSpace.guid);
    },
    async client({ cf, the, otherSpace }) {
      assert.match(
        await cf("move-route", apps, "--hostname", "cf-route", "-s", "other", "-o", "conformance"),
        /Move ownership of route cf-route\.apps\.localhost to space other as admin\n+OK/,
      );
      const { relationships } = await the("/v3/routes?hosts=cf-route");
      assert.equal(relationships.space.data.guid, otherSpace.guid);
    },
  },
  {
    name: "delete-route",
    async wire({ wire, count }) {
      const { guid } = await routeNamed(wire, "wire-route");
      await wire.done("DELETE", `/v3/routes/${guid}`);
      assert.equal(await count("/v3/routes?hosts=wire-route"), 0);
    },
    async client({ cf, count }) {
      assert.match(
        await cf("delete-route", apps, "--hostname", "cf-route", "-f"),
        /Deleting route cf-route\.apps\.localhost\.\.\.\nOK/,
      );
      assert.equal(await count("/v3/routes?hosts=cf-route"), 0);
    },
  },
  {
    name: "delete-orphaned-routes",
    async wire({ wire, api, space, domain, count }) {
      await api("POST", "/v3/routes", {
        host: "wire-orphan",
        relationships: { space: to(space.guid), domain: to(domain.guid) },
      });
      await wire.done("DELETE", `/v3/spaces/${space.guid}/routes?unmapped=true`);
      assert.equal(await count("/v3/routes?hosts=wire-orphan"), 0);
      assert.equal(await count("/v3/routes?hosts=demo"), 1, "a mapped route stays");
    },
    async client({ cf, api, space, domain, count }) {
      await api("POST", "/v3/routes", {
        host: "cf-orphan",
        relationships: { space: to(space.guid), domain: to(domain.guid) },
      });
      assert.match(
        await cf("delete-orphaned-routes", "-f"),
        /Deleting orphaned routes as admin\.\.\.\nOK/,
      );
      assert.equal(await count("/v3/routes?hosts=cf-orphan"), 0);
    },
  },
];

export const routes: readonly Command[] = [...makingAndShowing, ...moving];
