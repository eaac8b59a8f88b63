import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import type { Command } from "../command.ts";
import { domainNamed, to } from "../look-up.ts";
import * as reads from "../reads.ts";
import type { World } from "../world.ts";

const identity = "x-identity.example.com";

/**
 * The client asks for route policies only from API version 3.224.0 on, and checks what it has stored when it was
 * targeted. Here its store says so; all its requests then go to the platform as it is.
 */
async function withPolicies({ cfWith, platform }: World, ...args: readonly string[]) {
  const [from, home] = ["conformance", "policies"].map(
    (name) => `${platform.dataDir}/cf-home-of-${name}`,
  );
  cpSync(from ?? "", home ?? "", { recursive: true });
  const file = `${home}/.cf/config.json`;
  const config = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...config, APIVersion: "3.224.0" }));
  return await cfWith({ env: { CF_HOME: home ?? "" } }, ...args);
}

/** A domain that asks for policies, and a route on it. */
async function routeOnIdentityDomain({ api, space, organization }: World, host: string) {
  const domain = await api("POST", "/v3/domains", {
    name: identity,
    enforce_route_policies: true,
    route_policies_scope: "any",
    relationships: { organization: to(organization.guid) },
  });
  const { json } = await api("GET", `/v3/domains?names=${identity}`);
  const { guid } = json.resources[0] ?? assert.fail(JSON.stringify(domain.json));
  await api("POST", "/v3/routes", {
    host,
    relationships: { space: to(space.guid), domain: to(guid) },
  });
}

const lookUp = (domain: string, host: string) => `/v3/routes?domain_guids=${domain}&hosts=${host}`;

const tooOld = /requires CF API version 3\.224\.0 or higher/;

export const routePolicies: readonly Command[] = [
  {
    name: "add-route-policy",
    async wire(world) {
      const { wire } = world;
      await routeOnIdentityDomain(world, "wire-guarded");
      const domain = await domainNamed(wire, identity);
      const [route] = await wire.list(reads.route, lookUp(domain.guid, "wire-guarded"));
      const made = await wire.post(reads.routePolicy, "/v3/route_policies", {
        source: "cf:any",
        relationships: { route: to(route?.guid ?? "") },
      });
      assert.equal(made.source, "cf:any");
    },
    async client(world) {
      await routeOnIdentityDomain(world, "cf-guarded");
      assert.match(
        await withPolicies(world, "add-route-policy", identity, "--source-any", "-n", "cf-guarded"),
        /Adding route policy for route cf-guarded\.x-identity\.example\.com as admin\.\.\.\n[^]*source: cf:any\nOK/,
      );
      const { guid } = await world.the("/v3/routes?hosts=cf-guarded");
      assert.equal((await world.the(`/v3/route_policies?route_guids=${guid}`)).source, "cf:any");
    },
    async more({ cfFails }) {
      const args = ["add-route-policy", identity, "--source-any", "-n", "cf-guarded"];
      assert.match(await cfFails(...args), tooOld);
    },
  },
  {
    name: "route-policies",
    async wire({ wire, space, the }) {
      const all = await wire.list(
        reads.routePolicy,
        `/v3/route_policies?include=route,source&space_guids=${space.guid}`,
      );
      assert.ok(all.some(({ source }) => source === "cf:any"));
      const { guid } = await the(`/v3/domains?names=${identity}`);
      await wire.get(reads.domain, `/v3/domains/${guid}`);
    },
    async client(world) {
      assert.match(
        await withPolicies(world, "route-policies"),
        /host\s+domain\s+path\s+source\s+scope\s+name\n[^]*cf-guarded\s+x-identity\.example\.com\s+cf:any\s+any/,
      );
    },
    async more({ cfFails }) {
      assert.match(await cfFails("route-policies"), tooOld);
    },
  },
  {
    name: "remove-route-policy",
    async wire({ wire }) {
      const domain = await domainNamed(wire, identity);
      const [route] = await wire.list(reads.route, lookUp(domain.guid, "wire-guarded"));
      const policies = z.object({ guid: z.string(), source: z.string() });
      const path = `/v3/route_policies?route_guids=${route?.guid}`;
      const [policy] = await wire.list(policies, path);
      await wire.done("DELETE", `/v3/route_policies/${policy?.guid}`);
      assert.deepEqual(await wire.list(policies, path), []);
    },
    async client(world) {
      const args = ["remove-route-policy", identity, "--source-any", "-n", "cf-guarded", "-f"];
      assert.match(
        await withPolicies(world, ...args),
        /Removing route policy for route cf-guarded\.x-identity\.example\.com as admin\.\.\.\nOK/,
      );
      const { guid } = await world.the("/v3/routes?hosts=cf-guarded");
      assert.equal(await world.count(`/v3/route_policies?route_guids=${guid}`), 0);
    },
  },
];
