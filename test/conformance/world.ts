import assert from "node:assert/strict";
import { loggedIn, type Api } from "../support/api.ts";
import { appFolder, type AppFolder } from "../support/app-folder.ts";
import { emptyDatabase } from "../support/empty-database.ts";
import { OfficialUser, withoutOfficialClient, type CfOptions } from "../support/official-client.ts";
import { startRecordingProxy, type RecordingProxy } from "../support/recording-proxy.ts";
import { eventually, TestPlatform } from "../support/test-platform.ts";
import { askedLine } from "./asked.ts";
import * as push from "./push.ts";
import { Wire } from "./wire.ts";

/** What the client says on stderr when it targets an address without TLS. */
export const insecure =
  /^Warning: Insecure http API endpoint detected: secure https API endpoints are recommended\n$/;

interface Named {
  readonly guid: string;
  readonly name: string;
}

interface CallOptions extends CfOptions {
  /** What it must say on stderr; by default nothing but that it waits for instances. */
  readonly stderr?: RegExp;
}

/** What every command finds: an organization, two spaces, a running app, a client that has logged in. */
export interface World {
  readonly platform: TestPlatform;
  /** The administrator's requests, to prepare and to look. */
  readonly api: Api;
  readonly wire: Wire;
  readonly organization: Named;
  /** The targeted space. */
  readonly space: Named;
  readonly otherSpace: Named;
  readonly domain: Named;
  /** A running web server with a droplet, on the route demo.apps.localhost. */
  readonly demo: Named;
  /** A folder with the source of a web server. */
  readonly source: AppFolder;
  /** What the official client targets: the API behind a recorder of its requests. */
  readonly entrance: string;
  /** Runs the official client; it must exit with 0 and say nothing on stderr. Gives what it said on stdout. */
  readonly cf: (...args: readonly string[]) => Promise<string>;
  readonly cfWith: (options: CallOptions, ...args: readonly string[]) => Promise<string>;
  /** Runs it; it must exit with 1. Gives stdout and stderr. What it asked is not compared. */
  readonly cfFails: (...args: readonly string[]) => Promise<string>;
  /** What the official client asked since the last call. */
  readonly cfFailsWith: (options: CfOptions, ...args: readonly string[]) => Promise<string>;
  readonly takeAskedByClient: () => readonly string[];
  /** The only entry of a list; fails when there is none or several. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads V3 documents as they come
  readonly the: (path: string) => Promise<any>;
  readonly count: (path: string) => Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A web server's source that no other app of the suite has: nothing of it is in the resource cache. */
export const sourceOf = (whose: string): Readonly<Record<string, string>> => ({
  Procfile: `web: node server.js\ntask: echo hello from the task of ${whose}\n`,
  "server.js": `// The app of ${whose}.
const http = require("node:http");
console.log("conformance app listens");
http.createServer((request, response) => response.end(JSON.stringify(process.env))).listen(process.env.PORT);
`,
});

export async function prepareWorld({
  withClient = true,
  postgres,
}: {
  readonly withClient?: boolean;
  /** The URL of a server, on which the platform gets a database of its own. */
  readonly postgres?: string | undefined;
}): Promise<World> {
  await using parts = new AsyncDisposableStack();
  const database = postgres === undefined ? undefined : parts.use(await emptyDatabase(postgres));
  const flags = database === undefined ? [] : ["--database", database.url];
  const platform = parts.use(await TestPlatform.start({ flags }));
  const proxy = parts.use(await startRecordingProxy(platform.addresses.api));
  const api = await loggedIn(platform.addresses);
  const wire = new Wire(platform.addresses.api, () => `bearer ${api.token}`);
  const folder = parts.use(appFolder(sourceOf("cf")));
  const organization = await created(api, "organizations", { name: "conformance" });
  const [space, otherSpace] = [
    await spaceIn(api, organization.guid, "dev"),
    await spaceIn(api, organization.guid, "other"),
  ];
  const domain = (await api("GET", "/v3/domains?names=apps.localhost")).json.resources[0];
  const demo = await push.pushed(wire, {
    space: space.guid,
    name: "demo",
    files: sourceOf("demo"),
  });
  wire.takeAsked();
  const client = new OfficialUser(platform, "conformance");
  const lookUp = async (path: string) => (await api("GET", path)).json.resources;
  const world = {
    platform,
    api,
    wire,
    organization,
    space,
    otherSpace,
    domain,
    demo,
    source: folder,
    entrance: proxy.url,
    ...clientOf(client, proxy),
    the: async (path: string) => {
      const found = await lookUp(path);
      assert.equal(found?.length, 1, `${path} has not one entry: ${JSON.stringify(found)}`);
      return found[0];
    },
    count: async (path: string) => (await lookUp(path)).length,
  };
  if (withClient && withoutOfficialClient === false) {
    const { username, password } = platform.addresses.admin;
    await world.cfWith(
      { stderr: insecure },
      "login",
      "-a",
      proxy.url,
      "-u",
      username,
      "-p",
      password,
      "-o",
      "conformance",
      "-s",
      "dev",
    );
    world.takeAskedByClient();
  }
  const owned = parts.move();
  return { ...world, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function clientOf(
  user: OfficialUser,
  proxy: RecordingProxy,
): Pick<World, "cf" | "cfWith" | "cfFails" | "cfFailsWith" | "takeAskedByClient"> {
  const cfWith: World["cfWith"] = async (options, ...args) => {
    const { status, stdout, stderr } = await user.cf(args, options);
    const said = `cf ${args.join(" ")}\n${stdout}\n${stderr}`;
    assert.equal(status, 0, said);
    assert.match(
      stderr,
      options.stderr ?? /^(\nInstances starting\.\.\.\n|Instances starting\.\.\.\n)*\n*$/,
      said,
    );
    return stdout;
  };
  const cfFailsWith: World["cfFailsWith"] = async (options, ...args) => {
    const before = proxy.requests.length;
    const { status, stdout, stderr } = await user.cf(args, options);
    proxy.requests.length = before;
    assert.equal(status, 1, `cf ${args.join(" ")}\n${stdout}\n${stderr}`);
    return `${stdout}\n${stderr}`;
  };
  return {
    cfWith,
    cf: async (...args) => await cfWith({}, ...args),
    cfFailsWith,
    cfFails: async (...args) => await cfFailsWith({}, ...args),
    takeAskedByClient: () =>
      proxy.requests.splice(0).map(({ method, path, headers, body }) =>
        askedLine({
          method,
          path,
          contentType: headers["content-type"],
          body: body.toString("latin1"),
        }),
      ),
  };
}

async function created(api: Api, collection: string, body: object): Promise<Named> {
  const { status, json } = await api("POST", `/v3/${collection}`, body);
  assert.equal(status, 201, JSON.stringify(json));
  return json;
}

async function spaceIn(api: Api, organization: string, name: string): Promise<Named> {
  return await created(api, "spaces", {
    name,
    relationships: { organization: { data: { guid: organization } } },
  });
}

/** Waits until a path of the API shows what is wanted. */
export async function shows<T>(
  world: World,
  path: string,
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads V3 documents as they come
  wanted: (json: any) => T | undefined | false,
): Promise<T> {
  return await eventually(
    async () => {
      const { json } = await world.api("GET", path);
      const value = wanted(json);
      return value === false ? undefined : value;
    },
    { withinMs: 30_000, what: () => `${path} to show what is wanted` },
  );
}
