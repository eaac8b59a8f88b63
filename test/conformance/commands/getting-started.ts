import assert from "node:assert/strict";
import { z } from "zod";
import type { Command } from "../command.ts";
import { to } from "../look-up.ts";
import { passcodeOf } from "../passcode.ts";
import * as reads from "../reads.ts";
import { clientWithRole } from "../client-with-role.ts";
import { loginsByAssertion } from "../logins-by-assertion.ts";
import { addClient, basicCf, homeOf, reader, tokenRequest } from "../uaa-requests.ts";
import { insecure, type World } from "../world.ts";

const link = z.object({ href: z.url() });

export const gettingStarted: readonly Command[] = [
  {
    name: "help",
    async client({ cf }) {
      const out = await cf("help", "-a");
      assert.match(out, /GETTING STARTED:[^]*push\s+Push a new app/);
      assert.match(await cf("help", "push"), /NAME:\n\s+push - /);
    },
  },
  {
    name: "version",
    async client({ cf }) {
      assert.match(await cf("version"), /version \S+/);
    },
  },
  {
    name: "config",
    async client({ cf }) {
      assert.match(await cf("config", "--async-timeout", "5"), /OK/);
    },
  },
  {
    name: "api",
    async wire({ wire }) {
      const root = await wire.get(
        z.object({
          links: z.object({
            cloud_controller_v3: link.extend({
              meta: z.object({ version: z.string().regex(/^3\.\d+\.\d+$/) }),
            }),
            login: link,
            uaa: link,
            log_cache: link,
            routing: link,
            network_policy_v1: link.nullable(),
            logging: link.nullable(),
            app_ssh: link.nullable(),
          }),
        }),
        "/",
      );
      const [, minor = 0] = root.links.cloud_controller_v3.meta.version.split(".").map(Number);
      assert.ok(minor >= 211 && minor <= 223, "the band whose features are there");
    },
    async client(world) {
      const out = await world.cfWith(homeOf(world, "api"), "api", world.entrance);
      assert.match(out, /Setting API endpoint to http:[^]*OK[^]*API version:\s+3\.\d+\.\d+/);
      assert.match(await world.cf("api"), /API endpoint:\s+http:/);
    },
  },
];

const granted = z.object({
  access_token: z.string().regex(/^[^.]+\.[^.]+\.[^.]+$/),
  refresh_token: z.string().min(1),
  // The client strips the literal `bearer ` from what it has stored.
  token_type: z.literal("bearer"),
});

/** A user with a password, and a client home that targets the platform. */
async function userWithHome(world: World, name: string) {
  const { api, organization, space, entrance, platform, cfWith } = world;
  const made = await fetch(`${platform.addresses.uaa}/Users`, {
    method: "POST",
    headers: { authorization: `bearer ${api.token}`, "content-type": "application/json" },
    body: JSON.stringify({
      userName: name,
      password: `first-of-${name}`,
      name: { givenName: name, familyName: name },
      emails: [{ value: `${name}@example.com`, primary: true }],
    }),
  });
  const { id } = z.object({ id: z.string() }).parse(await made.json());
  await api("POST", "/v3/users", { guid: id });
  for (const [type, relation] of [
    ["organization_user", { organization: to(organization.guid) }],
    ["space_developer", { space: to(space.guid) }],
  ] as const) {
    await api("POST", "/v3/roles", { type, relationships: { user: to(id), ...relation } });
  }
  const home = homeOf(world, name);
  return {
    id,
    home,
    target: () => cfWith(home, "api", entrance),
    password: `first-of-${name}`,
  };
}

export const sessions: readonly Command[] = [
  {
    name: "login",
    async wire({ wire, platform, organization }) {
      const { uaa, admin } = platform.addresses;
      await wire.send("GET", "/");
      const { prompts } = await wire.get(
        z.object({
          prompts: z.record(z.string(), z.tuple([z.enum(["text", "password"]), z.string()])),
          app: z.object({ version: z.string().regex(/^\d+\.\d+\.\d+$/) }),
        }),
        `${uaa}/login`,
      );
      assert.deepEqual(Object.keys(prompts).toSorted(), ["passcode", "password", "username"]);
      const form = { grant_type: "password", ...admin };
      await wire.read(granted, "POST", `${uaa}/oauth/token`, tokenRequest(form));
      const wrong = tokenRequest({ ...form, password: "wrong" });
      const refused = await wire.ask("POST", `${uaa}/oauth/token`, wrong);
      assert.equal(refused.status, 401);
      assert.deepEqual(refused.body, {
        error: "invalid_client",
        error_description: "Bad credentials",
      });
      await wire.one(reads.organization, "/v3/organizations?names=conformance&page=1&per_page=1");
      await wire.one(
        reads.space,
        `/v3/spaces?names=dev&organization_guids=${organization.guid}&page=1&per_page=1`,
      );
    },
    async client(world) {
      const { username, password } = world.platform.addresses.admin;
      const home = { ...homeOf(world, "login"), stderr: insecure };
      const who = ["-u", username, "-p", password, "-o", "conformance", "-s", "dev"];
      const out = await world.cfWith(home, "login", "-a", world.entrance, ...who);
      assert.match(out, /API endpoint: http:\S+\n[^]*Authenticating\.\.\.\nOK\n/);
      assert.match(out, /Targeted org conformance\.\n\nTargeted space dev\./);
      assert.match(out, /user:\s+admin\norg:\s+conformance\nspace:\s+dev\n/);
    },
    async more(world) {
      const home = homeOf(world, "wrong");
      await world.cfWith(home, "api", world.entrance);
      const said = await world.cfFailsWith(home, "login", "-u", "admin", "-p", "wrong");
      assert.match(said, /Credentials were rejected, please try again\./);
      const { uaa, admin } = world.platform.addresses;
      const passcode = await passcodeOf(uaa, admin);
      const where = ["-o", "conformance", "-s", "dev"];
      const warned = { ...home, stderr: insecure };
      const out = await world.cfWith(warned, "login", "--sso-passcode", passcode, ...where);
      assert.match(out, /user:\s+admin\norg:\s+conformance\nspace:\s+dev\n/);
    },
  },
  {
    name: "target",
    async wire({ wire, organization }) {
      await wire.one(reads.organization, "/v3/organizations?names=conformance&page=1&per_page=1");
      await wire.one(
        reads.space,
        `/v3/spaces?names=dev&organization_guids=${organization.guid}&page=1&per_page=1`,
      );
    },
    async client({ cf }) {
      const out = await cf("target", "-o", "conformance", "-s", "dev");
      assert.match(out, /user:\s+admin\norg:\s+conformance\nspace:\s+dev\n/);
    },
    async more({ cf, cfFails }) {
      assert.match(await cf("target"), /API endpoint:\s+http:\S+\nAPI version:\s+3\.\d+\.\d+\n/);
      assert.match(await cfFails("target", "-o", "nope"), /Organization 'nope' not found/);
    },
  },
  {
    name: "auth",
    async wire({ wire, platform }) {
      const { uaa, admin } = platform.addresses;
      const form = { grant_type: "password", ...admin };
      await wire.read(granted, "POST", `${uaa}/oauth/token`, tokenRequest(form));
    },
    async client(world) {
      const { home, target, password } = await userWithHome(world, "cf-auth");
      await target();
      world.takeAskedByClient();
      assert.match(
        await world.cfWith(home, "auth", "cf-auth", password),
        /Authenticating\.\.\.\nOK\n\nUse 'cf\S* target' to view or set your target org and space\./,
      );
    },
    async more(world) {
      const home = homeOf(world, "cf-auth");
      await world.cfWith(home, "target", "-o", "conformance", "-s", "dev");
      assert.match(await world.cfWith(home, "apps"), /demo\s+started/);
      const said = await world.cfFailsWith(home, "auth", "cf-auth", "wrong");
      assert.match(said, /Credentials were rejected, please try again\./);
      const own = ["auth", "cf-auth", "first-of-cf-auth", "--origin"];
      assert.match(await world.cfWith(home, ...own, "uaa"), /Authenticating\.\.\.\nOK\n/);
      assert.match(
        await world.cfFailsWith(home, ...own, "ldap"),
        /FAILED\n\nThe origin provided is invalid\.\n/,
      );
      await addClient(world, { client_id: "cf-robot", client_secret: "secret", ...reader });
      await world.cfWith(home, "auth", "cf-robot", "secret", "--client-credentials");
      assert.match(await world.cfWith(home, "orgs"), /\nconformance\n/);
      await clientWithRole(world);
      await loginsByAssertion(world, "cf-auth", "first-of-cf-auth");
    },
  },
  {
    name: "oauth-token",
    async wire({ wire, platform }) {
      const { uaa, admin } = platform.addresses;
      const form = { grant_type: "password", ...admin };
      const first = await wire.read(granted, "POST", `${uaa}/oauth/token`, tokenRequest(form));
      const again = { grant_type: "refresh_token", refresh_token: first.refresh_token };
      await wire.read(granted, "POST", `${uaa}/oauth/token`, tokenRequest(again));
    },
    incomparable: "a fresh token is shown without any request",
    async client({ cf, platform }) {
      const token = (await cf("oauth-token")).trim();
      assert.match(token, /^bearer [^.]+\.[^.]+\.[^.]+$/);
      const { status } = await fetch(`${platform.addresses.api}/v3/apps`, {
        headers: { authorization: token },
      });
      assert.equal(status, 200);
    },
  },
  {
    name: "curl",
    async wire({ wire }) {
      await wire.send("GET", "/v3/apps?names=demo");
    },
    async client({ cf }) {
      const { resources } = JSON.parse(await cf("curl", "/v3/apps?names=demo"));
      assert.equal(resources[0].name, "demo");
    },
    async more(world) {
      const said = await world.cf("curl", "-i", "/v3/nope");
      assert.match(said, /^HTTP\/1\.1 404 Not Found/);
      assert.match(said, /X-Vcap-Request-Id: \S+/i);
      assert.match(said, /"title": ?"CF-NotFound"/);
    },
  },
  {
    name: "ssh-code",
    async wire({ wire, platform }) {
      const { headers, status } = await wire.ask(
        "GET",
        `${platform.addresses.uaa}/oauth/authorize?client_id=ssh-proxy&response_type=code`,
      );
      assert.equal(status, 302);
      const code = new URL(headers.get("location") ?? "").searchParams.get("code");
      assert.match(code ?? "", /^\S{10,}$/);
    },
    async client({ cf }) {
      assert.match(await cf("ssh-code"), /^\S{10,}\n$/);
    },
  },
  {
    name: "passwd",
    async wire(world) {
      const { wire, platform } = world;
      const { id, password } = await userWithHome(world, "wire-passwd");
      const { uaa } = platform.addresses;
      const form = (secret: string) => ({
        grant_type: "password",
        username: "wire-passwd",
        password: secret,
      });
      const own = await fetch(`${uaa}/oauth/token`, {
        method: "POST",
        headers: { authorization: basicCf },
        body: new URLSearchParams(form(password)),
      });
      const { access_token } = granted.parse(await own.json());
      const changed = await wire.ask("PUT", `${uaa}/Users/${id}/password`, {
        authorization: `bearer ${access_token}`,
        body: { oldPassword: password, password: "second" },
      });
      assert.equal(changed.status, 200, JSON.stringify(changed.body));
      const withOld = await fetch(`${uaa}/oauth/token`, {
        method: "POST",
        headers: { authorization: basicCf },
        body: new URLSearchParams(form(password)),
      });
      assert.equal(withOld.status, 401);
      const withNew = await fetch(`${uaa}/oauth/token`, {
        method: "POST",
        headers: { authorization: basicCf },
        body: new URLSearchParams(form("second")),
      });
      assert.equal(withNew.status, 200);
    },
    async client(world) {
      const { home, target, password } = await userWithHome(world, "cf-passwd");
      await target();
      await world.cfWith(home, "auth", "cf-passwd", password);
      world.takeAskedByClient();
      const input = `${password}\nsecond\nsecond\n`;
      assert.match(
        await world.cfWith({ ...home, input }, "passwd"),
        /Changing password for user cf-passwd\.\.\.\nOK\n\nPlease log in again\./,
      );
    },
    async more(world) {
      await world.cfWith(homeOf(world, "cf-passwd"), "auth", "cf-passwd", "second");
    },
  },
  {
    name: "logout",
    async client(world) {
      const home = homeOf(world, "login");
      assert.match(await world.cfWith(home, "logout"), /Logging out admin\.\.\.\nOK/);
      assert.match(await world.cfFailsWith(home, "apps"), /Not logged in\. Use 'cf\S* login'/);
    },
  },
];
